package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postdesk/core"
)

type auditPage struct {
	base
	Rows             []auditLine
	Staff            []core.User
	Who, Act, Object string // the filter, as typed
	Since, Until     string
	Filtered         bool
	paging
}

// Families are the kinds of acts that the filter offers.
func (auditPage) Families() []option {
	return []option{{"user", "People"}, {"organization", "Organizations"}, {"team", "Teams"}, {"role", "Roles"}, {"mailbox", "Mailboxes"}, {"signing", "Sending domains"}, {"sender", "Senders"}, {"passing", "Passed on"},
		{"article", "Articles"}, {"section", "Sections"}, {"category", "Categories"}, {"helpcenter", "Order of the Help Center"},
		{"settings", "Settings"}, {"tag", "Tags"}, {"mail", "Mail log"}, {"delivery", "Outbox"}, {"suppression", "Suppressions"}, {"destination", "Queue"}, {"export", "Exports"}, {"refused", "Refused"}}
}

type option struct{ Value, Label string }

// commandLine is the person of the filter who is none.
const commandLine = "command"

func (s *server) audit(v *visit) error {
	b, err := s.page(v, "Audit", "audit")
	if err != nil {
		return err
	}
	p := auditPage{base: b, Who: v.query("who"), Act: v.query("act"), Object: v.query("object"), Since: v.query("since"), Until: v.query("until")}
	page := listPage(v)
	filter, faults := p.filter()
	filter.Page = page
	if holder, err := s.desk.AddressHolder(v.ctx(), v.actor, filter.Object); err == nil && holder.User != 0 {
		filter.Object = fmt.Sprintf("user %d", holder.User)
	}
	p.Faults = faults
	p.Filtered = p.Who+p.Act+p.Object+p.Since+p.Until != ""
	entries, total, err := s.desk.AuditTrail(v.ctx(), v.actor, filter)
	if err != nil {
		return err
	}
	for _, e := range entries {
		p.Rows = append(p.Rows, auditLineOf(e))
	}
	p.paging = pagingOf(v, page, len(entries), total)
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, core.UserFilter{Staff: true, Page: core.Page{Limit: 100}}); err != nil {
		return err
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
	}
	return s.render(v, status, "audit", p)
}

// filter reads the form. Days are those of the reader's zone, both included.
func (p auditPage) filter() (f core.AuditFilter, wrong faults) {
	wrong = faults{}
	if f.Command = p.Who == commandLine; !f.Command {
		f.Actor = number[core.UserID](p.Who)
	}
	f.Act = p.Act
	f.Object = strings.Join(strings.Fields(strings.NewReplacer("#", " ", ":", " ").Replace(strings.ToLower(p.Object))), " ")
	day := func(field, text string, later int) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.ParseInLocation(time.DateOnly, text, p.zone)
		if err != nil || t.Year() < 1970 || t.Year() > 9999 {
			wrong[field] = fault{Problem: "That is no date. Write it as 2006-01-31."}
			return time.Time{}
		}
		return t.AddDate(0, 0, later)
	}
	f.Since, f.Until = day("since", p.Since, 0), day("until", p.Until, 1)
	return f, wrong
}

// An auditLine is an entry as people read it: who, what, to whom.
type auditLine struct {
	core.AuditEntry
	Said    string // between the two names
	Thing   string // what the act was done to, as it is called
	Link    string // its page
	Refused bool
	Changes []auditChange
}

// An auditChange is one field. From and To are empty where it is only told.
type auditChange struct{ Field, From, To, Value string }

