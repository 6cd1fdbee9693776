package mailer

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"postdesk/core"
)

// Of a mail of ours nobody on its way may add, change or take away sealed fields:
// each is signed once more than it stands there (RFC 6376 section 8.15). Of kept
// fields it may gain more: lists add their own.
var (
	sealedFields = []string{"From", "Subject", "To", "Cc", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "MIME-Version", "Content-Type"}
	keptFields   = []string{"Content-Transfer-Encoding", "Auto-Submitted"}
)

// sign signs a mail with the key of its From domain. One that cannot be signed
// leaves as it is: to those who ask for no signature it arrives, to the others SPF
// may still prove it, and waiting for a key that cannot be read would keep back
// every answer of the desk. A database that is away keeps it back all the same,
// because its bytes cannot be stored.
func (c *Courier) sign(ctx context.Context, d *core.Delivery, raw []byte) []byte {
	from, err := core.ParseAddress(d.Outgoing.From.Address)
	if err == nil && !core.Signable(from.Domain()) {
		return raw
	}
	var signer core.Signer
	if err == nil {
		signer, err = c.Desk.Signer(ctx, from.Domain())
	}
	var signed []byte
	if err == nil {
		signed, err = signMail(raw, signer)
	}
	if err != nil {
		c.Log.ErrorContext(ctx, "mail not signed", "delivery", d.ID, "domain", from.Domain(), "error", err)
		return raw
	}
	return signed
}

// signMail puts a DKIM signature on top of a composed mail and leaves the rest as
// it is: relaxed, for what relays do to spaces, of the whole body (no l=) and for
// ever (no x=: a mail may wait for days).
func signMail(raw []byte, s core.Signer) (signed []byte, err error) {
	if !bytes.Contains(raw, []byte("\r\n\r\n")) {
		return nil, errors.New("sign: the mail has no end of its header")
	}
	signer, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.Domain, Selector: s.Selector, Signer: s.Key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: toSign(fieldNames(raw)),
	})
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	_, written := signer.Write(raw)
	if err := errors.Join(signer.Close(), written); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return append([]byte(signer.Signature()), raw...), nil
}

// toSign names fields as often as they are signed.
func toSign(there []string) (names []string) {
	add := func(name string, more int) {
		for _, is := range there {
			if strings.EqualFold(is, name) {
				more++
			}
		}
		names = append(names, slices.Repeat([]string{name}, more)...)
	}
	for _, name := range sealedFields {
		add(name, 1)
	}
	kept := slices.Clone(keptFields)
	for _, name := range there {
		if len(name) > 5 && strings.EqualFold(name[:5], "List-") && !slices.ContainsFunc(kept, func(k string) bool { return strings.EqualFold(k, name) }) {
			kept = append(kept, name)
		}
	}
	for _, name := range kept {
		add(name, 0)
	}
	return names
}

// fieldNames are those of the header, in their order.
func fieldNames(raw []byte) (names []string) {
	for line := range bytes.Lines(raw) {
		if len(line) <= 2 {
			break
		}
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && line[0] != ' ' && line[0] != '\t' {
			names = append(names, string(bytes.TrimSpace(name)))
		}
	}
	return names
}
