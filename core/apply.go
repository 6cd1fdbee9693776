package core

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// A readMail is a claimed mail that was read and authenticated, about to be
// filed.
type readMail struct {
	claim  Claim
	letter Letter
	origin Origin
	digest [32]byte
	own    *ours
}

// A filedMail is where a mail went, and why.
type filedMail struct {
	decision Decision
	at       filed
}

// Apply files a claimed mail: facts, decision, writes, outgoing mail, trace and
// the terminal state, in one transaction that only the holder of the claim can
// commit. Applying twice changes nothing more. Errors are internal: Park the
// mail.
func (d *Desk) Apply(ctx context.Context, c Claim, l Letter, o Origin) (err error) {
	defer wrap(&err, "apply mail %d", c.ID)
	if err := d.rush.standBack(ctx, c.Envelope.ReceivedAt); err != nil {
		return err
	}
	if c.Envelope.byForm() {
		o = contactOrigin
	}
	m := readMail{claim: c, letter: l, origin: o, digest: l.ContentDigest()}
	if m.own, err = d.oursForFiling(ctx, c); err != nil {
		return err
	}
	var f filedMail
	if d.isPlain(m) {
		f, err = d.filing.join(ctx, m)
	} else {
		f, err = d.fileInTurn(ctx, m)
	}
	if errors.Is(err, errLostClaim) {
		return nil
	}
	if err == nil {
		Passing(PointFiled)
		d.tellFiled(ctx, m, f)
	}
	return err
}

// oursForFiling: what staff changed before they released a mail counts for it.
func (d *Desk) oursForFiling(ctx context.Context, c Claim) (*ours, error) {
	if c.Released != nil {
		return d.readOurs(ctx)
	}
	return d.ourAddresses(ctx, func(*ours) bool { return true })
}

// arrival is what filing begins with; skip says why no automatic mail goes out at
// all, or nothing.
func (m readMail) arrival(d *Desk, skip string) *arrival {
	a := &arrival{claim: m.claim, letter: m.letter, origin: m.origin, messageID: cut(m.letter.MessageID, 998), digest: m.digest[:]}
	a.readAuthor(m.own)
	a.facts.Loop, a.facts.Automatic = d.loopSign(a, m.own), skip
	a.facts.Form, a.facts.Spam = m.claim.Envelope.byForm(), m.claim.Envelope.Trapped
	if m.claim.Released != nil {
		a.applyRelease(m.own)
	}
	return a
}

// fileInTurn files one mail when its turn comes: thousands may wait, and accepting,
// pages and couriers need connections too.
func (d *Desk) fileInTurn(ctx context.Context, m readMail) (f filedMail, err error) {
	select {
	case d.turns <- struct{}{}:
		defer func() { <-d.turns }()
		return d.fileAlone(ctx, m)
	case <-ctx.Done():
		return f, ctx.Err()
	}
}

// fileAlone files one mail of any kind.
func (d *Desk) fileAlone(ctx context.Context, m readMail) (f filedMail, err error) {
	skip, err := d.automaticSkip(ctx)
	if err != nil {
		return f, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a := m.arrival(d, skip)
		if err := d.gather(ctx, tx, a); err != nil {
			return err
		}
		if err := d.hideSecrets(ctx, tx, a); err != nil {
			return err
		}
		a.chooseMailbox(m.own)
		if err := d.countAutomatic(ctx, tx, a); err != nil {
			return err
		}
		f.decision = a.decide(m.own)
		if f.at, err = d.carryOut(ctx, tx, a, m.own, f.decision); err != nil {
			return err
		}
		end(tx, a)
		return nil
	})
	return f, err
}

// chooseMailbox: the mailbox that minted the token, else the first recipient that
// is a mailbox of ours (mail-law: words, Mailbox of a mail).
func (a *arrival) chooseMailbox(own *ours) {
	var named []MailboxID
	for _, rcpt := range a.claim.Envelope.Recipients {
		if address, err := ParseAddress(rcpt); err == nil {
			if id, ok := own.mailboxOf(address); ok && !slices.Contains(named, id) {
				named = append(named, id)
			}
		}
	}
	switch {
	case len(a.tokens) > 0:
		a.mailbox = a.tokens[0].Mailbox
	case a.bounce.ID != 0:
		a.mailbox = a.bounce.Mailbox
	case len(named) > 0:
		a.mailbox = named[0]
	default:
		a.mailbox = own.first
	}
	a.alsoAt = slices.DeleteFunc(named, func(id MailboxID) bool { return id == a.mailbox })
}

