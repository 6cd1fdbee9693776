package eml

import "strings"

// normalLabel forgives what stands around a label.
func normalLabel(l string) string {
	l = strings.ToLower(strings.Trim(l, " \t\r\n\"';="))
	l = strings.Trim(strings.TrimPrefix(l, "3d"), "\"' ")
	if end := strings.IndexAny(l, " \t\r\n\"';,"); end > 0 {
		l = l[:end]
	}
	switch l {
	case "utf8", "utf_8", "unicode-1-1-utf-8", "utf-8mb4", "utf8mb4", "utf-8-sig", "cp65001", "65001", "cesu-8", "x-utf-8":
		return "utf-8"
	case "ascii", "us_ascii", "ansi_x3.4-1968", "7bit", "8bit", "us", "646", "iso646-us", "cp367", "ibm367", "csascii", "usascii",
		"iso-ir-6", "iso_646.irv:1991", "ansi_x3.4-1986":
		return "us-ascii"
	case "unicode-1-1-utf-7", "csutf7", "utf7":
		return "utf-7"
	case "default", "none", "unknown-8bit", "x-unknown", "binary":
		return ""
	}
	return l
}

// windowsLabel finds the code page in what people make of "windows-1251".
func windowsLabel(l string) string {
	for _, prefix := range []string{"x-windows-", "windows_", "windows-", "windows", "x-cp", "cp-", "cp", "ibm", "win-", "win", "ms", ""} {
		if page, ok := strings.CutPrefix(l, prefix); ok && len(page) == 4 && page[:3] == "125" && '0' <= page[3] && page[3] <= '8' {
			return "windows-" + page
		}
	}
	return ""
}

// tableName is the name by which the table knows what mail means by a label: the
// superset where senders write the subset, nothing where the table would answer
// with a single U+FFFD.
func tableName(label string) string {
	if w := windowsLabel(label); w != "" {
		return w
	}
	switch label {
	case "ansi", "ms-ansi", "x-ansi", "latin-1", "8859-1", "iso8859_1", "iso-8859-1-windows-3.1-latin-1", "iso-8859-1", "iso_8859-1", "iso_8859-1:1987", "iso-ir-100", "latin1", "l1", "cp819", "ibm819", "csisolatin1":
		return "windows-1252"
	case "iso-8859-9", "iso_8859-9", "iso_8859-9:1989", "iso-ir-148", "latin5", "l5", "csisolatin5":
		return "windows-1254"
	case "utf-16", "unicode", "ucs-2", "iso-10646-ucs-2":
		return "utf-16le"
	case "tis620", "cp874", "iso-8859-11":
		return "windows-874"
	case "gb18030-2022", "gb18030-2000":
		return "gb18030"
	case "euc-cn", "cp936", "ms936", "windows-936":
		return "gbk"
	case "eucjp", "euc_jp", "ujis":
		return "euc-jp"
	case "x-big5", "big5-hkscs:2004":
		return "big5"
	case "cp932", "windows-932":
		return "shift_jis"
	case "hz":
		return "hz-gb-2312"
	case "cp949", "ks_c_5601", "x-windows-949", "uhc":
		return "euc-kr"
	case "cp950", "big5-eten":
		return "big5"
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221":
		return "iso-2022-jp"
	case "cp858":
		return "ibm00858"
	case "iso-2022-cn", "iso-2022-cn-ext", "replacement":
		return ""
	}
	return label
}
