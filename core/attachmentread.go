package core

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// An OpenFile is a file that is read piece by piece, so that nobody's download
// fills the memory.
type OpenFile struct {
	Name        string
	ContentType string // as its sender says
	Size        int64
	Digest      []byte // SHA-256 of the bytes

	desk *Desk
	id   AttachmentID
	mail storedFile // where its bytes stand in a raw mail
}

// OpenAttachment finds a file: of a message for its conversation's requester and
// for staff who may view it, of a note for the latter only, of a draft for its
// author. ErrNotFound for everybody else.
func (d *Desk) OpenAttachment(ctx context.Context, actor Actor, id AttachmentID) (_ OpenFile, err error) {
	defer wrap(&err, "open attachment %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return OpenFile{}, err
	}
	f, err := one[struct {
		Filename    string
		ContentType string
		Size        int64
		SHA256      []byte `db:"sha256"`
		Ordinal     int
		InboundID   InboundID
	}](ctx, d.pool, `select f.filename, f.content_type, f.size, f.sha256, f.ordinal, coalesce(f.inbound_id, 0) as inbound_id`+seenFile, actor.fileSight(id))
	if err != nil {
		return OpenFile{}, err
	}
	return OpenFile{Name: f.Filename, ContentType: f.ContentType, Size: f.Size, Digest: f.SHA256, desk: d, id: id,
		mail: storedFile{SHA256: f.SHA256, Ordinal: f.Ordinal, InboundID: f.InboundID}}, nil
}

// Bytes reads the file, by a look into the database for each piece. One of a mail
// is read with the mail. ErrNotFound if that is gone. Of its Read, ErrNotFound
// means that the file was deleted meanwhile.
func (f OpenFile) Bytes(ctx context.Context) (_ io.ReadSeeker, err error) {
	defer wrap(&err, "read attachment %d", f.id)
	if f.mail.InboundID == 0 {
		return &pieces{ctx: ctx, of: f}, nil
	}
	parts, err := f.desk.partsOf(ctx, f.desk.pool, f.mail.InboundID)
	if err != nil {
		return nil, err
	}
	part, err := f.mail.part(parts)
	switch {
	case err != nil:
		return nil, err
	case part.Open != nil:
		return &reopened{open: part.Open, size: part.Size}, nil
	}
	return bytes.NewReader(part.Content), nil
}

// reopened is a file of a great mail as io.ReadSeeker: who goes back reads it from
// its beginning.
type reopened struct {
	open func() io.Reader
	size int64
	at   int64 // what the next Read gives
	from io.Reader
	has  int64 // where from stands
}

func (r *reopened) Read(to []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.from == nil || r.has > r.at {
		r.from, r.has = r.open(), 0
	}
	if r.has < r.at {
		n, err := io.CopyN(io.Discard, r.from, r.at-r.has)
		if r.has += n; err != nil {
			return 0, err
		}
	}
	n, err := r.from.Read(to)
	r.at, r.has = r.at+int64(n), r.has+int64(n)
	return n, err
}

func (r *reopened) Seek(offset int64, whence int) (_ int64, err error) {
	r.at, err = seek(r.at, r.size, offset, whence)
	return r.at, err
}

// pieceBytes is read at once.
const pieceBytes = 256 << 10

// pieces is a file of the database as io.ReadSeeker. It holds no connection between
// two pieces: a slow reader keeps nobody waiting.
type pieces struct {
	ctx   context.Context
	of    OpenFile
	at    int64
	piece []byte
	from  int64 // where the piece begins
}

func (p *pieces) Read(to []byte) (int, error) {
	if p.at >= p.of.Size {
		return 0, io.EOF
	}
	if p.at < p.from || p.at >= p.from+int64(len(p.piece)) {
		piece, err := value[[]byte](p.ctx, p.of.desk.pool, `select substring(content from $2::integer for $3::integer) from attachments where id = $1 and content is not null`,
			p.of.id, p.at+1, pieceBytes)
		if err != nil {
			return 0, err
		}
		if len(piece) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		p.piece, p.from = piece, p.at
	}
	n := copy(to, p.piece[p.at-p.from:])
	p.at += int64(n)
	return n, nil
}

var errSeek = errors.New("no such place in the file")

func (p *pieces) Seek(offset int64, whence int) (_ int64, err error) {
	p.at, err = seek(p.at, p.of.Size, offset, whence)
	return p.at, err
}

// seek moves from a place in something of that size, as io.Seeker says.
func seek(at, size, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += at
	case io.SeekEnd:
		offset += size
	}
	if offset < 0 {
		return at, errSeek
	}
	return offset, nil
}
