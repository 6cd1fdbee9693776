package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"postdesk/core"
	"postdesk/core/language"
)

//go:embed templates/*.html static/*
var embedded embed.FS

// pages are the templates in one language, one set for each page: the layout, the
// shared pieces, and the page's own "main". One is parsed when it is first shown:
// most are not in a day, and parsed they hold much memory.
type pages map[string]func() (*template.Template, error)

// pagesOf are the pages in a language. A template that does not parse is found by
// the tests.
func pagesOf(tag language.Tag, tags assets) (pages, error) {
	files, err := fs.Glob(embedded, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "_") {
			continue
		}
		all[name] = sync.OnceValues(func() (*template.Template, error) {
			return template.New(name).Funcs(funcs()).Funcs(funcsIn(tag)).Funcs(template.FuncMap{"asset": tags.path}).ParseFS(embedded, "templates/_*.html", file)
		})
	}
	return all, nil
}

// execute writes a template of a page.
func (p pages) execute(w io.Writer, page, part string, data any) error {
	parsed := p[page]
	if parsed == nil {
		return fmt.Errorf("there is no page %q", page)
	}
	t, err := parsed()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, part, data)
}

// render makes the whole page before the first byte leaves: no reader ever gets
// half of one.
func (s *server) render(v *visit, status int, name string, data any) error {
	page, err := s.markup(v, name, data)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Language", v.lang.Code())
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(page) // the reader may have left
	return nil
}

func (s *server) markup(v *visit, name string, data any) ([]byte, error) {
	var page bytes.Buffer
	if err := s.pagesIn(v.lang).execute(&page, name, "page", data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return page.Bytes(), nil
}

// base is what every page knows. Page types embed it.
type base struct {
	Title    string
	Area     string // which entry of the navigation is current
	Instance string // the name of this help desk
	Actor    core.Actor
	// Suspended is how many mails wait for somebody to judge them, for those who
	// may.
	Suspended int
	RelaySet  bool
	Restored  core.Restored // since when and why nothing goes out, for those who configure
	Alarms    core.Alarms   // for those who configure
	Said      string        // what the last action did, in words
	Undo      *undo         // the way back from it
	Here      string        // this page's path and query
	Faults    faults
	Lang      language.Tag
	Logo      string // where the logo is; empty: there is none
	zone      *time.Location
	now       time.Time
}

// saidOf is the sentence for a word, as things are: without a relay nothing that
// is mailed is on its way.
func (s *server) saidOf(word string) string {
	if !s.relaySet {
		switch word {
		case "link-sent", "invited", "told":
			return saidOf(word + "-held")
		case "verify":
			return "The link is made, but no mail leaves this help desk yet: it is held until an administrator sends it."
		}
	}
	return saidOf(word)
}

// saidOf is the sentence that a page is asked to say. The address carries only
// the word, so that nobody can put words into our mouth.
func saidOf(word string) string {
	return map[string]string{
		"signed-out":      "You are signed out.",
		"outbox-released": "New mail goes out again. What was held waits here for your decision.",
		"not-saved":       "You are not signed in, so nothing was saved. Sign in, go back to the page, and do it again.",
		"updated":         "Saved.",
		"replied":         "Your reply is on its way.",
		"held":            "Your reply is saved. No relay is set, so its mails are held in the outbox.",
		"noted":           "Your note is saved. Nobody outside the team sees it.",
		"told-held":       "Your note is saved. No relay is set, so the notice to whom it mentions is held in the outbox.",
		"told":            "Your note is saved, and whom it mentions is told by mail. Nobody outside the team sees it.",
		"untold":          "Your note is saved, but nobody is told of it: after the @ belongs the full name or an address of somebody on the team.",
		"drafted":         "Your draft is kept. Only you see it.",
		"drafted-apart":   "Another window saved other words in the meantime. Both are kept: these are a draft of their own.",
		"discarded":       "Discarded.",
		"standard":        "It is the standard text again.",
		"created":         "Created.",
		"invited-held":    "Invited. No relay is set, so the invite is held in the outbox; its link can be copied here.",
		"invited":         "Invited. They can sign in once they accept.",
		"disabled":        "The account is disabled.",
		"enabled":         "The account is enabled.",
		"trashed":         "Moved to the trash.",
		"restored":        "Taken out of the trash.",
		"merged":          "Merged into this conversation.",
		"unmerged":        "The merge is undone. This conversation is back, with what was in it.",
		"split":           "Split off. This is the new conversation.",
		"tags":            "The tag is changed on all conversations.",
		"reply-saved":     "The saved reply is kept.",
		"reply-deleted":   "The saved reply is gone.",
		"made":            "Created. A mail to verify the address and to set a password is on its way to them.",
		"made-held":       "Created. No relay is set, so the mail to verify the address is held in the outbox.",
		"counts":          "Added. It counts at once; the person is told at the address that mail went to before.",
		"new-primary":     "Mail to this person goes to that address from now on. The former one is told.",
		"freed":           "Removed. The address is free again; the person is told.",
		"united":          "Merged. Conversations, addresses and notes of both are here.",
		"parted":          "The merge is undone. What went over is here again.",
		"erased":          "Deleted. Nothing of this person is left but what was said.",
		"filed":           "Filed as notes in this conversation.",
		"following":       "You will hear of what happens here.",
		"unfollowed":      "You will not hear of this conversation any more.",
		"added":           "Added.",
		"removed":         "Removed.",
		"asked":           "We have your message and will answer soon.",
		"completed":       "Thank you. The conversation is completed; an answer opens it again.",
		"password":        "Your password is changed. All other sessions have ended.",
		"ended":           "That browser is signed out.",
		"ended-others":    "You are signed out everywhere else.",
		"token-ended":     "That token no longer works.",
		"two-factor-off":  "Two-factor sign-in is off. Your password alone signs you in.",
		"codes-reset":     "The two-factor sign-in is reset. The person is signed out everywhere and told by mail.",
		"codes-first":     "Staff of this help desk must sign in with two factors. Set it up here, and go on.",
		"code-late":       "That took too long, or too many codes were wrong. Sign in again.",
		"codes-few":       "You signed in with a backup code, and few are left. Make new ones here.",
		"primary":         "Mail to you goes to that address from now on. The former one is told.",
		"given-up":        "The address is given up: its link no longer works.",
		"no-password":     "You are signed in. You have no password yet: set one in your profile, or have a link mailed each time.",
		"link-sent-held":  "No relay is set, so the mail with the link is held in the outbox.",
		"link-sent":       "The link is on its way.",
		"verify":          "A link is on its way to that address. It counts once the link is used.",
		"released":        "Released: the rules run again in a moment.",
		"deleted":         "Deleted. The entry stays, the mail is gone.",
		"blocked":         "The sender is blocked, and the mail deleted.",
		"declined":        "You will not be asked about that address again.",
		"named":           "Mail from that address is taken for mail of who stands in its Reply-To, from now on. It is never verified.",
		"replayed":        "The rules run again in a moment.",
		"retried":         "It is tried again in a moment.",
		"sent-held":       "It is on its way.",
		"sent-all":        "Held mail is on its way. What may not be sent any more is discarded, or still held.",
		"discarded-all":   "The held mail is discarded.",
		"paused":          "Paused: nothing goes there until somebody resumes it.",
		"resumed":         "Resumed: what waited goes out now. The pause does not count for it.",
		"tried":           "It is tried in a moment.",
		"cleared":         "Mail goes to that address again.",
		"stopped":         "No more mail goes to that address until it writes to us, or somebody lets it.",
		"joined":          "Those people have joined.",
		"revoked":         "The invite is taken back. Its link is dead; the account stays disabled.",
		"key-made":        "The new key is made. Publish its record, then use it.",
		"key-used":        "The new key signs from now on. Leave the record of the old one where it is for a week.",
		"key-unseen":      "The new key signs from now on, but its record was not seen: see to it now. Leave the record of the old one for a week.",
		"proposed":        "Proposed. Whoever may change what readers see decides, and you find their answer in your proposals.",
		"published":       "Published: its readers see it now.",
		"unpublished":     "Taken off the Help Center. It is a draft again.",
		"moved":           "Moved.",
		"brought-back":    "The article is back, as a draft.",
		"article-gone":    "The article is deleted.",
		"text-restored":   "The old text is the newest again, as a revision of its own.",
		"accepted":        "Accepted: readers see it now, and its author is named for it.",
		"proposal-no":     "Declined. Its author finds your answer in their proposals.",
		"withdrawn":       "Your proposal is taken back.",
		"team-deleted":    "The team is gone. Its conversations stay, and belong to no team.",
	}[word]
}

// page makes the base of a page.
func (s *server) page(v *visit, title, area string) (base, error) {
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return base{}, err
	}
	b := s.plainBase(v, title)
	b.Area, b.Instance = area, settings.Name
	b.zone = core.Zone(v.actor.Timezone, settings.Timezone)
	b.Logo = logoPath(settings)
	b.Said = v.lang.Translate(s.saidOf(v.query("said")))
	if b.Judges() {
		if b.Suspended, err = s.desk.SuspendedCount(v.ctx(), v.actor); err != nil {
			return b, err
		}
	}
	if b.Panel() && b.Administers() {
		b.Restored = s.desk.Restored()
		b.Alarms, err = s.desk.Alarms(v.ctx(), v.actor)
	}
	return b, err
}

