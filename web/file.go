package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postdesk/core"
)

// file gives an attachment as a download, whatever it calls itself (reliability
// A16), piece by piece as the reader takes it. With ?inline=1 a picture is shown.
func (s *server) file(v *visit) error {
	id, err := pathID[core.AttachmentID](v, "id")
	if err != nil {
		return err
	}
	f, err := s.desk.OpenAttachment(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	tag := fmt.Sprintf(`"%x"`, f.Digest)
	if v.r.Header.Get("If-None-Match") == tag { // before a mail is read for nothing
		v.w.Header().Set("ETag", tag)
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	content, err := f.Bytes(v.ctx())
	if err != nil {
		return err
	}
	kind, disposition := "application/octet-stream", "attachment"
	if v.query("inline") == "1" {
		head, err := headOf(content)
		if err != nil {
			return err
		}
		if inert, ok := inertImage(head); ok {
			kind, disposition = inert, "inline"
		}
	}
	shutIn(v.w.Header(), kind, disposition, f.Name)
	v.w.Header().Set("ETag", tag)
	// It answers for a part, too. What breaks off is shorter than was promised: the
	// connection ends, and no browser takes it for the whole.
	http.ServeContent(v.w, v.r, "", time.Time{}, content)
	return nil
}

// headOf reads as much as tells the type of a file.
func headOf(content io.ReadSeeker) ([]byte, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	_, err = content.Seek(0, io.SeekStart)
	return head[:n], err
}

// shutIn describes bytes of a stranger's making: nothing in them can run here. The
// name is given as RFC 6266 says.
func shutIn(h http.Header, kind, disposition, name string) {
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": fileName(name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// sendBytes gives such bytes, where they are in memory anyway.
func sendBytes(w http.ResponseWriter, kind, disposition, name string, content []byte) {
	sendPieces(w, kind, disposition, name, bytes.NewReader(content), int64(len(content)))
}

// sendPieces gives such bytes as they are read. What breaks off is shorter than was
// promised.
func sendPieces(w http.ResponseWriter, kind, disposition, name string, content io.ReaderAt, size int64) {
	shutIn(w.Header(), kind, disposition, name)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, io.NewSectionReader(content, 0, size)) // the reader may have left
}

// fileName makes a name that every file system takes and that says what it is:
// no folders, no control or direction characters, 200 bytes at most.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(shown(name), `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name))
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	if ext == "." {
		ext = ""
	}
	for len(stem)+len(ext) > 200 {
		_, n := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-n]
	}
	if stem = strings.Trim(stem, ". "); stem == "" {
		stem = "file"
	}
	if deviceName.MatchString(stem) {
		stem = "_" + stem
	}
	return stem + ext
}

// deviceName is what Windows takes for a device, whatever follows the first dot.
var deviceName = regexp.MustCompile(`(?i)^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)`)
