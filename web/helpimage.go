package web

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

// helpImage gives a picture of an article to who may read the article. Its address
// names its bytes, so that a browser asks once: what everybody may see is kept a
// year, the rest is asked for again, because who may see it can change.
func (s *server) helpImage(v *visit) error {
	digest, err := hex.DecodeString(chi.URLParam(v.r, "digest"))
	if err != nil {
		return core.ErrNotFound
	}
	f, err := s.desk.HelpImage(v.ctx(), v.actor, digest)
	if err != nil {
		return err
	}
	head, tag := v.w.Header(), fmt.Sprintf(`"%x"`, digest)
	if v.actor.ID == 0 {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
		head.Del("Vary") // it speaks no language, and strangers all see the same
	}
	head.Set("ETag", tag)
	if hasTag(v.r, tag) {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	sendBytes(v.w, f.ContentType, "inline", f.Name, f.Content)
	return nil
}
