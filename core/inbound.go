package core

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Claim is an accepted mail that this process is to file. Only the last
// claimer may finish it.
type Claim struct {
	ID       InboundID
	Attempt  int // fences the claim
	Tries    int // since it came, or was released or replayed
	Envelope Envelope
	Raw      []byte
	Great    *Source // a great mail, in place of Raw
	// Held is false when there is nothing to do: the mail came before, or it
	// waits for whoever claims it next.
	Held bool
	// Released is what staff decided, when they released the mail.
	Released *ReleaseTerms
}

// ReleaseTerms say how a suspended mail is routed once more.
type ReleaseTerms struct {
	Rule      Rule    // left out this time
	Requester Address // named by staff, for bad_from
}

// inboundLease is how long a claim holds by itself: a mail of a process that died
// is due again before it has waited for a minute (reliability I2). Who works on a
// mail for longer renews its claim (RenewInbound).
const inboundLease = 40 * time.Second

// filingTime bounds the transactions that file a mail.
const filingTime = 2 * time.Minute

// claimBytes is how much of stored mail one claim takes into memory, one mail of
// any size apart.
const claimBytes = 32 << 20

// ours are the addresses that take mail, as they were a moment ago.
type ours struct {
	readAt    time.Time
	first     MailboxID
	mailboxes map[Address]MailboxID
	domains   map[string]bool
	passing   map[Address]bool // they pass on other people's mail
	team      *team            // whom nobody else may pass for
}

type oursCache struct {
	mu    sync.Mutex
	known *ours
}

// oursFor bounds how long a mailbox that was taken away still takes mail. One
// that was added takes it at once.
const oursFor = time.Second

// oursAtLeast keeps strangers who try one address after the other from asking the
// database for each.
const oursAtLeast = 20 * time.Millisecond

// mailboxOf finds the mailbox that a plain address of ours stands for: itself,
// or the first one for postmaster and abuse (RFC 5321 section 4.5.1, RFC 2142).
func (o *ours) mailboxOf(a Address) (MailboxID, bool) {
	if id, ok := o.mailboxes[a]; ok {
		return id, true
	}
	if (a.Local() == "postmaster" || a.Local() == "abuse") && o.domains[a.Domain()] && o.first != 0 {
		return o.first, true
	}
	return 0, false
}

// ourAddresses reads the mailboxes and domains, unless they were read a moment
// ago and want says that this is enough.
func (d *Desk) ourAddresses(ctx context.Context, enough func(*ours) bool) (*ours, error) {
	d.ours.mu.Lock()
	defer d.ours.mu.Unlock()
	if o := d.ours.known; o != nil && (time.Since(o.readAt) < oursFor && enough(o) || time.Since(o.readAt) < oursAtLeast) {
		return o, nil
	}
	o, err := d.readOurs(ctx)
	if err == nil {
		d.ours.known = o
	}
	return o, err
}

func (d *Desk) readOurs(ctx context.Context) (*ours, error) {
	o := &ours{readAt: time.Now(), mailboxes: map[Address]MailboxID{}, domains: map[string]bool{}, passing: map[Address]bool{}, team: newTeam()}
	if d.cfg.ReplyDomain != "" {
		o.domains[strings.ToLower(d.cfg.ReplyDomain)] = true
	}
	var id MailboxID
	var address Address
	var domain string
	b := &pgx.Batch{}
	b.Queue(`select id, address from mailboxes order by id`).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&id, &address}, func() error {
			if o.first == 0 {
				o.first = id
			}
			o.mailboxes[address] = id
			o.domains[address.Domain()] = true
			return nil
		})
		return err
	})
	b.Queue(`select domain from own_domains`).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&domain}, func() error { o.domains[domain] = true; return nil })
		return err
	})
	b.Queue(`select address from passing_addresses`).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&address}, func() error { o.passing[address] = true; return nil })
		return err
	})
	var person UserID
	var name string
	b.Queue(`select u.id, u.name, a.address from users u join addresses a on a.user_id = u.id where u.enabled and u.role <> 'customer' order by u.id`).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&person, &name, &address}, func() error { o.team.addPerson(person, name, address); return nil })
		return err
	})
	err := d.pool.SendBatch(ctx, b).Close()
	for domain := range o.domains {
		o.team.addDomain(domain)
	}
	return o, err
}

// forgetOurs makes the next mail see what was changed. Other processes see it
// within a second.
func (d *Desk) forgetOurs() {
	d.ours.mu.Lock()
	defer d.ours.mu.Unlock()
	d.ours.known = nil
}

