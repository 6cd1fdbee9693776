package eml

import "encoding/binary"

// rtfDictionary is what every compressed RTF begins from (MS-OXRTFCP 2.1.2.1).
const rtfDictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF undoes MS-OXRTFCP, up to the bound on text.
func decompressRTF(b []byte) string {
	if len(b) < 16 {
		return ""
	}
	size := min(int(binary.LittleEndian.Uint32(b[4:])), maxTextIn)
	magic := string(b[8:12])
	b = b[16:]
	if magic == "MELA" {
		return string(b[:min(len(b), size)])
	}
	if magic != "LZFu" {
		return ""
	}
	var window [4096]byte
	at := copy(window[:], rtfDictionary)
	out := make([]byte, 0, min(size, 1<<16))
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for len(b) > 0 && len(out) < size {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(out) < size; bit++ {
			if flags>>bit&1 == 0 {
				if len(b) == 0 {
					return string(out)
				}
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return string(out)
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at {
				return string(out)
			}
			for i := 0; i < ref&15+2; i++ {
				put(window[(from+i)%len(window)])
			}
		}
	}
	return string(out)
}