func auditLineOf(e core.AuditEntry) auditLine {
	l := auditLine{AuditEntry: e, Refused: e.Act == "refused", Thing: e.ObjectName}
	kind, id, _ := strings.Cut(e.Object, " ")
	l.Link = pageOfObject(kind, id)
	switch {
	case kind == "role":
		l.Thing = upperFirst(id)
	case kind == "sender" || kind == "passing" || kind == "domain" || kind == "tag":
		l.Thing = id
	case e.Person.ID != 0:
		l.Thing = e.Person.DisplayName()
	case l.Thing == "" && e.Object == "helpcenter":
		l.Thing = "Help Center"
	case l.Thing == "":
		l.Thing = e.Object
		if title, _ := e.Detail["title"].(string); title != "" { // it is gone, and was called so
			l.Thing = title
		}
	}
	detail := maps.Clone(e.Detail)
	switch itself := e.Actor.ID != 0 && e.Object == fmt.Sprintf("user %d", e.Actor.ID); {
	case l.Refused:
		l.Said = fmt.Sprintf("tried to %v", detail["act"])
		delete(detail, "act")
	case itself && saidOfOneself(e.Act) != "":
		l.Said, l.Thing = saidOfOneself(e.Act), ""
	default:
		l.Said = saidOfAct(e.Act)
	}
	if _, changed := detail["to"]; changed {
		l.Changes = append(l.Changes, changeOf(kindOfAct(e.Act), detail, e.People))
		delete(detail, "from")
		delete(detail, "to")
	}
	for _, field := range slices.Sorted(maps.Keys(detail)) {
		c := changeOf(field, detail[field], e.People)
		if strings.HasSuffix(e.Act, ".created") && c.From == nothing { // there was nothing before
			c = auditChange{Field: c.Field, Value: c.To}
		}
		l.Changes = append(l.Changes, c)
	}
	return l
}

func kindOfAct(act string) string {
	_, kind, _ := strings.Cut(act, ".")
	return kind
}

// pageOfObject is where an object stands, "" for what has no page.
func pageOfObject(kind, id string) string {
	switch kind {
	case "user":
		return "/agent/users/" + id
	case "organization":
		return "/agent/organizations/" + id
	case "conversation":
		return "/agent/conversations/" + id
	case "outbox":
		return "/admin/outbox"
	case "destination":
		return "/admin/queue"
	case "mail":
		return "/admin/mail/" + id
	case "delivery":
		return "/admin/outbox/" + id
	case "team":
		return "/admin/teams"
	case "mailbox":
		return "/admin/mailboxes/" + id
	case "domain":
		return "/admin/sending"
	case "sender", "passing":
		return "/admin/senders"
	case "role":
		return "/admin/roles"
	case "settings":
		return "/admin/settings"
	case "article", "section", "proposal":
		return "/agent/helpcenter/" + kind + "s/" + id
	case "category":
		return "/agent/helpcenter/categories/" + id
	case "helpcenter":
		return "/agent/helpcenter"
	}
	return ""
}

