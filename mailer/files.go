package mailer

import (
	"bytes"
	"fmt"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"postdesk/core"
)

// maxFilename is in octets (reliability: bomb bounds).
const maxFilename = 200

// inertTypes are the media types that a file keeps; any other name, and anything
// that is not a media type at all, leaves as application/octet-stream.
const inertTypes = `
	image/png image/jpeg image/gif image/webp image/tiff image/bmp image/heic
	audio/mpeg audio/ogg audio/wav audio/mp4 video/mp4 video/quicktime video/webm
	text/plain text/csv text/calendar text/vcard
	application/pdf application/zip application/gzip application/json application/rtf
	application/msword application/vnd.ms-excel application/vnd.ms-powerpoint
	application/vnd.openxmlformats-officedocument.wordprocessingml.document
	application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
	application/vnd.openxmlformats-officedocument.presentationml.presentation
	application/vnd.oasis.opendocument.text
	application/vnd.oasis.opendocument.spreadsheet
	application/vnd.oasis.opendocument.presentation`

// An image stands in the body under the words; its id is of our making.
type image struct {
	ID   string
	Name string
	File core.File
}

// splitFiles finds the files that can be shown in the body.
func splitFiles(o *core.Outgoing) (images []image, attachments []core.File) {
	for _, f := range o.Files {
		if f.Inline && strings.HasPrefix(mediaType(f), "image/") {
			id := fmt.Sprintf("image%d@%s", len(images)+1, domainOf(o.From.Address))
			images = append(images, image{id, filename(f.Name), f})
			continue
		}
		attachments = append(attachments, f)
	}
	return images, attachments
}

func domainOf(address string) string {
	a, err := core.ParseAddress(address)
	if err != nil {
		return "localhost"
	}
	return a.Domain()
}

func addFiles(msg *mail.Msg, images []image, attachments []core.File) error {
	for _, i := range images {
		err := msg.EmbedReader(i.Name, bytes.NewReader(i.File.Content), fileHeader("inline", i.File), mail.WithFileContentID("<"+i.ID+">"))
		if err != nil {
			return err
		}
	}
	for _, f := range attachments {
		if err := msg.AttachReader(filename(f.Name), bytes.NewReader(f.Content), fileHeader("attachment", f)); err != nil {
			return err
		}
	}
	return nil
}

// fileHeader writes the fields itself: go-mail passes a content type through as
// it is, and puts encoded words where RFC 2231 has its own way.
func fileHeader(disposition string, f core.File) mail.FileOption {
	return func(part *mail.File) {
		part.Header.Set("Content-Type", contentType(f))
		part.Header.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": filename(f.Name)}))
	}
}

func contentType(f core.File) string {
	t := mediaType(f)
	if strings.HasPrefix(t, "text/") && utf8.Valid(f.Content) {
		return t + "; charset=utf-8"
	}
	return t
}

func mediaType(f core.File) string {
	t := strings.ToLower(strings.TrimSpace(f.ContentType))
	if !slices.Contains(strings.Fields(inertTypes), t) {
		return "application/octet-stream"
	}
	return t
}

// filename keeps any script, but no path, no control character and no more than
// 200 octets; the extension survives the cut.
func filename(name string) string {
	name = oneLine(name, len(name)+2)
	name = strings.Trim(strings.NewReplacer("/", "_", `\`, "_", `"`, "'").Replace(name), ". ")
	if name == "" {
		return "file"
	}
	if len(name) <= maxFilename {
		return name
	}
	extension := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 16 {
		extension = name[dot:]
	}
	return strings.ToValidUTF8(name[:maxFilename-len(extension)], "") + extension
}
