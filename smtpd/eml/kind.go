package eml

import (
	"slices"
	"strings"

	"postdesk/core"
)

// judge says who or what wrote the mail, and whether a machine may answer it.
func judge(l *core.Letter, root *part, r *reader) {
	h := root.header
	c := clues{letter: l, header: h, root: root, reader: r}
	l.ListHeaders = h.has("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-owner", "list-archive", "mailing-list", "x-mailing-list")
	l.VacationSubject = vacationHint(l.Subject)
	l.Report = c.report()
	switch {
	case l.Report != nil:
		l.Kind = core.KindReport
	case c.isReceipt(), c.isReaction(), c.isAutoReply():
		l.Kind = core.KindAutoReply
	case c.isGenerated():
		l.Kind = core.KindGenerated
	default:
		l.Kind = core.KindHuman
	}
	l.Unanswerable = l.Kind == core.KindReport || l.Kind == core.KindAutoReply || c.unanswerable()
}

// clues are what a mail's kind is seen from.
type clues struct {
	letter *core.Letter
	header header
	root   *part
	reader *reader
}

// autoSubmitted returns the strongest Auto-Submitted value: any but "no" counts,
// also beside another field that says no (RFC 3834 section 5, T44).
func (c clues) autoSubmitted() string {
	best := ""
	for _, v := range c.header.all("auto-submitted") {
		if i := strings.IndexAny(v, ";( \t"); i >= 0 {
			v = v[:i]
		}
		if v = strings.ToLower(v); v != "" && v != "no" && (best == "" || v == "auto-replied") {
			best = v
		}
	}
	return best
}

// precedence joins the fields in which older systems say what they are.
func (c clues) precedence() string {
	return strings.ToLower(c.header.get("precedence") + " " + c.header.get("x-precedence") + " " + c.header.get("preference"))
}

func (c clues) isBulk() bool {
	p := c.precedence()
	return strings.Contains(p, "bulk") || strings.Contains(p, "list") || strings.Contains(p, "junk")
}

func (c clues) unanswerable() bool {
	return c.isBulk() || c.letter.ListHeaders || c.autoSubmitted() != "" || c.nullReturnPath() || c.daemon() || len(c.letter.From) == 0 ||
		strings.Contains(c.precedence(), "auto_reply") ||
		c.header.has("x-auto-response-suppress") && !strings.EqualFold(c.header.get("x-auto-response-suppress"), "none") ||
		len(c.letter.Loops) > 0
}

func (c clues) nullReturnPath() bool {
	v, ok := c.header.raw("return-path")
	v = strings.ToLower(strings.Trim(v, "<> "))
	return ok && (v == "" || strings.HasPrefix(v, "mailer-daemon@"))
}

// daemon reports whether From is a mail system, or the null address.
func (c clues) daemon() bool {
	if c.letter.FromFields > 0 && len(c.letter.From) == 0 {
		return true
	}
	for _, from := range c.letter.From {
		local, _, _ := strings.Cut(strings.ToLower(from.Address), "@")
		switch local {
		case "mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster", "post_master", "mdaemon", "mailer_daemon", "mail.administrator", "bounce", "bounces", "mail-delivery-subsystem", "":
			return true
		}
		if strings.Contains(local, "mailer-daemon") || strings.HasPrefix(local, "bounce-") || strings.HasPrefix(local, "bounces+") {
			return true
		}
	}
	return false
}

// isReceipt knows read receipts (RFC 8098).
func (c clues) isReceipt() bool {
	if c.root.declared.value == "multipart/report" && strings.EqualFold(c.root.declared.get("report-type"), "disposition-notification") {
		return true
	}
	return c.reader.reportPart("message/disposition-notification") != nil
}

// isReaction knows reactions (RFC 9078, Gmail's, Exchange's) and answers to
// invitations (RFC 5546).
func (c clues) isReaction() bool {
	if c.reader.method == "REPLY" || c.header.has("x-ms-reactions", "x-microsoft-reaction") {
		return true
	}
	return hasReaction(c.root)
}

func hasReaction(p *part) bool {
	if p.disposition.value == "reaction" || p.media.value == "text/vnd.google.email-reaction+json" {
		return true
	}
	for _, c := range p.children {
		if hasReaction(c) {
			return true
		}
	}
	return false
}

// isAutoReply knows vacations and challenges: by RFC 3834, by the fields of systems
// that do not follow it, and by subjects that only a system writes.
func (c clues) isAutoReply() bool {
	h := c.header
	if c.autoSubmitted() == "auto-replied" || strings.Contains(c.precedence(), "auto_reply") {
		return true
	}
	for _, name := range []string{"x-autoreply", "x-auto-reply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-auto-reply-from",
		"x-mail-autoreply", "x-vacation", "x-autoresponse", "x-boxtrapper", "x-spamarrest-reply", "x-tmda-confirm-done", "x-mdautoresponse"} {
		if v, ok := h.raw(name); ok && !strings.EqualFold(v, "no") && !strings.EqualFold(v, "false") {
			return true
		}
	}
	switch {
	case strings.Contains(strings.ToLower(h.get("x-post-messageclass")), "autoresponder"),
		slices.ContainsFunc(h.all("delivered-to"), func(v string) bool { return strings.EqualFold(v, "autoresponder") }),
		strings.EqualFold(h.get("x-apple-action"), "vacation"),
		strings.HasPrefix(strings.ToLower(h.get("x-delivery-agent")), "tmda"),
		strings.Contains(strings.ToLower(h.get("x-ms-exchange-generated-message-source")), "oof"):
		return true
	}
	if c.letter.VacationSubject && (c.autoSubmitted() != "" || c.nullReturnPath() || c.isBulk() || h.has("x-auto-response-suppress")) {
		return true // two weak signs
	}
	return systemSubject(c.letter.Subject)
}

// isGenerated knows shops, forms, monitors and lists.
func (c clues) isGenerated() bool {
	if c.autoSubmitted() != "" || c.letter.ListHeaders || c.nullReturnPath() || c.daemon() || c.isBulk() {
		return true
	}
	if c.header.has("x-autogenerated", "x-auto-generated", "x-fc-machinegenerated", "x-cron-env", "x-github-reason", "x-jira-fingerprint") || len(c.letter.Loops) > 0 {
		return true
	}
	if len(c.letter.From) == 0 {
		return false
	}
	local, _, _ := strings.Cut(strings.ToLower(c.letter.From[0].Address), "@")
	for _, p := range []string{"noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "do.not.reply", "nepasrepondre", "ne-pas-repondre", "nichtantworten", "nicht-antworten"} {
		if strings.HasPrefix(local, p) {
			return true
		}
	}
	return false
}
