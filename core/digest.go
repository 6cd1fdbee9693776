package core

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// The daily digest of suspended mail (mail-law section 2): to each admin who has
// not opted out, at eight in the morning where they are, if something was
// suspended since the last one and still waits.

// A Digest is what was suspended in a stretch of time and still waits.
type Digest struct {
	Since   time.Time
	Total   int
	Reasons []DigestReason // the most frequent first
	Newest  []DigestLine   // the newest first
	Profile string         // the page on which it can be turned off
}

// DigestReason counts one reason.
type DigestReason struct {
	Label string
	Mails int
}

// DigestLine is one mail in words that no mail program makes a link of.
type DigestLine struct {
	Label, Sender, Subject string
}

const (
	digestHour  = 8
	digestLines = 10
	// digestSettles is how long after its time a suspension may still be committed.
	digestSettles = filingTime
)

type digestReader struct {
	ID       UserID
	Address  Address
	Timezone string
	Now      time.Time
	Default  string
	Joined   time.Time
	Last     string // day of the last look, or empty
}

// MailDigests writes the digests that are due, and gives how many. Several
// processes may do so at once: each admin gets one a day.
func (d *Desk) MailDigests(ctx context.Context) (mailed int, err error) {
	defer wrap(&err, "mail digests")
	readers, err := rows[digestReader](ctx, d.pool, `
		select u.id, a.address, coalesce(u.timezone, '') as timezone, now() as now, i.timezone as default, u.created_at as joined,
			coalesce((select max(day)::text from suspended_digests s where s.user_id = u.id), '') as last
		from instance i, users u join addresses a on a.user_id = u.id and a.is_primary
		where u.enabled and u.role in ('admin', 'owner') and u.suspended_digest order by u.id`)
	if err != nil {
		return 0, err
	}
	for _, r := range readers {
		day, due := r.due()
		if !due {
			continue
		}
		sent, err := d.mailDigest(ctx, r, day)
		if err != nil {
			return mailed, err
		}
		if sent {
			mailed++
		}
	}
	return mailed, nil
}

// due tells whether it is past eight where the reader is, on a day without a look
// yet. Who became an admin today begins tomorrow.
func (r digestReader) due() (day string, yes bool) {
	zone := Zone(r.Timezone, r.Default)
	local := r.Now.In(zone)
	day = local.Format(time.DateOnly)
	return day, local.Hour() >= digestHour && max(r.Last, r.Joined.In(zone).Format(time.DateOnly)) < day
}

// mailDigest looks once: the row of the day is whose look counts.
func (d *Desk) mailDigest(ctx context.Context, r digestReader, day string) (sent bool, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		sent = false
		waiting, err := value[int](ctx, tx, `
			with look as (
				insert into suspended_digests (user_id, day, since, upto)
				select $1, $2::date, coalesce((select max(upto) from suspended_digests where user_id = $1), now() - interval '1 day'), now() - $3::interval
				on conflict do nothing returning since, upto)
			select (select count(*) from inbound where `+newlySuspended+`)::int from look`, r.ID, day, digestSettles)
		if errors.Is(err, ErrNotFound) {
			return nil // somebody else looked
		}
		if err != nil || waiting == 0 {
			return err
		}
		mailbox, err := value[MailboxID](ctx, tx, `select id from mailboxes order by id limit 1`)
		if err != nil {
			return err
		}
		id, err := value[DeliveryID](ctx, tx, enqueueSQL,
			d.enqueueArgs(mailing{purpose: PurposeStaffNotice, notice: NoticeDigest, to: r.Address, user: r.ID, mailbox: mailbox})...)
		if err != nil {
			return err
		}
		tx.(*unit).mails++
		sent = true
		_, err = tx.Exec(ctx, `update suspended_digests set delivery_id = $3 where user_id = $1 and day = $2::date`, r.ID, day, id)
		return err
	})
	return sent, err
}

// newlySuspended: between since and upto, and nobody has judged it yet.
const newlySuspended = `state = 'suspended' and raw is not null and suspended_at > since and suspended_at <= upto`

// addDigest fills the digest, with what still waits when it is composed.
func (d *Desk) addDigest(ctx context.Context, tx pgx.Tx, o *Outgoing, r outgoingRow) error {
	found, err := rows[struct {
		Suspension Suspension
		Mails      int
		Since      time.Time
	}](ctx, tx, `
		select suspension, count(*)::int as mails, min(since) as since from suspended_digests s join inbound on `+newlySuspended+`
		where s.delivery_id = $1 group by suspension order by mails desc, suspension`, r.ID)
	if err != nil {
		return err
	}
	for _, f := range found {
		o.Digest.Total += f.Mails
		o.Digest.Since = f.Since
		o.Digest.Reasons = append(o.Digest.Reasons, DigestReason{r.Language.Translate(f.Suspension.Label()), f.Mails})
	}
	newest, err := rows[struct {
		Suspension           Suspension
		Address, Name, Title string
	}](ctx, tx, `
		select suspension, coalesce(nullif(from_address, ''), nullif(envelope_from, ''), '') as address, coalesce(from_name, '') as name, coalesce(subject, '') as title
		from suspended_digests s join inbound on `+newlySuspended+`
		where s.delivery_id = $1 order by suspended_at desc, inbound.id desc limit $2`, r.ID, digestLines)
	for _, n := range newest {
		o.Digest.Newest = append(o.Digest.Newest, DigestLine{r.Language.Translate(n.Suspension.Label()), digestSender(r.Language, n.Name, n.Address), Unlinked(cleanLine(n.Title, 80))})
	}
	o.Subject = r.Language.Say("{n} new mails in suspended mail", "n", o.Digest.Total)
	o.Page, o.Where = d.cfg.PublicURL+"/agent/suspended", r.Language.Say("suspended mail")
	o.Digest.Profile = d.cfg.PublicURL + "/profile"
	return err
}

// digestSender always shows the real address beside the name.
func digestSender(tag language.Tag, name, address string) string {
	address = Unlinked(cleanLine(Redact(address), 100))
	if address == "" {
		address = tag.Say("no sender")
	}
	if name = Unlinked(cleanLine(name, 40)); name != "" {
		return name + " <" + address + ">"
	}
	return address
}

var dotBetween = regexp.MustCompile(`([\pL\pN])[.。．｡]([\pL\pN])`)

// Unlinked writes a text so that no mail program makes a link of any part of it:
// "www[.]evil[.]test". What shows nothing is gone.
func Unlinked(text string) string {
	text = strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, text)
	for range 2 { // a letter between two dots belongs to both matches
		text = dotBetween.ReplaceAllString(text, "$1[.]$2")
	}
	return strings.NewReplacer("@", "[@]", "＠", "[@]", "://", "[://]", ":\\\\", "[:\\\\]", "mailto:", "mailto[:]", "tel:", "tel[:]").Replace(text)
}
