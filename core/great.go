package core

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// GreatBytes is the size beyond which a mail is great: it is stored in parts while
// it comes, and read in pieces, so that nobody holds the whole of it in memory.
const GreatBytes = 1 << 20

// partBytes is the size of all parts but the last.
const partBytes = 256 << 10

// An UploadID names the parts of a great mail.
type UploadID int64

// A GreatMail is a great mail on its way in. It is used by one goroutine. Nothing
// is promised before Accept returns. Who gives it up says Discard; what a crash
// leaves is swept (TidyGreat).
type GreatMail struct {
	desk   *Desk
	env    Envelope
	hash   hash.Hash
	size   int64
	head   []byte // stays in the mail's row
	part   []byte // the next one, not stored yet
	parts  int    // stored ones
	upload UploadID
}

// ReceiveGreat begins a mail that is great.
func (d *Desk) ReceiveGreat(env Envelope) *GreatMail {
	return &GreatMail{desk: d, env: env, hash: newAcceptHash(env), head: make([]byte, 0, headOfMail), part: make([]byte, 0, partBytes)}
}

// newAcceptHash is the digest of a mail before its first byte.
func newAcceptHash(env Envelope) hash.Hash {
	h := sha256.New()
	part := func(s string) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(s)))
		h.Write([]byte(s))
	}
	part(env.ClientIP.String())
	part(env.From)
	part(strings.Join(slices.Sorted(slices.Values(env.Recipients)), "\n"))
	if Faulty(FaultNoUniqueKey) {
		part(NewMessageIDRandom())
	}
	return h
}

// Size is how many bytes have come.
func (g *GreatMail) Size() int64 { return g.size }

// Fills tells that so many more bytes fill a part, which then is stored.
func (g *GreatMail) Fills(n int) bool { return len(g.head)+len(g.part)+n >= headOfMail+partBytes }

// Write takes more of the mail, and stores each part that is full.
func (g *GreatMail) Write(ctx context.Context, p []byte) (err error) {
	defer wrap(&err, "store great mail")
	g.hash.Write(p)
	g.size += int64(len(p))
	n := min(len(p), headOfMail-len(g.head))
	g.head = append(g.head, p[:n]...)
	for p = p[n:]; len(p) > 0; p = p[n:] {
		n = min(len(p), partBytes-len(g.part))
		if g.part = append(g.part, p[:n]...); len(g.part) == partBytes {
			if err := g.store(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

var errUploadGone = errors.New("the parts of the mail that came before are gone")

// store writes a part, in a transaction of its own: a slow sender holds no
// connection. Its commit is not waited for, since that of the acceptance is: the log
// is written in order, so what stands before it is on the disk with it.
func (g *GreatMail) store(ctx context.Context) error {
	begin := "begin; set local synchronous_commit = off"
	if g.upload != 0 {
		begin += fmt.Sprintf("; update inbound_uploads set touched_at = now() where id = %d", g.upload)
	}
	err := pgx.BeginTxFunc(ctx, g.desk.pool, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) (err error) {
		upload := g.upload
		if upload == 0 {
			if upload, err = value[UploadID](ctx, tx, `insert into inbound_uploads default values returning id`); err != nil {
				return err
			}
		}
		err = copyPart(ctx, tx.Conn().PgConn(), upload, g.parts, g.part)
		g.upload = upload
		return err
	})
	g.part = g.part[:0]
	g.parts++
	return err
}

// copyPart sends a part from where it lies: as a parameter it would be copied twice,
// which for a great mail is as if it were held in memory. The header and the row are
// those of PostgreSQL's COPY in binary.
func copyPart(ctx context.Context, conn *pgconn.PgConn, upload UploadID, ordinal int, part []byte) error {
	row := []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	row = binary.BigEndian.AppendUint16(row, 3) // columns, each behind its length
	row = binary.BigEndian.AppendUint32(row, 8)
	row = binary.BigEndian.AppendUint64(row, uint64(upload))
	row = binary.BigEndian.AppendUint32(row, 4)
	row = binary.BigEndian.AppendUint32(row, uint32(ordinal))
	row = binary.BigEndian.AppendUint32(row, uint32(len(part)))
	end := []byte{0xff, 0xff}
	all := io.MultiReader(bytes.NewReader(row), bytes.NewReader(part), bytes.NewReader(end))
	_, err := conn.CopyFrom(ctx, all, `copy inbound_parts (upload_id, ordinal, bytes) from stdin (format binary)`)
	return err
}

// Accept is Desk.Accept for a mail that has come as a whole.
func (g *GreatMail) Accept(ctx context.Context, claim bool) (c Claim, err error) {
	defer wrap(&err, "accept great mail")
	ctx, cancel := context.WithTimeout(ctx, acceptTime)
	defer cancel()
	if len(g.part) > 0 {
		if err := g.store(ctx); err != nil {
			return c, err
		}
	}
	if err := g.desk.tx(ctx, func(tx pgx.Tx) error { c, err = g.accept(ctx, tx, claim); return err }); err != nil {
		return Claim{}, err
	}
	if !claim {
		g.desk.bells.ring(BellInbound)
	}
	return c, nil
}

// accept makes the mail of the parts, or counts it on the one that came before.
func (g *GreatMail) accept(ctx context.Context, tx pgx.Tx, claim bool) (c Claim, err error) {
	stored, err := value[int64](ctx, tx, `
		with upload as materialized (select id from inbound_uploads where id = $1 for key share)
		select coalesce(sum(octet_length(bytes)), 0)::bigint from inbound_parts where upload_id = (select id from upload)`, g.upload)
	if err != nil {
		return c, err
	}
	if stored+int64(len(g.head)) != g.size {
		return c, errUploadGone
	}
	mail := acceptance{env: g.env, raw: g.head, claim: claim, digest: g.hash.Sum(nil), size: g.size, upload: g.upload}
	known := false
	err = insertAccepted(ctx, tx, []acceptance{mail}, func(_ acceptance, got Claim, inserted bool) { c, known = got, !inserted })
	c.Raw, c.Great = nil, &Source{q: g.desk.pool, upload: g.upload, head: g.head, size: g.size}
	if err == nil && known {
		_, err = tx.Exec(ctx, `delete from inbound_uploads where id = $1`, g.upload)
	}
	return c, err
}

// Discard removes the parts of a mail that was refused or broke off, at once. It
// never harms one that was accepted, not even where nobody heard that it was.
func (g *GreatMail) Discard(ctx context.Context) {
	if g.upload == 0 {
		return
	}
	if _, err := g.desk.pool.Exec(ctx, `
		delete from inbound_uploads u where id = $1 and not exists (select from inbound where upload_id = u.id)`, g.upload); err != nil {
		g.desk.log.InfoContext(ctx, "parts of a mail that was not accepted stay for an hour", "error", err)
	}
}

// TidyGreat removes parts that belong to no mail: of senders that broke off while
// we crashed, and of mails that were deleted.
func (d *Desk) TidyGreat(ctx context.Context) (err error) {
	defer wrap(&err, "tidy great mails")
	if _, err := d.pool.Exec(ctx, `update inbound set upload_id = null where upload_id is not null and raw is null`); err != nil {
		return err
	}
	_, err = d.pool.Exec(ctx, `
		delete from inbound_uploads u where touched_at < now() - interval '1 hour' and not exists (select from inbound where upload_id = u.id)`)
	return err
}
