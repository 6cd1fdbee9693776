package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// quotedMessages is how many earlier public messages stand under a new one.
const quotedMessages = 3

// outgoing gathers what one mail is composed of. Whatever it reads of words, it
// reads from messages: no query of this file names the text of a note.
func (d *Desk) outgoing(ctx context.Context, id DeliveryID) (o *Outgoing, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		var found []outgoingRow
		if err := inOneGo(ctx, tx, fetch(&found, outgoingSQL, id, language.Tags())); err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		r := found[0]
		r.Subject = Redact(r.Subject)
		o = d.envelopeOf(r)
		if err := d.addContent(ctx, tx, o, r); err != nil {
			return err
		}
		if own := o.SaidSubject(); own != "" {
			o.Subject = own
		}
		return nil
	})
	return o, err
}

// addContent fills what differs from purpose to purpose.
func (d *Desk) addContent(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow) error {
	parts, err := partsFor(ctx, tx, r)
	if err != nil {
		return err
	}
	switch r.Purpose {
	case PurposeReply, PurposeCopy:
		return d.addConversation(ctx, tx, o, r, parts)
	case PurposeStaffNotice:
		if r.Kind == NoticeDigest {
			return d.addDigest(ctx, tx, o, r)
		}
		return d.addNotice(ctx, tx, o, r, parts)
	case PurposeMentionMail:
		d.addMention(o, r)
		return nil
	}
	return d.addAccount(ctx, tx, o, r, parts)
}

// envelopeOf fills what every mail has.
func (d *Desk) envelopeOf(r outgoingRow) *Outgoing {
	o := &Outgoing{Purpose: r.Purpose, Notice: r.Kind, Instance: r.Instance, Language: r.Language, Accent: r.Accent, Date: r.CreatedAt, Zone: Zone(r.UserTimezone, r.InstanceTimezone),
		From:      NamedAddress{Name: r.MailboxName, Address: r.MailboxAddress.String()},
		Recipient: NamedAddress{Name: r.UserName, Address: r.Recipient.String()},
		MessageID: MessageID(d.keys.Mint(PurposeID, r.IDName), NewMessageIDRandom(), r.MailboxAddress.Domain()),
		Author:    r.AuthorName,
		Words:     MailText{r.TextSubject, r.TextBody},
	}
	o.To = []NamedAddress{o.Recipient}
	if r.ReplyToken != 0 {
		o.ReplyTo = ReplyAddress(r.MailboxAddress, d.keys.Mint(r.ReplyPurpose, r.ReplyToken), d.cfg.ReplyDomain)
	}
	switch r.Purpose {
	case PurposeReply, PurposeCopy: // a person's words
	case PurposeAcknowledgement:
		o.AutoSubmitted = "auto-replied"
	default:
		o.AutoSubmitted = "auto-generated"
	}
	if o.AutoSubmitted != "" {
		o.Loop = d.instanceID() + "; hops=1"
	}
	return o
}

// addConversation fills a copy of a public message for requester, customers or a
// collaborator in CC (mail-law section 4).
func (d *Desk) addConversation(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow, parts outgoingParts) error {
	if err := d.addWords(ctx, tx, o, r, parts); err != nil {
		return err
	}
	o.Subject = reSubject(r.Subject)
	o.addReferences(r, parts.ids)
	if r.Purpose == PurposeCopy {
		// From and To are the mailbox: a reply-all reaches nobody but us.
		o.To = []NamedAddress{o.From}
		o.maskAddresses()
		return nil
	}
	if r.UserID != 0 && r.UserRole == RoleCustomer && !r.UserHasPassword && !r.UserAsked && !r.AnsweredBefore {
		o.AccountPage = d.cfg.PublicURL + "/reset"
	}
	o.addVisible(r, parts.people)
	return nil
}

// addVisible: the recipient and the customers on the conversation stand in To and
// Cc, never staff or collaborators.
func (o *Outgoing) addVisible(r outgoingRow, people []reader) {
	o.To = nil
	for _, p := range people {
		if p.Role != RoleCustomer && p.Address != r.Recipient {
			continue
		}
		n := NamedAddress{Name: p.Name, Address: p.Address.String()}
		if p.IsRequester || len(o.To) == 0 && p.Address == r.Recipient {
			o.To = append(o.To, n)
		} else {
			o.Cc = append(o.Cc, n)
		}
	}
	shown := slices.ContainsFunc(slices.Concat(o.To, o.Cc), func(n NamedAddress) bool { return n.Address == r.Recipient.String() })
	if !shown || len(o.To) == 0 {
		o.To = append([]NamedAddress{o.Recipient}, o.To...)
	}
}

// addWords fills the public message, its files, and a quote of the public
// messages before it. After a merge the message stands elsewhere: what came along
// from its conversation is quoted then, and nothing of the other.
func (d *Desk) addWords(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow, parts outgoingParts) (err error) {
	said := parts.said
	if len(said) == 0 || said[0].ID != r.PostID {
		return refuse(ErrNotFound, "The message is not public any more.")
	}
	for i, w := range said { // a name may be what a From header once said
		if w.Role.Staff() {
			said[i].Author = MaskAddresses(w.Author)
		}
	}
	o.Author, o.Signature, o.Text = said[0].Author, said[0].Signature, Redact(said[0].Text)
	for _, w := range said[1:] {
		o.Quote = append(o.Quote, Quoted{Author: w.Author, At: w.CreatedAt, Text: Redact(w.Text)})
	}
	o.Files, err = d.withContent(ctx, tx, parts.files)
	return err
}