// claimDomain is the domain of the mail's mailbox.
func (a *arrival) claimDomain(own *ours) string {
	for address, id := range own.mailboxes {
		if id == a.mailbox {
			return address.Domain()
		}
	}
	return "postdesk.invalid"
}

// filed is where a mail went.
type filed struct {
	conversation ConversationID
	post         PostID
	note         NoteID
}

// carryOut does what was decided. Secrets are hidden before: a decision may have
// written the mail's words already.
func (d *Desk) carryOut(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, dec Decision) (at filed, err error) {
	if dec.Effect != EffectReply && dec.Effect != EffectDraft {
		a.words = nil // what it says is for staff, or in the author's own name
	}
	// Before anything is mailed: who writes to us can be reached again.
	if err := d.learnOfAuthor(ctx, tx, a, dec); err != nil {
		return at, err
	}
	switch dec.Effect {
	case EffectOpen:
		at, err = d.fileNew(ctx, tx, a, own, dec)
	case EffectMessage, EffectReply:
		at, err = d.fileMessage(ctx, tx, a, own, dec)
	case EffectNote:
		at, err = d.fileNote(ctx, tx, a, own, dec)
	case EffectDraft:
		at, err = d.fileDraft(ctx, tx, a, own, dec)
	case EffectEvent:
		at, err = d.fileEvent(ctx, tx, a, dec)
	case EffectReport:
		at, err = d.fileReport(ctx, tx, a)
	case EffectCounted:
		at, err = d.fileAgain(ctx, tx, a)
	case EffectAnswered:
		at.conversation = dec.Conversation
	}
	if err != nil {
		return at, err
	}
	Passing(PointFiling)
	touch(tx, at.conversation)
	for _, link := range dec.Links {
		linkConversations(tx, at.conversation, link)
	}
	a.ending, err = endingOf(a, own, dec, at)
	return at, err
}

// hideSecrets revokes links whose secret came back in a mail, wherever it stands,
// and takes those secrets and our tokens out of what is shown (mail-law section
// 3).
func (d *Desk) hideSecrets(ctx context.Context, tx pgx.Tx, a *arrival) error {
	l := &a.letter
	shown, err := revokeLinksIn(ctx, tx, l.Subject+"\n"+l.Text+"\n"+l.HTML)
	for _, secret := range shown {
		// As long as the secret, so that the folds of the text stay where they are.
		hidden := strings.Repeat("x", len(secret))
		l.Subject, l.Text = strings.ReplaceAll(l.Subject, secret, hidden), strings.ReplaceAll(l.Text, secret, hidden)
		if a.words != nil {
			a.words.Text = strings.ReplaceAll(a.words.Text, secret, hidden)
		}
	}
	l.Subject = Redact(l.Subject)
	return err
}

// learnOfAuthor: a machine that answers automatic mail gets no more of it after a
// while, and a person who writes is no longer muted or, if proven, suppressed.
func (d *Desk) learnOfAuthor(ctx context.Context, tx pgx.Tx, a *arrival, dec Decision) error {
	if a.machineAnswered(dec) && a.origin.Verdict != Refuted {
		return d.muteMachines(ctx, tx, a.from)
	}
	if !a.shunned || a.facts.Kind != KindHuman || dec.Effect == EffectSuspend || a.origin.Verdict == Refuted {
		return nil
	}
	reason, err := value[string](ctx, tx, `
		with muted as (delete from automatic_mutes where address = $1)
		delete from suppressions where address = $1 and $2 = 'proven' returning reason`, a.from, a.origin.Verdict)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	a.lifted = reason
	return err
}

// shownFrom is the address that the mail log shows: canonical where it can be
// read, else what stands there.
func (a *arrival) shownFrom() string {
	if !a.from.IsZero() {
		return a.from.String()
	}
	if len(a.letter.From) > 0 {
		return cleanLine(a.letter.From[0].Address, 320)
	}
	return ""
}

// subjectOf is the subject as it is stored: one line, never empty.
func subjectOf(l Letter) string {
	if s := cleanLine(l.Subject, 998); s != "" {
		return s
	}
	return "(no subject)"
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
