package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"postdesk/core"
)

// formMemory is what of a form with files stands in memory, in bytes. The rest waits
// on disk until the request ends.
const formMemory = 1 << 20

// maxStrangersBody is the largest form of somebody who is not signed in, in bytes.
const maxStrangersBody = 1 << 20

// strangersBody is how large a form of a stranger may be: the contact form takes files.
func strangersBody(path string) int64 {
	if path == "/contact" {
		return maxContactBody
	}
	return maxStrangersBody
}

// storedAtOnce is how many files are in memory on their way into the database.
const storedAtOnce = 4

// parseForm reads a form whole, files onto the disk: the words of a form stand
// before its files, and who sends more than fits is refused before a handler runs.
func parseForm(r *http.Request) error {
	if r.Method != http.MethodPost {
		return nil
	}
	var tooLarge *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &tooLarge) { // the other one forgets about it
		return err
	}
	err := r.ParseMultipartForm(formMemory)
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, &tooLarge):
		return err
	case errors.Is(err, multipart.ErrMessageTooLarge): // too many parts, or words without an end
		return &http.MaxBytesError{Limit: maxBody}
	}
	return core.Invalid{Field: "form", Code: core.CodeInvalid, Problem: "The form could not be read."}
}

// heads are the files of a form that were chosen. More than a mail carries is
// refused before it is read.
func heads(r *http.Request) (files []*multipart.FileHeader, err error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	all := int64(0)
	for _, head := range r.MultipartForm.File["files"] {
		if head.Filename == "" && head.Size == 0 {
			continue
		}
		all += head.Size
		files = append(files, head)
	}
	return files, core.FilesFit(len(files), all)
}

// eachUpload reads the files of a form one after the other; few requests do at once.
func (s *server) eachUpload(v *visit, keep func(core.Upload) error) error {
	files, err := heads(v.r)
	for _, head := range files {
		if err == nil {
			err = s.storeOne(v, head, keep)
		}
	}
	return err
}

func (s *server) storeOne(v *visit, head *multipart.FileHeader, keep func(core.Upload) error) error {
	select {
	case s.storing <- struct{}{}:
		defer func() { <-s.storing }()
	case <-v.ctx().Done():
		return v.ctx().Err()
	}
	f, err := readUpload(head)
	if err != nil {
		return err
	}
	return keep(f)
}

// uploads reads the files of a form together.
func uploads(r *http.Request) (all []core.Upload, err error) {
	files, err := heads(r)
	for _, head := range files {
		if err != nil {
			break
		}
		var f core.Upload
		f, err = readUpload(head)
		all = append(all, f)
	}
	return all, err
}

func readUpload(head *multipart.FileHeader) (core.Upload, error) {
	f, err := head.Open()
	if err != nil {
		return core.Upload{}, err
	}
	content, err := io.ReadAll(f)
	_ = f.Close() // it was read whole
	return core.Upload{Filename: head.Filename, ContentType: head.Header.Get("Content-Type"), Content: content}, err
}
