package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// A MailboxText is a text of a mailbox: its own, or the standard one.
type MailboxText struct {
	Rule      TextRule     // with the standard text of its language
	Language  language.Tag // of who reads it
	Text      MailText
	ChangedAt *time.Time // nil: the standard text
	ChangedBy string
}

// MailTexts lists the texts that mails of a mailbox say in a language, in the order of TextRules:
// those of accounts are of the first mailbox alone.
// ErrForbidden, ErrNotFound.
func (d *Desk) MailTexts(ctx context.Context, actor Actor, id MailboxID, in language.Tag) (texts []MailboxText, err error) {
	defer wrap(&err, "texts of mailbox %d", id)
	if _, err := d.mailbox(ctx, actor, id); err != nil {
		return nil, err
	}
	return mailTexts(ctx, d.pool, id, in)
}

// MailText gives one of them. ErrForbidden, ErrNotFound.
func (d *Desk) MailText(ctx context.Context, actor Actor, id MailboxID, kind TextKind, in language.Tag) (_ MailboxText, err error) {
	defer wrap(&err, "text %s of mailbox %d", kind, id)
	if _, err := d.mailbox(ctx, actor, id); err != nil {
		return MailboxText{}, err
	}
	return mailText(ctx, d.pool, id, kind, in)
}

func mailText(ctx context.Context, q querier, id MailboxID, kind TextKind, in language.Tag) (MailboxText, error) {
	texts, err := mailTexts(ctx, q, id, in)
	if err != nil {
		return MailboxText{}, err
	}
	for _, t := range texts {
		if t.Rule.Kind == kind {
			return t, nil
		}
	}
	return MailboxText{}, ErrNotFound
}

func mailTexts(ctx context.Context, q querier, id MailboxID, in language.Tag) ([]MailboxText, error) {
	type row struct {
		Kind          TextKind
		Subject, Body string
		UpdatedAt     time.Time
		UpdatedBy     string
	}
	own, err := rows[row](ctx, q, `
		select t.kind, t.subject, t.body, t.updated_at, coalesce(u.name, '') as updated_by
		from mailbox_texts t left join users u on u.id = t.updated_by where t.mailbox_id = $1 and t.locale = $2`, id, in)
	if err != nil {
		return nil, err
	}
	other, err := value[bool](ctx, q, `select exists (select from mailboxes where id < $1)`, id)
	if err != nil {
		return nil, err
	}
	var texts []MailboxText
	for _, rule := range TextRules() {
		if rule.FirstOnly && other {
			continue
		}
		rule = rule.In(in)
		t := MailboxText{Rule: rule, Language: in, Text: rule.Standard}
		for _, r := range own {
			if r.Kind == rule.Kind {
				t.Text, t.ChangedAt, t.ChangedBy = MailText{r.Subject, r.Body}, &r.UpdatedAt, r.UpdatedBy
			}
		}
		texts = append(texts, t)
	}
	return texts, nil
}

// SetMailText writes a text anew; the standard text is kept as none of its own.
// Seen is the ChangedAt that the writer began from. Invalid with the fields
// subject and body, ErrConflict if somebody else was faster, ErrForbidden,
// ErrNotFound, also for a text that no mail of this mailbox says.
func (d *Desk) SetMailText(ctx context.Context, actor Actor, id MailboxID, kind TextKind, in language.Tag, typed MailText, seen *time.Time) (err error) {
	defer d.attempt(ctx, &err, actor, "change a text of", object("mailbox", id))
	if _, err := d.mailbox(ctx, actor, id); err != nil {
		return err
	}
	text, err := CheckMailText(kind, typed)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockMailbox(ctx, tx, id); err != nil {
			return err
		}
		before, err := mailText(ctx, tx, id, kind, in)
		if err != nil {
			return err
		}
		if (seen == nil) != (before.ChangedAt == nil) || seen != nil && !seen.Equal(*before.ChangedAt) {
			return refuse(ErrConflict, "Somebody changed this text in the meantime. Look at it again.")
		}
		return writeMailText(ctx, tx, actor, id, before, text)
	})
}