// addReferences names only ids that were minted for this recipient, the
// pseudo-root and, for customers, ids of mails that customers sent.
func (o *Outgoing) addReferences(r outgoingRow, ids []struct{ MessageID string }) {
	o.References = []string{r.Root}
	for _, id := range ids {
		if !slices.Contains(o.References, id.MessageID) {
			o.References = append(o.References, id.MessageID)
		}
	}
	o.InReplyTo = o.References[len(o.References)-1]
}

// maskAddresses takes the addresses of customers out of a collaborator's copy, so
// that nothing in it leads an answer to them.
func (o *Outgoing) maskAddresses() {
	keep := func(text string) string { return MaskAddresses(text) }
	o.Subject, o.Text, o.Author, o.Signature = keep(o.Subject), keep(o.Text), keep(o.Author), keep(o.Signature)
	for i := range o.Quote {
		o.Quote[i].Author, o.Quote[i].Text = keep(o.Quote[i].Author), keep(o.Quote[i].Text)
	}
	for i := range o.Files {
		o.Files[i].Name = keep(o.Files[i].Name)
	}
}

func reSubject(subject string) string {
	if len(subject) >= 3 && strings.EqualFold(subject[:3], "re:") {
		return subject
	}
	return "Re: " + subject
}

// addNotice fills a notice to an agent. Of words it may hold a customer's, never
// a note's.
func (d *Desk) addNotice(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow, parts outgoingParts) (err error) {
	o.Subject = fmt.Sprintf("[#%d] %s", r.ConversationID, r.Subject)
	o.Page = fmt.Sprintf("%s/agent/conversations/%d", d.cfg.PublicURL, r.ConversationID)
	o.Where = r.Language.Say("conversation #{number}", "number", r.ConversationID)
	o.addReferences(r, parts.ids)
	switch r.Kind {
	case NoticeMessage:
		return d.addWords(ctx, tx, o, r, parts)
	case NoticeDraft:
		reason, err := value[string](ctx, tx, `
			select coalesce((select reason from inbound i join deliveries d on d.inbound_id = i.id where d.id = $1), '')`, r.ID)
		if err != nil {
			return err
		}
		if o.Problem = notSentIn(r.Language, reason); o.Problem == "" {
			o.Problem = "A public reply by mail needs an answer to your own newest notice, from an address that is proven to be yours."
		}
	case NoticeFailed, NoticeDelayed:
		mark := "Not delivered: {subject}"
		if r.Kind == NoticeDelayed {
			mark = "Not delivered yet: {subject}"
		}
		o.Subject = r.Language.Say(mark, "subject", o.Subject) // else it looks like a mail of the customer's
		o.Problem, err = problemOf(ctx, tx, r)
		return err
	}
	return nil
}

// addMention fills the mail to mentioned staff: a thread of its own, and no word
// of the note.
func (d *Desk) addMention(o *Outgoing, r outgoingRow) {
	path := ""
	switch {
	case r.ConversationID != 0:
		path, o.Where = fmt.Sprintf("conversations/%d", r.ConversationID), r.Language.Say("conversation #{number}", "number", r.ConversationID)
	case r.NoteUser != 0: // the page finds the piece of the journey that holds the note
		path, o.Where = fmt.Sprintf("users/%d?note=%d", r.NoteUser, r.NoteID), r.Language.Say("a user")
	default:
		path, o.Where = fmt.Sprintf("organizations/%d?note=%d", r.NoteOrganization, r.NoteID), r.Language.Say("an organization")
	}
	o.Page = fmt.Sprintf("%s/agent/%s#note-%d", d.cfg.PublicURL, path, r.NoteID)
}

// addAccount fills acknowledgement, verification, invite, reset and sign-in. A link is
// minted now, and lives in the bytes alone.
func (d *Desk) addAccount(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow, parts outgoingParts) (err error) {
	if r.Purpose == PurposeVerify && r.Kind == "" && r.UserHasPassword {
		o.Notice = NoticeConfirm
	}
	if r.Kind == NoticeAddresses {
		o.AccountPage = d.cfg.PublicURL + "/profile"
		o.Author = MaskAddresses(o.Author) // a name may be what a From header once said
		return nil
	}
	if r.Kind == NoticeSecurity {
		o.AccountPage = d.cfg.PublicURL + "/profile#two-factor"
		o.Problem, err = securityTold(ctx, tx, r)
		return err
	}
	if r.Purpose == PurposeAcknowledgement {
		o.addReferences(r, parts.ids)
	}
	if r.InboundMessageID != "" {
		o.InReplyTo = r.InboundMessageID
	}
	if r.LinkPurpose == "" {
		return nil
	}
	secret, expires, err := mintLink(ctx, tx, LinkPurpose(r.LinkPurpose), r.UserID, r.Recipient, r.AuthorID)
	if err != nil {
		return err
	}
	if r.LeadsTo != "" {
		later(tx, `update links set leads_to = $2 where secret_hash = $1`, HashSecret(secret), r.LeadsTo)
	}
	o.Link, o.LinkExpires = d.cfg.PublicURL+"/accept/"+secret, expires
	return nil
}
