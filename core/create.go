package core

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// NewConversation is a conversation that an agent opens on a customer's behalf.
type NewConversation struct {
	Subject        string
	Text           string
	Requester      UserID // or
	RequesterEmail string // an unknown address makes the customer
	CC             []string
	Files          []Upload
	Mailbox        MailboxID // 0: the first
	Channel        Channel   // ChannelAgent by default
	Form           string    // the key of the form: sent twice, it opens one; empty: none
}

// CreateConversation opens one on a customer's behalf. The words are the agent's
// public message, mailed to the customer from the mailbox; an unknown address
// makes the customer, and no account mail (behaviour.md section 2). ErrForbidden,
// Invalid of "subject", "contents", "requester_id", "requester_email", "cc" or
// "files".
func (d *Desk) CreateConversation(ctx context.Context, actor Actor, n NewConversation) (id ConversationID, err error) {
	defer d.attempt(ctx, &err, actor, "open a conversation for somebody", "")
	if err := actor.Can(DoOpenForCustomer); err != nil {
		return 0, err
	}
	if err := actor.Can(DoReply); err != nil {
		return 0, err
	}
	subject, err := subjectGiven(n.Subject)
	if err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if id, err = madeBy[ConversationID](ctx, tx, casesOfForms, actor, n.Form, n.Text); err != nil || id != 0 {
			return err
		}
		requester, err := d.requesterGiven(ctx, tx, n.Requester, n.RequesterEmail)
		if err != nil {
			return err
		}
		channel := sourceOr(n.Channel, ChannelAgent)
		c, err := insertConversation(ctx, tx, subject, requester, n.Mailbox, channel)
		if err != nil {
			return err
		}
		id = c.ID
		var post PostID
		if requester == actor.ID {
			post, err = d.say(ctx, tx, actor, c, n.Text, n.Files, channel)
		} else {
			post, err = d.reply(ctx, tx, actor, c, ReplyForm{Text: n.Text, CC: n.CC, Files: n.Files, Source: channel})
		}
		if err != nil {
			return err
		}
		return markMade(ctx, tx, markPost, int64(post), n.Form)
	})
	return id, err
}

// A Question is what somebody asks in the portal.
type Question struct {
	Subject, Text string
	Files         []Upload
	Form          string         // the key of the form: sent twice, it is one conversation; empty: none
	After         ConversationID // a closed one of their own that it goes on with; 0: none
}

// OpenConversation is Ask without more than words and files.
func (d *Desk) OpenConversation(ctx context.Context, actor Actor, subject, text string, files []Upload) (id ConversationID, err error) {
	return d.Ask(ctx, actor, Question{Subject: subject, Text: text, Files: files})
}

// Ask is the portal's way to a conversation: the actor, of any role, asks as the
// requester. ErrForbidden, ErrNotFound for an After that is not theirs, Invalid of
// "subject", "contents" or "files".
func (d *Desk) Ask(ctx context.Context, actor Actor, q Question) (id ConversationID, err error) {
	defer wrap(&err, "open conversation")
	if err := actor.Can(DoUsePortal); err != nil {
		return 0, err
	}
	subject, err := subjectGiven(q.Subject)
	if err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if id, err = madeBy[ConversationID](ctx, tx, casesOfForms, actor, q.Form, q.Text); err != nil || id != 0 {
			return err
		}
		c, err := insertConversation(ctx, tx, subject, actor.ID, 0, ChannelHelpCenter)
		if err != nil {
			return err
		}
		id = c.ID
		if err := followUp(ctx, tx, actor, id, q.After); err != nil {
			return err
		}
		post, err := d.say(ctx, tx, actor, c, q.Text, q.Files, ChannelHelpCenter)
		if err != nil {
			return err
		}
		return markMade(ctx, tx, markPost, int64(post), q.Form)
	})
	return id, err
}

// followUp links a conversation with the closed one that it goes on with, as a mail
// to that one would (mail-law: elsewhere).
func followUp(ctx context.Context, tx pgx.Tx, actor Actor, id, after ConversationID) error {
	if after == 0 {
		return nil
	}
	closed, err := lockOwn(ctx, tx, actor, after)
	if err == nil && closed.Status == StatusClosed {
		linkConversations(tx, id, LinkTo{after, RelatedFollowUp})
	}
	return err
}

func subjectGiven(subject string) (string, error) {
	if subject = cleanLine(subject, maxSubject); subject == "" {
		return "", Invalid{Field: "subject", Code: CodeRequired, Problem: "There is no subject."}
	}
	return subject, nil
}

// insertConversation makes an empty one at a mailbox, 0 for the first.
func insertConversation(ctx context.Context, tx pgx.Tx, subject string, requester UserID, mailbox MailboxID, channel Channel) (locked, error) {
	at, err := one[struct {
		ID     MailboxID
		Domain string
	}](ctx, tx, `select id, split_part(address, '@', 2) as domain from mailboxes where $1::bigint in (0, id) order by id limit 1`, mailbox)
	if errors.Is(err, ErrNotFound) {
		return locked{}, Invalid{Field: "mailbox_id", Code: CodeInvalid, Problem: "There is no such mailbox."}
	}
	if err != nil {
		return locked{}, err
	}
	c, err := one[locked](ctx, tx, `
		insert into conversations as c (subject, requester_id, mailbox_id, channel, root) values ($1, $2, $3, $4, $5)
		returning `+lockedColumns, subject, requester, at.ID, channel, newRoot(at.Domain))
	touch(tx, c.ID)
	return c, err
}

// requesterGiven finds the person that staff named as requester: by id or by
// address, which makes the customer if nobody has it.
func (d *Desk) requesterGiven(ctx context.Context, tx pgx.Tx, id UserID, email string) (UserID, error) {
	field := "requester_id"
	if id == 0 {
		field = "requester_email"
		if strings.TrimSpace(email) == "" {
			return 0, Invalid{Field: field, Code: CodeRequired, Problem: "For whom? There is no address."}
		}
		if _, err := d.outsiders(ctx, tx, field, []string{email}); err != nil {
			return 0, err
		}
		address, err := ParseAddress(email)
		if err != nil {
			return 0, err
		}
		if id, err = d.customerAt(ctx, tx, address); err != nil {
			return 0, err
		}
	}
	// Locked, so that nobody is merged away or deleted before this is written.
	enabled, err := value[bool](ctx, tx, `select enabled from users where id = $1 for share`, id)
	if errors.Is(err, ErrNotFound) {
		return 0, Invalid{Field: field, Code: CodeInvalid, Problem: "There is no such person."}
	}
	if err == nil && !enabled {
		return 0, Invalid{Field: field, Code: CodeInvalid, Problem: "This person is not enabled and would get no mail."}
	}
	return id, err
}

// customerAt gives who has the address, and makes a customer of it if nobody has.
// Staff vouch for it, so the organization of its domain is joined.
func (d *Desk) customerAt(ctx context.Context, tx pgx.Tx, address Address) (UserID, error) {
	if err := lockAddresses(ctx, tx, address); err != nil {
		return 0, err
	}
	id, err := value[UserID](ctx, tx, `select user_id from addresses where address = $1`, address)
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	if id, err = makeCustomer(ctx, tx, address, "", false); err != nil {
		return 0, err
	}
	return id, joinOrganization(ctx, tx, id, address)
}
