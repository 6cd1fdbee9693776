package web

import (
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"postdesk/core"
)

// file gives an attachment as a download, whatever it calls itself (reliability
// A16). With ?inline=1 a picture is shown.
func (s *server) file(v *visit) error {
	id, err := pathID[core.AttachmentID](v, "id")
	if err != nil {
		return err
	}
	f, err := s.desk.Attachment(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	kind, disposition := "application/octet-stream", "attachment"
	if inert, ok := inertImage(f.Content); ok && v.query("inline") == "1" {
		kind, disposition = inert, "inline"
	}
	sendBytes(v.w, kind, disposition, f.Name, f.Content)
	return nil
}

// sendBytes gives bytes of a stranger's making: nothing in them can run here.
func sendBytes(w http.ResponseWriter, kind, disposition, name string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": fileName(name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(content) // the reader may have left
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
