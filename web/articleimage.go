package web

import (
	"encoding/hex"
	"errors"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

// pictureLine is the Markdown that shows a picture.
func pictureLine(i core.ArticleImage) string {
	name := strings.TrimSuffix(i.Filename, path.Ext(i.Filename))
	name = strings.Join(strings.Fields(strings.NewReplacer("[", " ", "]", " ", "\\", " ", "`", " ", "<", " ", ">", " ").Replace(shown(name))), " ")
	return "![" + name + "](" + i.Path() + ")"
}

// addArticleImage keeps a picture. The form comes back with what was typed; a script
// gets the line for the text alone.
func (s *server) addArticleImage(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	added, err := s.storeImage(v, id)
	if v.r.Header.Get("Accept") == "application/json" {
		return answerImage(v, added, err)
	}
	return s.afterImage(v, err, &added)
}

// storeImage reads the picture of the form: few requests do at once.
func (s *server) storeImage(v *visit, id core.ArticleID) (added core.ArticleImage, err error) {
	f, head, err := v.r.FormFile("image")
	if err != nil {
		// Who may not add one is told so first.
		if err := s.mayAddImage(v, id); err != nil {
			return added, err
		}
		return added, core.Invalid{Field: "image", Code: core.CodeRequired, Problem: "Choose a picture first."}
	}
	defer f.Close()
	select {
	case s.storing <- struct{}{}:
		defer func() { <-s.storing }()
	case <-v.ctx().Done():
		return added, v.ctx().Err()
	}
	return s.desk.AddArticleImage(v.ctx(), v.actor, id, head.Filename, f)
}

func (s *server) mayAddImage(v *visit, id core.ArticleID) error {
	_, err := s.desk.AddArticleImage(v.ctx(), v.actor, id, "", strings.NewReader(""))
	var invalid core.Invalid
	if errors.As(err, &invalid) {
		a, err := s.desk.Article(v.ctx(), v.actor, id)
		if err == nil && !(base{Actor: v.actor}).MayEdit(a.ArticleRef) {
			return core.ErrForbidden
		}
		return err
	}
	return err
}

func answerImage(v *visit, added core.ArticleImage, err error) error {
	if err == nil {
		return v.json(http.StatusOK, map[string]string{"markdown": pictureLine(added)})
	}
	f, status, ok := faultsOf(err)
	if !ok {
		return err
	}
	for _, one := range f {
		return v.json(status, map[string]string{"problem": one.Problem})
	}
	return err
}

// afterImage shows the form again as it was typed, with what became of the picture.
func (s *server) afterImage(v *visit, err error, added *core.ArticleImage) error {
	a, gone := s.articleOf(v)
	if gone != nil {
		if err == nil {
			err = gone
		}
		return err
	}
	t := readArticleForm(v)
	if _, typed := v.r.PostForm["body"]; !typed {
		t = typedOf(a)
	}
	p := editorPage{A: a, Typed: t}
	if err == nil {
		p.Added = added
		return s.showEditor(v, http.StatusOK, p, nil)
	}
	return v.after(err, "", "", func(status int, f faults) error { return s.showEditor(v, status, p, f) })
}

func (s *server) deleteArticleImage(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	digest, err := hex.DecodeString(chi.URLParam(v.r, "digest"))
	if err == nil {
		err = s.desk.DeleteArticleImage(v.ctx(), v.actor, id, digest)
	} else {
		err = core.ErrNotFound
	}
	return s.afterImage(v, err, nil)
}
