package core_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// greatBytes are bytes that nothing compresses, other than those of another seed.
func greatBytes(seed uint64, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

func greatEnvelope() core.Envelope {
	return core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mx", From: "cara@acme.test", Recipients: []string{"support@desk.test"}}
}

// receive brings a great mail in pieces of odd sizes.
func receive(t *testing.T, d coretest.Desk, raw []byte) *core.GreatMail {
	t.Helper()
	g := d.ReceiveGreat(greatEnvelope())
	for rest := raw; len(rest) > 0; {
		n := min(len(rest), 77_777)
		if err := g.Write(t.Context(), rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	return g
}

func uploads(t *testing.T, d coretest.Desk) string {
	t.Helper()
	return d.Text(t, `select count(*) || ' uploads, ' || (select count(*) from inbound_parts) || ' parts' from inbound_uploads`)
}

func TestAGreatMailIsReadBackFromItsParts(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "adm@desk.test")
	for seed, size := range []int{core.GreatBytes, 64<<10 + 256<<10*4, 64<<10 + 256<<10*4 + 1, 3_000_000} {
		raw := greatBytes(uint64(seed), size)
		claim, err := receive(t, d, raw).Accept(t.Context(), true)
		if err != nil || !claim.Held || claim.Raw != nil || claim.Great.Size() != int64(size) {
			t.Fatalf("%d bytes: %+v (%v)", size, claim, err)
		}
		if whole, err := claim.Great.Bytes(t.Context()); err != nil || !bytes.Equal(whole, raw) {
			t.Errorf("%d bytes: %d are read (%v)", size, len(whole), err)
		}
		source, err := d.MailSource(t.Context(), admin, claim.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := source.At(t.Context())
		for range 30 {
			from, n := rand.IntN(size), rand.IntN(600_000)
			piece := make([]byte, n)
			got, err := at.ReadAt(piece, int64(from))
			if want := raw[from:min(size, from+n)]; !bytes.Equal(piece[:got], want) || (err == io.EOF) != (len(want) < n) {
				t.Fatalf("%d bytes from %d: %d (%v)", n, from, got, err)
			}
		}
		if got := d.Text(t, `select encode(sha256(inbound_raw(i)), 'hex') from inbound i where id = $1`, claim.ID); got != fmt.Sprintf("%x", sha256.Sum256(raw)) {
			t.Errorf("inbound_raw is %s", got)
		}
	}
}

// The digest is that of a mail which came in one piece, as before mails were great.
func TestAGreatMailThatCameBeforeIsCountedOnThat(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	raw := greatBytes(1, 2<<20)
	first, err := d.Accept(t.Context(), greatEnvelope(), raw, false)
	if err != nil {
		t.Fatal(err)
	}
	g := receive(t, d, raw)
	again, err := g.Accept(t.Context(), true)
	if err != nil || again.ID != first.ID || again.Held {
		t.Errorf("%+v (%v)", again, err)
	}
	if got := d.Text(t, `select arrivals || ', ' from inbound`) + uploads(t, d); got != "2, 0 uploads, 0 parts" {
		t.Error(got)
	}
}

func TestPartsGoWithTheirMailAndNeverBefore(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "adm@desk.test")
	cut := receive(t, d, greatBytes(1, 2<<20))
	cut.Discard(t.Context())
	if got := uploads(t, d); got != "0 uploads, 0 parts" {
		t.Errorf("cut off: %s", got)
	}
	stored := receive(t, d, greatBytes(2, 2<<20))
	if _, err := stored.Accept(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	kept := uploads(t, d)
	stored.Discard(t.Context()) // as if nobody had heard that it was accepted
	receive(t, d, greatBytes(3, 2<<20))
	d.Exec(t, `update inbound_uploads set touched_at = now() - interval '59 minutes'`)
	both := uploads(t, d)
	for _, c := range []struct{ after, want string }{{"59 minutes", both}, {"61 minutes", kept}} {
		d.Exec(t, `update inbound_uploads set touched_at = now() - $1::text::interval`, c.after)
		if err := d.TidyGreat(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := uploads(t, d); got != c.want {
			t.Errorf("after %s: %s, want %s", c.after, got, c.want)
		}
	}
	d.Exec(t, `update inbound set state = 'suspended', suspension = 'spam', suspended_at = now()`)
	if err := d.DeleteMails(t.Context(), admin, []core.InboundID{1}); err != nil {
		t.Fatal(err)
	}
	if got := uploads(t, d); got != "0 uploads, 0 parts" {
		t.Errorf("deleted: %s", got)
	}
}

// Whoever empties raw, housekeeping removes the rest.
func TestPartsOfAMailWhoseBytesArePrunedAreRemoved(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	if _, err := receive(t, d, greatBytes(1, 2<<20)).Accept(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update inbound_uploads set touched_at = now() - interval '1 day'`)
	d.Exec(t, `update inbound set raw = null`)
	if err := d.TidyGreat(t.Context()); err != nil || uploads(t, d) != "0 uploads, 0 parts" {
		t.Errorf("%s (%v)", uploads(t, d), err)
	}
}

// A file of a great mail is read as it goes out, from any place.
func TestAFileOfAGreatMailIsReadInPieces(t *testing.T) {
	t.Parallel()
	opened := 0
	raw := greatBytes(1, 2<<20)
	file := raw[100:]
	d := coretest.OpenDesk(t, core.Config{ReadGreat: func(at io.ReaderAt, size int64) (core.Letter, error) {
		open := func() io.Reader { opened++; return io.NewSectionReader(at, 100, size-100) }
		return core.Letter{Attachments: []core.Attachment{{Open: open, Size: size - 100, SHA: sha256.Sum256(file)}}}, nil
	}, Read: func([]byte) core.Letter { t.Error("the mail is read as a whole"); return core.Letter{} }})
	agent := d.Agent(t, "agent@desk.test")
	d.Conversation(t, d.Customer(t, "cara@acme.test"), "hello")
	claim, err := receive(t, d, raw).Accept(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file)
	d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, inbound_id, ordinal) values (1, 'f', 'a/b', $1, $2, $3, 0)`, len(file), sum[:], claim.ID)
	f, err := d.OpenAttachment(t.Context(), agent, 1)
	if err != nil {
		t.Fatal(err)
	}
	content, err := f.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 1_000_000, 5, int64(len(file))} {
		if _, err := content.Seek(from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, file[from:]) {
			t.Errorf("from %d: %d bytes (%v)", from, len(got), err)
		}
	}
	if whole, err := d.Attachment(t.Context(), agent, 1); err != nil || !bytes.Equal(whole.Content, file) {
		t.Errorf("as a whole: %d bytes (%v)", len(whole.Content), err)
	}
	if opened != 4 {
		t.Errorf("opened %d times", opened) // going forward goes on
	}
}
