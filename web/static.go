package web

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/go-chi/chi/v5"
)

// assets are the embedded files by their names, each with a tag of its bytes.
type assets map[string]string

func tagAssets() (assets, error) {
	files, err := fs.Glob(embedded, "static/*")
	if err != nil {
		return nil, err
	}
	tags := assets{}
	for _, file := range files {
		content, err := fs.ReadFile(embedded, file)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(content)
		tags[path.Base(file)] = fmt.Sprintf("%x", digest[:8])
	}
	return tags, nil
}

// path is the address of a file in a page. It names the bytes: a browser asks once,
// and asks again when another version of the program brings others.
func (a assets) path(name string) (string, error) {
	if a[name] == "" {
		return "", fmt.Errorf("there is no file %q", name)
	}
	return "/static/" + name + "?v=" + a[name], nil
}

// static gives the embedded files.
func (s *server) static(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "file")
	content, err := fs.ReadFile(embedded, "static/"+path.Base(name))
	if err != nil || s.assets[name] == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	if r.URL.Query().Get("v") == s.assets[name] {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	v := &visit{w: w, r: r}
	v.sendText(mime.TypeByExtension(path.Ext(name)), content)
}