// plainBase needs nothing that could fail: for pages that tell of a failure.
func (s *server) plainBase(v *visit, title string) base {
	return base{Title: title, Instance: v.t("Help desk"), Lang: v.lang, Actor: v.actor, RelaySet: s.relaySet,
		Here: v.r.URL.RequestURI(), zone: core.Zone(v.actor.Timezone), now: time.Now()}
}

// Panel tells that the page belongs to the agent area or the administration.
func (b base) Panel() bool {
	return b.Actor.Role.Staff() && isPanel(b.Here)
}

// Judges tells who sees suspended mail.
func (b base) Judges() bool { return b.Actor.Can(core.DoListSuspended) == nil }

// Administers tells who configures.
func (b base) Administers() bool { return b.Actor.Can(core.DoAdminister) == nil }

// Answers tells who may reply to customers.
func (b base) Answers() bool { return b.Actor.Can(core.DoReply) == nil }

// Opens tells who may open a conversation on a customer's behalf.
func (b base) Opens() bool { return b.Actor.Can(core.DoOpenForCustomer) == nil }

// Changes tells who changes the properties of conversations.
func (b base) Changes() bool { return b.Actor.Can(core.DoChange) == nil }

// Merges tells who merges conversations and moves them to the trash.
func (b base) Merges() bool { return b.Actor.Can(core.DoMerge) == nil }

// ManagesPeople tells who creates and changes users and organizations.
func (b base) ManagesPeople() bool { return b.Actor.Can(core.DoManagePeople) == nil }

// errorPage tells of a failure.
type errorPage struct {
	base
	Status    int
	Headline  string
	Sentence  string
	Reference string
}

// Fault is what is wrong with a field, under any of its names, if anything.
func (b base) Fault(names ...string) fault {
	for _, name := range names {
		if f, ok := b.Faults[name]; ok {
			f.Problem = b.Lang.Translate(f.Problem)
			return f
		}
	}
	return fault{}
}
