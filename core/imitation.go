package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// This file finds who pretends to be somebody of the team (reliability A14): pure
// functions over what the desk knows of itself. They only warn: identity is the
// From address and nothing else.

// team is how colleagues and our domains look.
type team struct {
	names     map[string][]UserID // by look of the name
	addresses map[string][]UserID
	domains   map[string]string // the real one, by look
	people    map[UserID]string // names as they are written
}

func newTeam() *team {
	return &team{names: map[string][]UserID{}, addresses: map[string][]UserID{}, domains: map[string]string{}, people: map[UserID]string{}}
}

// addPerson learns an address of a colleague.
func (t *team) addPerson(id UserID, name string, address Address) {
	if _, known := t.people[id]; !known {
		t.people[id] = name
		for _, look := range nameLooks(name) {
			t.names[look] = append(t.names[look], id)
		}
	}
	look := addressLook(address)
	t.addresses[look] = append(t.addresses[look], id)
}

func (t *team) addDomain(domain string) { t.domains[domainLook(domain)] = domain }

// leastName is how many letters a name needs to be somebody's.
const leastName = 3

// nameLooks are the looks of a name, its words in order and in any order: letters
// and digits alone, so that "Agent, Abe" and abe.agent are Abe Agent too.
func nameLooks(name string) (all []string) {
	for _, look := range looks(name) {
		words := strings.FieldsFunc(look, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for range 2 {
			if joined := strings.Join(words, ""); len([]rune(joined)) >= leastName && !slices.Contains(all, joined) {
				all = append(all, joined)
			}
			slices.Sort(words)
		}
	}
	return all
}

func domainLook(domain string) string { return plain(Skeleton(foldCase(ShownDomain(domain)))) }

func addressLook(a Address) string {
	return plain(Skeleton(foldCase(a.Local()))) + "@" + domainLook(a.Domain())
}

// imitations says whom a mail pretends to be from: by its author (0 for a
// stranger), the address and the name in From.
func (t *team) imitations(author UserID, from Address, name string) (warnings []string) {
	warn := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !slices.Contains(warnings, text) {
			warnings = append(warnings, text)
		}
	}
	if named := addressIn(name); !named.IsZero() && named != from {
		warn(WarnNameIsAddress, named)
	}
	if id := t.imitated(author, from, name); id != 0 {
		warn(WarnNameOfTeam, t.people[id])
	}
	if from.IsZero() {
		return warnings
	}
	look := addressLook(from)
	if ids := t.addresses[look]; len(ids) > 0 && !slices.Contains(ids, author) {
		warn(WarnAddressOfTeam, t.people[ids[0]])
	} else if real := t.domains[domainLook(from.Domain())]; real != "" && real != from.Domain() {
		warn(WarnDomainOfTeam, ShownDomain(real))
	}
	return warnings
}

// imitated is the colleague whose name the mail uses: in the name or, with more
// than one word, in the part before the @.
func (t *team) imitated(author UserID, from Address, name string) UserID {
	for i, text := range []string{name, from.Local()} {
		for _, look := range nameLooks(text) {
			ids := t.names[look]
			if len(ids) == 0 || author != 0 && slices.Contains(ids, author) {
				continue
			}
			if i == 0 || strings.ContainsRune(strings.TrimSpace(t.people[ids[0]]), ' ') {
				return ids[0]
			}
		}
	}
	return 0
}

var addressInText = regexp.MustCompile(`[^\s<>()\[\]"',;:]+@[^\s<>()\[\]"',;:@]+`)

// addressIn is the first address that stands in a name, or the zero Address.
func addressIn(name string) Address {
	seen := strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(cut(name, skeletonMost)))
	for _, found := range addressInText.FindAllString(seen, 5) {
		if a, err := ParseAddress(strings.TrimRight(found, ".")); err == nil && strings.Contains(a.Domain(), ".") {
			return a
		}
	}
	return Address{}
}

// imitating finds the warnings about imitation among others, as PostgreSQL reads it.
const imitating = `(^|\n)(Uses the name of|Its (address|domain) looks like|Its name says) `

// doubts are the warnings that a mail carries wherever it lands.
func (a *arrival) doubts(own *ours) []string {
	name := a.fromName
	if name == "" && a.from.IsZero() && len(a.letter.From) > 0 {
		name = a.letter.From[0].Name
	}
	warnings := own.team.imitations(a.author.ID, a.from, name)
	if a.passedOn || a.from.IsZero() {
		return warnings
	}
	if to := onlyAddress(a.letter.ReplyTo); !to.IsZero() && !related(to.Domain(), a.from.Domain()) && !own.isOurs(to) {
		warnings = append(warnings, fmt.Sprintf(WarnReplyTo, to))
	}
	if by := onlyAddress(a.letter.Sender); !by.IsZero() && !related(by.Domain(), a.from.Domain()) && !own.isOurs(by) {
		warnings = append(warnings, fmt.Sprintf(WarnSender, by))
	}
	if by := onlyAddress(a.letter.ResentFrom); !by.IsZero() && !own.isOurs(by) {
		warnings = append(warnings, fmt.Sprintf(WarnResent, by))
	}
	return warnings
}

// related tells that one domain is the other, or below it.
func related(a, b string) bool {
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}

// decide applies the law, and adds what looks wrong about the sender.
func (a *arrival) decide(own *ours) Decision {
	dec := a.route()
	dec.Warnings = append(append(dec.Warnings, a.doubts(own)...), a.letter.Notices...)
	return dec
}
