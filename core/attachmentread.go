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
	whole, err := f.mail.file(parts)
	return bytes.NewReader(whole.Content), err
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

func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.of.Size
	}
	if offset < 0 {
		return 0, errSeek
	}
	p.at = offset
	return offset, nil
}
