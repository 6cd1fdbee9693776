package core

import (
	"bytes"
	"context"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A Source is a stored mail as it came, byte for byte: every reader of raw mail
// goes through one. Of a great mail it holds only the beginning.
type Source struct {
	q      querier
	upload UploadID // 0: head is all of it
	head   []byte
	size   int64
}

const sourceColumns = `i.raw, coalesce(i.upload_id, 0), i.size`

// scan reads a row of sourceColumns.
func (s *Source) scan() []any { return []any{&s.head, &s.upload, &s.size} }

// sourceOf finds a mail's bytes. ErrNotFound for no such mail, nil after they were
// deleted.
func sourceOf(ctx context.Context, q querier, where string, args ...any) (*Source, error) {
	s := &Source{q: q}
	rows, err := q.Query(ctx, `select `+sourceColumns+` from inbound i where `+where, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (bool, error) { return true, row.Scan(s.scan()...) })
	if err != nil || !found || s.head == nil {
		return nil, notFound(err)
	}
	s.settle()
	return s, nil
}

// settle knows the size of what is no great mail: its bytes are counted.
func (s *Source) settle() {
	if s.upload == 0 {
		s.size = int64(len(s.head))
	}
}

// Size is how many bytes the mail has.
func (s *Source) Size() int64 { return s.size }

// Great tells that the mail is better read in pieces.
func (s *Source) Great() bool { return s.upload != 0 }

// At gives the bytes, from the database piece by piece where the mail is great. It
// is for one goroutine and, where the source is of a transaction, for its time.
func (s *Source) At(ctx context.Context) io.ReaderAt {
	if s.upload == 0 {
		return bytes.NewReader(s.head)
	}
	return &partsReader{ctx: ctx, of: s, ordinal: -1}
}

// Bytes gives all of the mail at once.
func (s *Source) Bytes(ctx context.Context) ([]byte, error) {
	if s.upload == 0 {
		return s.head, nil
	}
	all := make([]byte, s.size)
	_, err := s.At(ctx).ReadAt(all, 0)
	return all, err
}

// partsReader holds one part at a time, and no connection between two.
type partsReader struct {
	ctx     context.Context
	of      *Source
	ordinal int
	part    []byte
}

// ReadAt reads from the beginning that the row has, and from the parts behind it.
func (r *partsReader) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		if at >= r.of.size {
			return n, io.EOF
		}
		piece, err := r.from(at)
		if err != nil {
			return n, err
		}
		k := copy(p[n:], piece)
		n, at = n+k, at+int64(k)
	}
	return n, nil
}

// from is what is at hand of the mail from a place on, never nothing.
func (r *partsReader) from(at int64) ([]byte, error) {
	if head := r.of.head; at < int64(len(head)) {
		return head[at:], nil
	}
	at -= int64(len(r.of.head))
	ordinal, within := int(at/partBytes), int(at%partBytes)
	if ordinal != r.ordinal {
		if err := r.load(ordinal); err != nil {
			return nil, err
		}
	}
	if within >= len(r.part) {
		return nil, io.ErrUnexpectedEOF
	}
	return r.part[within:], nil
}

// load takes a part into the memory that the one before had.
func (r *partsReader) load(ordinal int) error {
	r.ordinal, r.part = -1, r.part[:0]
	rows, err := r.of.q.Query(r.ctx, `select bytes from inbound_parts where upload_id = $1 and ordinal = $2`, r.of.upload, ordinal)
	if err != nil {
		return err
	}
	var lent pgtype.DriverBytes // the connection's, until the next read
	if _, err := pgx.ForEachRow(rows, []any{&lent}, func() error { r.part = append(r.part, lent...); return nil }); err != nil {
		return err
	}
	if len(r.part) == 0 {
		return io.ErrUnexpectedEOF
	}
	r.ordinal = ordinal
	return nil
}

// readSource reads a stored mail. A great one keeps the bytes of its great files in
// the database.
func (d *Desk) readSource(ctx context.Context, s *Source) (Letter, error) {
	if s.Great() && d.cfg.ReadGreat != nil {
		return d.cfg.ReadGreat(s.At(ctx), s.size)
	}
	raw, err := s.Bytes(ctx)
	if err != nil || d.cfg.Read == nil {
		return Letter{}, err
	}
	return d.cfg.Read(raw), nil
}