func writeMailText(ctx context.Context, tx pgx.Tx, actor Actor, id MailboxID, before MailboxText, text MailText) error {
	detail := changes{}
	detail.note("subject", before.Text.Subject, text.Subject)
	detail.note("body", before.Text.Body, text.Body)
	if len(detail) == 0 {
		return nil
	}
	detail["text"] = before.Rule.Name
	if before.Language != language.English {
		detail["language"] = before.Language
	}
	sql := `
		insert into mailbox_texts (mailbox_id, kind, locale, subject, body, updated_by) values (@id, @kind, @locale, @subject, @body, nullif(@by::bigint, 0))
		on conflict (mailbox_id, kind, locale) do update
		set subject = excluded.subject, body = excluded.body, updated_by = excluded.updated_by, updated_at = clock_timestamp()`
	args := pgx.StrictNamedArgs{"id": id, "kind": before.Rule.Kind, "locale": before.Language, "subject": text.Subject, "body": text.Body, "by": actor.ID}
	if text == before.Rule.Standard {
		sql, args = `delete from mailbox_texts where mailbox_id = @id and kind = @kind and locale = @locale`,
			pgx.StrictNamedArgs{"id": id, "kind": before.Rule.Kind, "locale": before.Language}
	}
	if _, err := tx.Exec(ctx, sql, args); err != nil {
		return err
	}
	return audit(ctx, tx, actor, "mailbox.text_changed", object("mailbox", id), detail)
}

// SampleMail is a mail as a text would make it, with people who do not exist.
// Invalid as for SetMailText, ErrForbidden, ErrNotFound.
func (d *Desk) SampleMail(ctx context.Context, actor Actor, id MailboxID, kind TextKind, in language.Tag, typed MailText) (_ *Outgoing, err error) {
	defer wrap(&err, "sample of text %s of mailbox %d", kind, id)
	box, err := d.mailbox(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if _, err := mailText(ctx, d.pool, id, kind, in); err != nil {
		return nil, err
	}
	text, err := CheckMailText(kind, typed)
	if err != nil {
		return nil, err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &Outgoing{Purpose: textPurpose(kind), Notice: textNotice(kind), Words: text, Instance: settings.Name, Language: in, Accent: settings.Accent,
		From:      NamedAddress{Name: box.Name, Address: box.Address.String()},
		Recipient: NamedAddress{Name: "Cara Customer", Address: "cara@example.com"},
		To:        []NamedAddress{{Name: "Cara Customer", Address: "cara@example.com"}},
		Subject:   "Re: Where is my second parcel?",
		MessageID: "sample@" + box.Address.Domain(),
		Date:      now, Zone: Zone(actor.Timezone, settings.Timezone),
		Author: actor.Name, Signature: actor.Name,
		Text: "Hello Cara,\n\nthe second parcel left us today. Tell me if anything is missing.",
		Link: d.cfg.PublicURL + "/accept/sample", LinkExpires: now.Add(24 * time.Hour),
		AccountPage: d.cfg.PublicURL + "/reset", Page: d.cfg.PublicURL + "/agent/conversations/42",
		Where: in.Say("conversation #{number}", "number", 42), Problem: "The server of example.com does not answer.",
	}, nil
}

// textPurpose and textNotice take a kind of text apart again.
func textPurpose(kind TextKind) DeliveryPurpose {
	switch kind {
	case TextMessage, TextNote, TextDraft, TextDelayed, TextFailed:
		return PurposeStaffNotice
	case TextConfirm, TextAddresses, TextSecurity:
		return PurposeVerify
	case TextSignIn:
		return PurposeReset
	}
	return DeliveryPurpose(kind)
}

func textNotice(kind TextKind) NoticeKind {
	if DeliveryPurpose(kind) == textPurpose(kind) {
		return ""
	}
	return NoticeKind(kind)
}
