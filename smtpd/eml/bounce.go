package eml

import (
	"slices"
	"strings"

	"postdesk/core"
)

// report reads what a delivery report says (RFC 3464), an abuse complaint (RFC
// 5965), or a bounce in words. nil: the mail is none.
func (c clues) report() *core.Report {
	if len(c.reader.reports) == 0 && !c.looksBounced() {
		return nil
	}
	if p := c.reader.reportPart("message/feedback-report"); p != nil && c.mailSystem() {
		return c.complaint(p)
	}
	if c.mailSystem() {
		if rep := readStatus(c.statusText()); rep != nil {
			c.complete(rep)
			return rep
		}
	}
	if !c.looksBounced() {
		return nil
	}
	return c.inWords()
}

// reportPart finds a machine-readable part of a report.
func (r *reader) reportPart(mediaType string) *part {
	for _, p := range r.reports {
		if p.media.value == mediaType {
			return p
		}
	}
	return nil
}

// statusText joins the delivery-status parts of the mail, or of a report that a
// relay wrapped into another mail.
func (c clues) statusText() string {
	var b strings.Builder
	for _, p := range c.reader.reports {
		c.addStatus(&b, p)
	}
	if b.Len() == 0 {
		c.addHidden(&b, c.root)
	}
	if b.Len() > 0 || !c.daemon() && !c.nullReturnPath() {
		return b.String()
	}
	if p := c.reader.reportPart("message/rfc822"); p != nil {
		c.walkStatus(&b, walk(c.reader.decode(p), func(string) {}))
	}
	return b.String()
}

func (c clues) walkStatus(b *strings.Builder, p *part) {
	c.addStatus(b, p)
	for _, child := range p.children {
		c.walkStatus(b, child)
	}
}

func (c clues) addStatus(b *strings.Builder, p *part) {
	if t := p.media.value; t == "message/delivery-status" || t == "message/global-delivery-status" {
		b.WriteString(newlines(clean(string(c.reader.decode(p)))))
		b.WriteString("\n\n")
	}
}

// addHidden finds the fields in files of another type, as some reporters send them.
func (c clues) addHidden(b *strings.Builder, p *part) {
	for _, child := range p.children {
		c.addHidden(b, child)
	}
	if p.tooDeep || len(p.children) > 0 || len(p.body) > maxRuleBytes || p == c.root || !strings.HasPrefix(p.media.value, "text/") && p.media.value != "application/octet-stream" {
		return
	}
	s := newlines(clean(string(c.reader.decode(p))))
	if start := strings.TrimLeft(s, "\n "); hasFoldPrefix(start, "reporting-mta:") || hasFoldPrefix(start, "final-recipient:") {
		b.WriteString(s)
		b.WriteString("\n\n")
	}
}

// mailSystem reports whether the mail calls itself a report or comes from a mail
// system: a person may send a report on as an attachment.
func (c clues) mailSystem() bool {
	return c.root.declared.value == "multipart/report" || c.root.declared.value == "message/delivery-status" || c.daemon() || c.nullReturnPath() || c.autoSubmitted() != "" ||
		bounceSubject(c.letter.Subject)
}

// complaint reads an abuse report: whose mail was complained about.
func (c clues) complaint(p *part) *core.Report {
	rep := &core.Report{Feedback: true, Text: shortReason(c.letter.Text)}
	for _, b := range statusBlocks(newlines(clean(string(c.reader.decode(p))))) {
		for _, f := range b {
			if f.name == "original-rcpt-to" || f.name == "removal-recipient" {
				rep.FailedRecipients = addOnce(rep.FailedRecipients, recipient(f.value))
			}
		}
	}
	return rep
}

// complete fills from the words what the fields left out.
func (c clues) complete(rep *core.Report) {
	said := diagnostics(c.letter.Text)
	if len(rep.FailedRecipients) == 0 && (rep.Action == core.ActionFailed || rep.Action == core.ActionDelayed) {
		rep.FailedRecipients = c.failedIn(said)
	}
	if rep.Text == "" {
		rep.Text = shortReason(said)
	}
}

// A statusField is one field of a delivery-status block, name in lower case.
type statusField struct{ name, value string }

// statusBlocks splits a delivery-status body: one block on the message, then one
// for each recipient (RFC 3464 section 2.1).
func statusBlocks(s string) [][]statusField {
	var blocks [][]statusField
	var block []statusField
	for line := range strings.SplitSeq(head(s), "\n") {
		switch name, value, ok := strings.Cut(line, ":"); {
		case strings.TrimSpace(line) == "":
			if block != nil {
				blocks, block = append(blocks, block), nil
			}
		case line[0] == ' ' || line[0] == '\t':
			if n := len(block); n > 0 && len(block[n-1].value) < maxReportField {
				block[n-1].value += " " + strings.TrimSpace(line)
			}
		case ok:
			if name = strings.ToLower(strings.TrimSpace(name)); startsRecipient(block, name) {
				blocks, block = append(blocks, block), nil
			}
			block = append(block, statusField{name, strings.TrimSpace(value)})
		}
		if len(blocks) >= maxReportPieces || len(block) >= maxReportPieces {
			break
		}
	}
	if block != nil {
		blocks = append(blocks, block)
	}
	return blocks
}

