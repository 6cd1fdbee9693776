package mailer

import (
	"fmt"
	"io"
	"mime"
	"net/textproto"
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

func addFiles(msg *mail.Msg, images []image, attachments []core.File) {
	var shown, attached []*mail.File
	for _, i := range images {
		part := filePart("inline", i.File)
		part.Header.Set("Content-Id", "<"+i.ID+">")
		shown = append(shown, part)
	}
	for _, f := range attachments {
		attached = append(attached, filePart("attachment", f))
	}
	msg.SetEmbeds(shown)
	msg.SetAttachments(attached)
}

// filePart writes the fields itself: go-mail passes a content type through as it
// is, and puts encoded words where RFC 2231 has its own way. The content is not
// copied.
func filePart(disposition string, f core.File) *mail.File {
	name := filename(f.Name)
	return &mail.File{
		Name: name,
		Header: textproto.MIMEHeader{
			"Content-Type":        {contentType(f) + namedFor(name)},
			"Content-Disposition": {strings.Replace(mime.FormatMediaType(disposition, map[string]string{"filename": name}), "; ", ";\r\n ", 1)},
		},
		Writer: func(w io.Writer) (int64, error) {
			n, err := w.Write(f.Content)
			return int64(n), err
		},
	}
}

// namedFor repeats the name for programs that know neither Content-Disposition
// nor RFC 2231 well, Outlook among them: in any script as encoded words, which
// those read though RFC 2047 section 5 has them not stand here.
func namedFor(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		return ";\r\n name=\"" + name + `"` // filename leaves no quote and no backslash
	}
	return ";\r\n name=\"" + strings.ReplaceAll(mime.BEncoding.Encode("utf-8", name), " ", "\r\n ") + `"`
}

// encodedSize is about what the files take as base64.
func encodedSize(files []core.File) (n int) {
	for _, f := range files {
		n += 1024 + len(f.Content)*78/57 + 78
	}
	return n
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
