package core

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// An acceptance is a mail on its way to a committed row.
type acceptance struct {
	env    Envelope
	raw    []byte
	claim  bool
	digest []byte
	size   int64
	upload UploadID // of a great mail, whose raw is only the beginning
}

func (a acceptance) key() string { return string(a.digest) }

func (a acceptance) octets() int { return len(a.raw) }

func (a acceptance) same(other acceptance) bool { return bytes.Equal(a.digest, other.digest) }

// Mails of up to this size are stored together. A great one is better alone: its
// bytes would keep the others waiting.
const togetherBytes = 256 << 10

// Accept stores a mail. When it returns, the mail cannot be lost: the row is
// committed. With claim it is born leased to this process, which is to file it;
// without, whoever claims next does. The same bytes from the same client for the
// same recipients are accepted again and counted on the first (mail-law section
// 7).
func (d *Desk) Accept(ctx context.Context, env Envelope, raw []byte, claim bool) (c Claim, err error) {
	defer wrap(&err, "accept")
	a := acceptance{env: env, raw: raw, claim: claim, digest: acceptDigest(env, raw), size: int64(len(raw))}
	if Faulty(FaultAckFirst) {
		go d.accept(context.WithoutCancel(ctx), []acceptance{a})
		return Claim{}, nil
	}
	defer d.rush.sender()()
	if len(raw) > togetherBytes {
		o := d.accept(ctx, []acceptance{a})[0]
		c, err = o.out, o.err
	} else {
		c, err = d.accepting.join(ctx, a)
	}
	if err == nil && !claim {
		d.bells.ring(BellInbound)
	}
	return c, err
}

// acceptTime bounds one transaction that accepts.
const acceptTime = 2 * time.Minute

// accept stores mails with different digests in one transaction, in the order of
// the digests: two processes that get the same mails wait for each other in turn.
// Where the fault may be that of one of them, each is tried alone.
func (d *Desk) accept(ctx context.Context, batch []acceptance) []outcome[Claim] {
	ctx, cancel := context.WithTimeout(ctx, acceptTime)
	defer cancel()
	out := make([]outcome[Claim], len(batch))
	sorted := slices.SortedFunc(slices.Values(batch), func(a, b acceptance) int { return bytes.Compare(a.digest, b.digest) })
	err := d.tx(ctx, func(tx pgx.Tx) error {
		return insertAccepted(ctx, tx, sorted, func(a acceptance, c Claim, _ bool) {
			out[slices.IndexFunc(batch, a.same)].out = c
		})
	})
	for i := range out {
		switch {
		case err == nil:
		case len(batch) > 1 && refusedByDatabase(err):
			out[i] = d.accept(ctx, batch[i:i+1])[0]
		default:
			out[i] = outcome[Claim]{err: err}
		}
	}
	return out
}

// refusedByDatabase tells an answer of the database from its absence.
func refusedByDatabase(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg)
}

// insertAccepted writes the rows of mails, or counts those that came before on theirs.
// got is told of each, with its claim, and whether its row is new.
func insertAccepted(ctx context.Context, tx pgx.Tx, list []acceptance, got func(a acceptance, c Claim, inserted bool)) error {
	b := &pgx.Batch{} // so that it goes with the begin
	b.Queue(acceptSQL, acceptColumns(list)...).Query(func(rows pgx.Rows) error {
		var digest []byte
		var inserted bool
		var id InboundID
		var at time.Time
		_, err := pgx.ForEachRow(rows, []any{&digest, &id, &inserted, &at}, func() error {
			a := list[slices.IndexFunc(list, acceptance{digest: digest}.same)]
			got(a, a.accepted(id, inserted, at), inserted)
			return nil
		})
		return err
	})
	defer Passing(PointStored)
	return tx.SendBatch(ctx, b).Close()
}

const acceptSQL = `
	insert into inbound (digest, attempts, tries, due_at, received_at, client_ip, helo, tls, envelope_from, recipients, size, raw, channel, trapped, upload_id)
	select digest, attempts, attempts, now() + lease, now(), client_ip::inet, helo, tls, envelope_from, string_to_array(recipients, E'\n'),
		size, raw, channel, trapped, nullif(upload, 0)
	from unnest($1::bytea[], $2::integer[], $3::interval[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::boolean[],
			$12::bigint[], $13::bigint[])
		as g (digest, attempts, lease, client_ip, helo, tls, envelope_from, recipients, raw, channel, trapped, size, upload)
	on conflict (digest) do update set arrivals = inbound.arrivals + 1
	returning digest, id, xmax = 0, received_at`

// acceptColumns are the mails as acceptSQL takes them: a list for each column.
func acceptColumns(list []acceptance) []any {
	text := func(of func(a acceptance) string) []string { return column(list, of) }
	return []any{
		column(list, func(a acceptance) []byte { return a.digest }),
		column(list, acceptance.attempt),
		column(list, func(a acceptance) time.Duration { return inboundLease * time.Duration(a.attempt()) }),
		column(list, func(a acceptance) *string { return clientOf(a.env) }),
		text(func(a acceptance) string { return storable(a.env.Helo) }),
		column(list, func(a acceptance) bool { return a.env.TLS }),
		text(func(a acceptance) string { return storable(a.env.From) }),
		text(func(a acceptance) string { return strings.Join(storableAll(a.env.Recipients), "\n") }),
		column(list, func(a acceptance) []byte { return a.raw }),
		text(func(a acceptance) string { return string(sourceOr(a.env.Channel, ChannelMail)) }),
		column(list, func(a acceptance) bool { return a.env.Trapped }),
		column(list, func(a acceptance) int64 { return a.size }),
		column(list, func(a acceptance) UploadID { return a.upload }),
	}
}

// attempt is 1 for a mail that is born claimed.
func (a acceptance) attempt() int {
	if a.claim {
		return 1
	}
	return 0
}

// accepted is the claim to a mail that has its row.
func (a acceptance) accepted(id InboundID, inserted bool, at time.Time) Claim {
	c := Claim{ID: id, Envelope: a.env, Raw: a.raw, Attempt: a.attempt(), Tries: a.attempt(), Held: a.claim && inserted}
	c.Envelope.ReceivedAt = at
	return c
}

// clientOf is the client's address for PostgreSQL, nil if there is none.
func clientOf(env Envelope) *string {
	if !env.ClientIP.IsValid() {
		return nil
	}
	text := env.ClientIP.Unmap().WithZone("").String()
	return &text
}

func acceptDigest(env Envelope, raw []byte) []byte {
	h := newAcceptHash(env)
	h.Write(raw)
	return h.Sum(nil)
}

// mostTries is how often a mail is claimed by processes that do not live to park
// it. More than those that do (NextTry).
const mostTries = 5