// Admit says whether mail for a recipient is taken: a mailbox of ours, or an
// address with a token of ours. ErrNotFound for an unknown local part or a wrong
// tag, which never touches the database; ErrForbidden for a domain that is not
// ours and for every kind of routing through us.
func (d *Desk) Admit(ctx context.Context, rcpt string) (err error) {
	defer wrap(&err, "admit")
	at := strings.LastIndexByte(rcpt, '@')
	if at <= 0 || strings.ContainsAny(rcpt[:at], "@%!:\"") {
		return ErrForbidden
	}
	if text, tagged := TokenOfAddress(rcpt); tagged {
		token, ok := d.keys.Read(text)
		if !ok || token.Purpose == PurposeID {
			return ErrNotFound
		}
		return d.admitDomain(ctx, rcpt[at+1:])
	}
	address, err := ParseAddress(rcpt)
	if err != nil {
		return ErrForbidden
	}
	o, err := d.ourAddresses(ctx, func(o *ours) bool { _, ok := o.mailboxOf(address); return ok })
	if err != nil {
		return err
	}
	if _, ok := o.mailboxOf(address); ok {
		return nil
	}
	return o.stranger(address.Domain())
}

func (d *Desk) admitDomain(ctx context.Context, domain string) error {
	probe, err := ParseAddress("x@" + domain)
	if err != nil {
		return ErrForbidden
	}
	o, err := d.ourAddresses(ctx, func(o *ours) bool { return o.domains[probe.Domain()] })
	if err != nil {
		return err
	}
	if o.domains[probe.Domain()] {
		return nil
	}
	return ErrForbidden
}

func (o *ours) stranger(domain string) error {
	if o.domains[domain] {
		return ErrNotFound
	}
	return ErrForbidden
}

// storable makes text of a client's choice fit for PostgreSQL, which takes
// neither NUL nor invalid UTF-8.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "")
}

func storableAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = storable(s)
	}
	return out
}

// suspectTries is how often a mail was claimed and not filed that is then claimed
// alone: late enough that some crashes in a row make few of them, which go slowly.
const suspectTries = 3

// Suspect tells a mail that may be what ended the processes that had it. Whoever
// claims it files nothing else from the database meanwhile (reliability R17).
func (c Claim) Suspect() bool { return c.Tries > suspectTries }

// ClaimInbound leases up to limit mails that are due: parked, released or
// replayed ones, those of a process that died, and those that nobody had room
// for. The oldest first, and no more at once than some memory holds. One that ended
// no claim fails: it may be what ended the processes. Before that it is claimed
// alone (Suspect), so that others do not fail with it.
func (d *Desk) ClaimInbound(ctx context.Context, limit int) (_ []Claim, err error) {
	defer wrap(&err, "claim inbound")
	rows, err := d.pool.Query(ctx, `
		with due as (
			select id, tries, case when upload_id is null then size else $5 end as size, due_at from inbound where state = 'received' and due_at <= now()
			order by due_at, id limit $1 for update skip locked),
		hopeless as (
			update inbound i set state = 'failed', last_error = 'No process lived to file it.'
			from due where i.id = due.id and due.tries >= $3),
		suspect as (select id from due where tries >= $6 and tries < $3 order by due_at, id limit 1),
		fit as (
			select id from (
				select id, sum(size) over (order by due_at, id) - size as before from due where tries < $3) x
			where case when exists (select from suspect) then id in (select id from suspect) else before < $4 end)
		update inbound i set attempts = i.attempts + 1, tries = i.tries + 1, due_at = now() + $2
		from fit where i.id = fit.id
		returning i.id, i.attempts, i.tries, i.client_ip, i.helo, i.tls, i.envelope_from, i.recipients, i.received_at,
			`+sourceColumns+`,
			i.released_at is not null, coalesce(i.released_from, ''), coalesce(i.release_requester, ''), i.channel, i.trapped`,
		limit, inboundLease, mostTries, claimBytes, GreatBytes, suspectTries)
	if err != nil {
		return nil, err
	}
	claims, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Claim, error) {
		c := Claim{Held: true}
		var ip *netip.Addr
		var released bool
		var terms ReleaseTerms
		var requester string
		source := &Source{q: d.pool}
		err := row.Scan(&c.ID, &c.Attempt, &c.Tries, &ip, &c.Envelope.Helo, &c.Envelope.TLS, &c.Envelope.From,
			&c.Envelope.Recipients, &c.Envelope.ReceivedAt, &source.head, &source.upload, &source.size, &released, &terms.Rule, &requester, &c.Envelope.Channel, &c.Envelope.Trapped)
		if c.Great = source; !source.Great() {
			c.Raw, c.Great = source.head, nil
		}
		if ip != nil {
			c.Envelope.ClientIP = *ip
		}
		if released {
			terms.Requester, _ = ParseAddress(requester) // checked when it was named
			c.Released = &terms
		}
		return c, err
	})
	slices.SortFunc(claims, func(a, b Claim) int { return int(a.ID - b.ID) })
	return claims, err
}

// errLostClaim: the lease ended and somebody else has the mail now.
var errLostClaim = errors.New("the claim has passed to somebody else")

// A fenceRow is what tells whether a claim still holds.
type fenceRow struct {
	state    string
	attempts int
}

func (f fenceRow) check(c Claim) error {
	if f.state != "received" || f.attempts != c.Attempt {
		return fmt.Errorf("mail %d: %w", c.ID, errLostClaim)
	}
	return nil
}
