package web

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type articleImageJSON struct {
	Digest      string      `json:"digest"` // hexadecimal
	Filename    string      `json:"filename"`
	ContentType string      `json:"content_type"`
	Width       int         `json:"width"`
	Height      int         `json:"height"`
	Size        int         `json:"size"`
	Path        string      `json:"path"` // for the Markdown of the article
	AddedBy     *personJSON `json:"added_by"`
	CreatedAt   time.Time   `json:"created_at"`
}

func articleImageOf(i core.ArticleImage) articleImageJSON {
	return articleImageJSON{hex.EncodeToString(i.Digest), i.Filename, i.ContentType, i.Width, i.Height, i.Size, i.Path(), somebody(i.AddedBy), i.CreatedAt.UTC()}
}

func (a *api) articleImages(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.ArticleImages(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("article_image", pageOf(all, page), len(all), articleImageOf)
}

// addArticleImage takes the bytes in base64: a request is JSON like all others, and
// can be asked twice.
func (a *api) addArticleImage(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	var form struct {
		Filename string `json:"filename"`
		Content  string `json:"content"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	content, err := base64.StdEncoding.DecodeString(form.Content)
	if err != nil {
		return apiAnswer{}, badParameter("content", "It takes the bytes of a picture in base64.")
	}
	one, err := a.desk.AddArticleImage(c.ctx(), c.actor, id, form.Filename, bytes.NewReader(content))
	if err != nil {
		return apiAnswer{}, err
	}
	return made("article_image", articleImageOf(one))
}

// deleteArticleImage takes the picture of a digest away.
func (a *api) deleteArticleImage(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	digest, err := hex.DecodeString(chi.URLParam(c.r, "digest"))
	if err != nil {
		return apiAnswer{}, core.ErrNotFound
	}
	if err := a.desk.DeleteArticleImage(c.ctx(), c.actor, id, digest); err != nil {
		return apiAnswer{}, err
	}
	return found("article", rowJSON[core.ArticleID]{id})
}
