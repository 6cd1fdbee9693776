package web

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"postdesk/core"
)

// A RecordState says whether the DNS shows the record of a DKIM key.
type RecordState string

// The states. Unknown: the DNS could not be asked, or gave no answer.
const (
	RecordPublished RecordState = "published"
	RecordMissing   RecordState = "missing"
	RecordWrong     RecordState = "wrong"
	RecordUnknown   RecordState = "unknown"
)

// A Finding is one thing that the DNS says about a domain of ours.
type Finding struct {
	What    string // SPF, DMARC
	Good    bool
	Text    string
	Records []string // to publish, as lines of a zone file
}

// lookingTime is how long a page waits for the DNS.
const lookingTime = 3 * time.Second

// keyView is a key with what the DNS shows of it.
type keyView struct {
	core.SigningKey
	State   RecordState
	Problem string
}

// Seen tells that verifiers find the key.
func (k keyView) Seen() bool { return k.State == RecordPublished }

// Strings is the record in strings of 255 octets at most, as a zone file takes it
// (RFC 6376 section 3.6.2.2).
func (k keyView) Strings() (parts []string) {
	for part := range slices.Chunk([]byte(k.Record()), 255) {
		parts = append(parts, string(part))
	}
	return parts
}

// A sendingDomain is a domain that our mail is from.
type sendingDomain struct {
	Name     string
	Signable bool
	Active   *keyView
	Waiting  *keyView
	Retired  []core.SigningKey
	Findings []Finding
}

type signingPage struct {
	base
	Domains []*sendingDomain
}

// Over tells that the record of a retired key may be removed.
func (p signingPage) Over(k core.SigningKey) bool {
	return p.now.After(k.RecordUntil()) && !k.Unsent
}

func (s *server) signing(v *visit) error { return s.showSigning(v, http.StatusOK, nil) }

func (s *server) showSigning(v *visit, status int, f faults) (err error) {
	p := signingPage{}
	if p.Domains, err = s.sendingDomains(v); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Sending domains", "signing"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "signing", p)
}

// sendingDomains are those of the mailboxes, in their order, and what the DNS says
// of each.
func (s *server) sendingDomains(v *visit) (domains []*sendingDomain, err error) {
	keys, err := s.desk.SigningKeys(v.ctx(), v.actor)
	if err != nil {
		return nil, err
	}
	mailboxes, err := s.desk.Mailboxes(v.ctx(), v.actor)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, m := range mailboxes {
		if name := m.Address.Domain(); !known[name] {
			known[name] = true
			domains = append(domains, domainOf(name, keys))
		}
	}
	s.lookAt(v.ctx(), domains)
	return domains, nil
}

func domainOf(name string, keys []core.SigningKey) *sendingDomain {
	d := &sendingDomain{Name: name, Signable: core.Signable(name)}
	for _, k := range keys {
		switch {
		case k.Domain != name:
		case k.Signs():
			d.Active = &keyView{SigningKey: k, State: RecordUnknown}
		case k.Waits():
			d.Waiting = &keyView{SigningKey: k, State: RecordUnknown}
		default:
			d.Retired = append(d.Retired, k)
		}
	}
	return d
}

// lookAt asks the DNS about everything at once.
func (s *server) lookAt(ctx context.Context, domains []*sendingDomain) {
	ctx, cancel := context.WithTimeout(ctx, lookingTime)
	defer cancel()
	var all sync.WaitGroup
	for _, d := range domains {
		for _, k := range []*keyView{d.Active, d.Waiting} {
			if k != nil {
				all.Go(func() { k.State, k.Problem = s.recordOf(ctx, k.SigningKey) })
			}
		}
		if s.published != nil && d.Signable {
			all.Go(func() { d.Findings = s.published(ctx, d.Name) })
		}
	}
	all.Wait()
}

func (s *server) recordOf(ctx context.Context, k core.SigningKey) (RecordState, string) {
	if s.signingRecord == nil {
		return RecordUnknown, ""
	}
	return s.signingRecord(ctx, k)
}

// actOnSigning makes the next key of a domain, or lets one that waits sign.
func (s *server) actOnSigning(v *visit) error {
	said, err := "key-made", error(nil)
	if v.field("do") == "use" {
		said, err = s.useKey(v, fieldID[core.SigningKeyID](v, "key"))
	} else {
		_, err = s.desk.MakeSigningKey(v.ctx(), v.actor, v.field("domain"))
	}
	return v.after(err, "/admin/sending", said, func(status int, f faults) error { return s.showSigning(v, status, f) })
}

// useKey refuses no key whose record is not seen: our DNS may not be everybody's.
func (s *server) useKey(v *visit, id core.SigningKeyID) (said string, err error) {
	if err := s.desk.ActivateSigningKey(v.ctx(), v.actor, id); err != nil {
		return "", err
	}
	keys, err := s.desk.SigningKeys(v.ctx(), v.actor)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(v.ctx(), lookingTime)
	defer cancel()
	for _, k := range keys {
		if k.ID == id {
			if state, _ := s.recordOf(ctx, k); state != RecordPublished {
				return "key-unseen", nil
			}
		}
	}
	return "key-used", nil
}