// saidOfAct is the middle of "Olga disabled Bob".
func saidOfAct(act string) string {
	said := map[string]string{
		"user.created": "created", "user.invited": "invited", "user.accepted": "accepted the link of", "user.updated": "updated",
		"user.role": "changed the role of", "user.disabled": "disabled", "user.enabled": "enabled",
		"user.address_added": "added an address to", "user.address_removed": "removed an address of", "user.address_primary": "changed the primary address of",
		"user.invite_revoked": "took back the invite of", "user.link_sent": "sent a link to", "user.link_copied": "copied the link of", "user.token_created": "made an API token for",
		"user.password_changed": "changed the password of", "user.merged": "merged another account into", "user.unmerged": "undid a merge into",
		"user.anonymised": "anonymised", "user.session_ended": "ended a session of",
		"organization.created": "created", "organization.updated": "updated", "organization.joined_existing": "let existing users join",
		"team.created": "created the team", "team.updated": "updated the team", "team.deleted": "deleted the team",
		"role.updated": "changed the rights of the role", "mailbox.created": "created the mailbox",
		"mailbox.updated": "renamed the mailbox", "mailbox.text_changed": "changed a text of the mailbox",
		"signing.made": "made a new key to sign mail of", "signing.activated": "put a new key to use for mail of", "signing.retired": "retired the key of",
		"tag.renamed": "renamed the tag", "tag.deleted": "deleted the tag",
		"settings.updated": "changed the", "settings.limits": "changed the limits in the",
		"mail.released": "released the mail", "mail.deleted": "deleted the content of the mail", "mail.replayed": "ran the rules again on the mail",
		"sender.blocked": "blocked", "sender.unblocked": "took off the block list", "sender.trusted": "put on the safe list", "sender.untrusted": "took off the safe list",
		"passing.added": "named as passing on mail", "passing.removed": "no longer takes mail as passed on by", "passing.declined": "declined to name as passing on mail",
		"delivery.retried": "tried to send again", "delivery.sent": "sent the held mail", "delivery.discarded": "discarded the held mail", "delivery.held": "held all mail in the",
		"outbox.released":     "let new mail go again from the",
		"suppression.cleared": "lets mail go again to", "suppression.added": "stopped mail to",
		"delivery.sent_all": "let all held mail go from the", "delivery.discarded_all": "discarded all held mail in the",
		"export.conversations": "exported conversations", "export.users": "exported the users", "export.audit": "exported the audit",
		"category.created": "created the category", "category.updated": "changed the category", "category.deleted": "deleted the category",
		"section.created": "created the section", "section.updated": "changed the section", "section.deleted": "deleted the section",
		"article.created": "wrote the article", "article.saved": "saved the draft", "article.edited": "edited the article", "article.restored": "restored an old text of",
		"article.proposed": "took a proposal into", "article.published": "published", "article.unpublished": "took back from readers", "article.moved": "moved the article",
		"article.deleted": "deleted the article", "article.brought_back": "brought back the article",
		"article.picture_added": "added a picture to", "article.picture_removed": "removed a picture from",
		"article.revision_proposed": "proposed a change of", "article.proposal_accepted": "accepted a proposal for", "article.proposal_declined": "declined a proposal for",
		"article.proposal_withdrawn": "withdrew a proposal for", "helpcenter.ordered": "changed the order in",
		"destination.paused": "paused mail to", "destination.resumed": "resumed mail to", "destination.tried": "had mail tried at once to",
	}[act]
	if said == "" {
		return words(strings.ReplaceAll(act, ".", " "))
	}
	return said
}

// saidOfOneself is the end of "Olga changed their own password".
func saidOfOneself(act string) string {
	return map[string]string{
		"user.accepted": "accepted a link", "user.updated": "updated their own profile", "user.password_changed": "changed their own password",
		"user.address_added": "added an address of their own", "user.address_removed": "removed an address of their own",
		"user.address_primary": "changed their own primary address", "user.session_ended": "ended a session of their own",
	}[act]
}

func changeOf(field string, v any, people map[string]string) auditChange {
	c := auditChange{Field: upperFirst(words(field))}
	if change, ok := v.(map[string]any); ok && len(change) > 0 {
		if _, ok := change["to"]; ok {
			c.From, c.To = auditValue(field, change["from"], people), auditValue(field, change["to"], people)
			return c
		}
	}
	c.Value = auditValue(field, v, people)
	return c
}

// nothing is how an empty value reads.
const nothing = "none"

// auditValue shows a value as people would say it.
func auditValue(field string, v any, people map[string]string) string {
	switch v := v.(type) {
	case nil:
		return nothing
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		id := strconv.FormatFloat(v, 'f', -1, 64)
		if name := people[id]; name != "" && field == "members" {
			return shown(name)
		}
		return id
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, auditValue(field, one, people))
		}
		return orNone(strings.Join(all, ", "))
	case map[string]any:
		var all []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, words(key)+" "+auditValue(key, v[key], people))
		}
		return orNone(strings.Join(all, ", "))
	}
	return orNone(cut(shown(fmt.Sprint(v)), 300))
}

func orNone(text string) string {
	if text == "" {
		return nothing
	}
	return text
}

// cut keeps the first characters of a long text.
func cut(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit]) + " …"
	}
	return text
}
