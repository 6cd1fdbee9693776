package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postdesk/core"
)

// The HTML of a mail is hostile. It is cleaned twice (mailhtmlclean.go,
// mailhtmlpolicy.go), and shown all the same only in a frame without scripts and
// without an origin, under a policy that loads nothing. Pictures of the mail itself
// come along as data: a frame without an origin has no session to fetch them with.
// Pictures of the web are taken out until the reader asks, each time anew, and are
// then loaded by the browser; the server never fetches any.

// framePolicy is the Content-Security-Policy of a frame.
func framePolicy(remoteImages bool) string {
	images := "data:"
	if remoteImages {
		images += " https: http:"
	}
	return "default-src 'none'; img-src " + images + "; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
}

// frameHead is black on white in every mode: mails are written for that.
const frameHead = `<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
	`<meta name="viewport" content="width=device-width, initial-scale=1"><title>A mail as it came</title>` +
	`<style>html{background:#fff;color:#1c1b19;color-scheme:light;font:15px system-ui,sans-serif;overflow-wrap:break-word}` +
	`body{margin:12px}img{max-width:100%}img:not([height]){height:auto}table{max-width:100%;font-size:inherit}pre{white-space:pre-wrap}` +
	`p.MsoNormal,p.MsoPlainText,p.MsoListParagraph{margin-top:0;margin-bottom:0}` +
	`.pd-blocked{border:1px dashed #aaa;color:#666;font-size:12px;padding:1px 5px}` +
	`#pd-held{margin:-12px -12px 12px;padding:6px 12px;background:#f3f1ec;color:#57534e;border-bottom:1px solid #dcd8d0;font-size:13px}</style></head><body>`

// noLook stands where the mail of a message is kept no longer.
const noLook = `<p>The mail itself is not kept any more. Its words stand in the conversation.</p>`

// sendFrame answers with the HTML of a mail: after ?images=1 with its pictures of
// the web, after ?all=1 without the styles that may hide something (A46).
func (s *server) sendFrame(v *visit, source string, own pictures) error {
	as := look{remote: v.query("images") == "1", bare: v.query("all") == "1"}
	clean, seen, err := cleanHTML(source, own, as)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", framePolicy(as.remote))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store")
	// Browsers look up the names of links beforehand: that tells who reads, too.
	h.Set("X-DNS-Prefetch-Control", "off")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write([]byte(frameHead + seen.sentence(as) + clean + "</body></html>")) // the reader may have left
	return nil
}

// sentence says what a mail has and this page does not show.
func (h heldBack) sentence(as look) string {
	var parts []string
	say := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprint(n)+" "+many)
		}
	}
	if as.remote {
		say(h.Images, "image from the web was loaded.", "images from the web were loaded.")
	} else {
		say(h.Images, "image from the web is not loaded.", "images from the web are not loaded.")
	}
	say(h.Pixels, "tracking pixel is never loaded.", "tracking pixels are never loaded.")
	say(h.Others, "other thing from the web is never loaded.", "other things from the web are never loaded.")
	if !as.bare {
		say(h.Hidden, "part is hidden by the mail itself.", "parts are hidden by the mail itself.")
	}
	if parts == nil {
		return ""
	}
	return `<p id="pd-held">` + strings.Join(parts, " ") + `</p>`
}

// frameOfConversation shows a mail of a conversation.
func (s *server) frameOfConversation(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	inbound, err := pathID[core.InboundID](v, "inbound")
	if err != nil {
		return err
	}
	entries, err := s.desk.Timeline(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(entries, func(e core.Entry) bool { return e.InboundID == inbound && e.Kind != core.EntryEvent })
	if at < 0 {
		return core.ErrNotFound
	}
	source, err := s.desk.MessageHTML(v.ctx(), v.actor, inbound)
	if errors.Is(err, core.ErrNotFound) {
		source, err = noLook, nil // the retention setting took it
	}
	if err != nil {
		return err
	}
	var own pictures
	for _, ref := range entries[at].Attachments {
		own = append(own, picture{id: ref.ContentID, link: fmt.Sprintf("/files/%d", ref.ID), size: ref.Size, load: func() ([]byte, error) {
			f, err := s.desk.Attachment(v.ctx(), v.actor, ref.ID)
			return f.Content, err
		}})
	}
	return s.sendFrame(v, source, own)
}

// frameOfMail shows a mail of the log, or a suspended one.
func (s *server) frameOfMail(v *visit) error {
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	letter, err := s.desk.MailLetter(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	return s.sendFrame(v, letter.HTML, picturesOf(letter))
}

// frameOfDelivery shows an outgoing mail as its recipient sees it.
func (s *server) frameOfDelivery(v *visit) error {
	id, err := pathID[core.DeliveryID](v, "id")
	if err != nil {
		return err
	}
	raw, err := s.desk.DeliverySource(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	letter := s.read(raw)
	return s.sendFrame(v, letter.HTML, picturesOf(letter))
}