// startsRecipient reports whether a field begins another recipient, though no blank
// line stands before it.
func startsRecipient(block []statusField, name string) bool {
	return (name == "final-recipient" || name == "original-recipient") && slices.ContainsFunc(block, func(f statusField) bool { return f.name == name })
}

// A recipientStatus is what a block says of one recipient.
type recipientStatus struct {
	address, original, status, reason string
	action                            core.Action
}

func readBlock(b []statusField) (r recipientStatus) {
	for _, f := range b {
		switch f.name {
		case "final-recipient":
			r.address = recipient(f.value)
		case "original-recipient", "x-actual-recipient":
			r.original = recipient(f.value)
		case "action":
			r.action = actionOf(f.value)
		case "status":
			r.status = firstOr(statusCodes(f.value), "")
		case "diagnostic-code":
			r.reason = f.value
		}
	}
	if !strings.Contains(r.address, "@") && r.original != "" {
		r.address = r.original
	}
	return r
}

// readStatus reads the blocks of all recipients; nil if none says anything.
func readStatus(s string) *core.Report {
	var all []recipientStatus
	for _, b := range statusBlocks(s) {
		if r := readBlock(b); r.action != "" || r.address != "" || r.status != "" {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil
	}
	rep := &core.Report{Action: worstAction(all)}
	for _, r := range all {
		if r.action != rep.Action && r.action != "" {
			continue
		}
		if rep.Action == core.ActionFailed || rep.Action == core.ActionDelayed {
			rep.FailedRecipients = addOnce(rep.FailedRecipients, r.address)
		}
		rep.Status = addOnce(rep.Status, codeOf(r))
		if rep.Text == "" {
			rep.Text = shortReason(r.reason)
		}
	}
	rep.Permanent = rep.Action == core.ActionFailed && isPermanent(rep.Status, all)
	return rep
}

// codeOf is the status of a recipient; a vague one gives way to the one that the
// other server said.
func codeOf(r recipientStatus) string {
	if r.status == "" {
		return firstOr(statusCodes(r.reason), "")
	}
	return r.status
}

// worstAction is the action that matters of those that are told.
func worstAction(all []recipientStatus) core.Action {
	has := func(a core.Action) bool {
		for _, r := range all {
			if r.action == a {
				return true
			}
		}
		return false
	}
	for _, a := range []core.Action{core.ActionFailed, core.ActionDelayed, core.ActionDelivered, core.ActionExpanded, core.ActionRelayed} {
		if has(a) {
			return a
		}
	}
	for _, r := range all { // no action told: the class of the status tells it
		switch {
		case strings.HasPrefix(r.status, "2"):
			return core.ActionDelivered
		case strings.HasPrefix(r.status, "4"):
			return core.ActionDelayed
		}
	}
	return core.ActionFailed
}

func isPermanent(codes []string, all []recipientStatus) bool {
	for _, code := range codes {
		if strings.HasPrefix(code, "5") {
			return true
		}
	}
	if len(codes) > 0 {
		return false
	}
	for _, r := range all {
		switch replyClass(r.reason) {
		case '5':
			return true
		case '4':
			return false
		}
	}
	return true
}

func actionOf(v string) core.Action {
	v = strings.ToLower(v)
	switch {
	case beginsWithAny(v, []string{"fail", "fatal", "bounce", "error", "reject", "undeliver", "permanent"}):
		return core.ActionFailed
	case beginsWithAny(v, []string{"delay", "defer", "warn", "transient"}):
		return core.ActionDelayed
	case beginsWithAny(v, []string{"deliver", "success"}):
		return core.ActionDelivered
	case strings.HasPrefix(v, "expand"):
		return core.ActionExpanded
	case strings.HasPrefix(v, "relay"):
		return core.ActionRelayed
	}
	return ""
}

func addOnce(list []string, s string) []string {
	if s == "" || len(list) >= maxAddresses {
		return list
	}
	for _, have := range list {
		if strings.EqualFold(have, s) {
			return list
		}
	}
	return append(list, s)
}

func firstOr(list []string, otherwise string) string {
	if len(list) > 0 {
		return list[0]
	}
	return otherwise
}

// shortReason is a reason as one line to show.
func shortReason(s string) string {
	return cut(oneLine(cut(s, maxReportField)), 500)
}
