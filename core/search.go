package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// A search is what was typed to find people. Each of its words must begin the
// address, the domain, or a word of the address or of the name; letter case and
// the signs between words do not count.
type search struct {
	typed string   // one line
	words []string // as typed, once each
}

// mostWords of a search count: more say nothing more.
const mostWords = 6

func searchFor(typed string) search {
	s := search{typed: cleanLine(typed, 200)}
	for _, word := range strings.Fields(s.typed) {
		if word = canonicalWord(word); strings.TrimFunc(word, isSign) != "" && !slices.Contains(s.words, word) {
			s.words = append(s.words, word)
		}
	}
	s.words = s.words[:min(len(s.words), mostWords)]
	return s
}

// isSign tells what search_text takes for a space.
func isSign(r rune) bool {
	return r < utf8.RuneSelf && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
}

// canonicalWord writes an address, or the beginning of one, as addresses are
// stored.
func canonicalWord(word string) string {
	local, domain, found := strings.Cut(word, "@")
	if !found {
		return word
	}
	if canonical, ok := canonicalDomain(domain); ok && !strings.HasSuffix(domain, ".") {
		domain = canonical
	}
	return strings.Map(lowerRune, nfc(local)) + "@" + domain
}

// beginning is what an address that goes on from the typed one begins with; ok
// is false where several words were typed.
func (s search) beginning() (text string, ok bool) {
	if len(s.words) != 1 || strings.Contains(s.typed, " ") {
		return "", false
	}
	return strings.Map(lowerRune, nfc(s.words[0])), true
}

// args are those of found and matching.
func (s search) args(args pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	for i, word := range s.words {
		args[fmt.Sprintf("word%d", i)] = word
	}
	return args
}

// found gives the ids of the users whose words the index knows: a few too many,
// where "cara@ac" finds ac@cara.test too.
func (s search) found() string {
	one := make([]string, len(s.words))
	for i := range one {
		one[i] = fmt.Sprintf(`
			(select user_id as id from addresses where search_words(address) @@ search_query(@word%[1]d)
			 union all select id from users where search_words(name) @@ search_query(@word%[1]d))`, i)
	}
	return strings.Join(one, " intersect ")
}

// matching is the condition that an address a of a user u, or that user's name, has
// each word; of all words, or of those that found leaves open: with signs in them.
func (s search) matching(all bool) string {
	var conditions []string
	for i, word := range s.words {
		if all || strings.ContainsFunc(word, isSign) {
			conditions = append(conditions, fmt.Sprintf(` and position(' ' || btrim(search_text(@word%d)) in ' ' || search_text(a.address || ' ' || u.name)) > 0`, i))
		}
	}
	return strings.Join(conditions, "")
}

// An AddressMatch is somebody who holds an address like the one being typed, or
// a mailbox of ours.
type AddressMatch struct {
	User    UserID // 0: a mailbox
	Name    string
	Address Address
	Primary bool
	Role    Role
	Enabled bool
	Invited bool // an invite waits for its answer
}

const matchColumns = `u.id as user, u.name, a.address, a.is_primary as primary, u.role, u.enabled, u.invited_at is not null as invited`

// mostMatches are shown at once.
const mostMatches = 10

// SuggestAddresses finds who holds an address like this, of any role, disabled
// too: such an address cannot be registered again. From two characters on, ten
// at most, those that begin like what is typed first. Who was deleted or merged
// away holds nothing. Who may not make accounts is told only of those whom they
// may view. ErrForbidden, ErrNotFound for customers.
func (d *Desk) SuggestAddresses(ctx context.Context, actor Actor, query string) (matches []AddressMatch, err error) {
	defer wrap(&err, "suggest addresses")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	matches, err = d.addressesLike(ctx, query)
	if err != nil || len(matches) == 0 || actor.Can(DoManagePeople) == nil || actor.rights().Access == AccessAll {
		return matches, err
	}
	args := actor.sight()
	args["ids"] = idsOfMatches(matches)
	seen, err := rows[struct{ ID UserID }](ctx, d.pool, `select u.id from users u where u.id = any(@ids) and `+seesUser, args)
	return slices.DeleteFunc(matches, func(m AddressMatch) bool {
		return m.User != 0 && !slices.Contains(seen, struct{ ID UserID }{m.User})
	}), err
}

func idsOfMatches(matches []AddressMatch) []UserID {
	ids := make([]UserID, len(matches))
	for i, m := range matches {
		ids[i] = m.User
	}
	return ids
}

func (d *Desk) addressesLike(ctx context.Context, query string) (matches []AddressMatch, err error) {
	s := searchFor(query)
	if len([]rune(s.typed)) < 2 || len(s.words) == 0 {
		return nil, nil
	}
	if text, ok := s.beginning(); ok {
		matches, err = rows[AddressMatch](ctx, d.pool, beginningSQL, pgx.StrictNamedArgs{"text": text, "end": text + "\U0010FFFF"})
		if err != nil || len(matches) == mostMatches {
			return matches, err
		}
	}
	near, err := rows[AddressMatch](ctx, d.pool, s.nearSQL(), s.args(pgx.StrictNamedArgs{}))
	if err != nil {
		return nil, err
	}
	for _, m := range near {
		if !slices.Contains(matches, m) {
			matches = append(matches, m)
		}
	}
	return matches[:min(len(matches), mostMatches)], nil
}

// beginningSQL reads ten addresses along the index.
const beginningSQL = `
	select ` + matchColumns + ` from addresses a join users u on u.id = a.user_id
	where a.address ~>=~ @text and a.address ~<~ @end and u.anonymised_at is null and u.merged_into is null
	order by a.address using ~<~ limit 10`

// nearSQL asks addresses and names apart: one condition with "or" over both tables
// would read them as a whole. Of very many it takes the first that come, and looks
// up ("lateral") only what goes with those.
func (s search) nearSQL() string {
	const (
		holder = ` cross join lateral (select * from users u where u.id = a.user_id offset 0) u where `
		held   = ` cross join lateral (select * from addresses a where a.user_id = u.id offset 0) a where `
		there  = ` and u.anonymised_at is null and u.merged_into is null`
	)
	from := []string{`(` + s.found() + `) f cross join lateral (select * from users u where u.id = f.id offset 0) u` + held + `true`}
	if len(s.words) == 1 {
		from = []string{
			`addresses a` + holder + `search_words(a.address) @@ search_query(@word0)`,
			`users u` + held + `search_words(u.name) @@ search_query(@word0)`,
		}
	}
	for i := range from {
		from[i] = `(select ` + matchColumns + ` from ` + from[i] + there + s.matching(len(s.words) > 1) + ` limit 200)`
	}
	return `select * from (` + strings.Join(from, " union ") + `) m order by m.address using ~<~ limit 20`
}

// AddressHolder tells those who make accounts who has exactly this address, in any
// spelling, whether or not they may view that person. ErrNotFound for a free one and
// for customers, ErrForbidden, Invalid.
func (d *Desk) AddressHolder(ctx context.Context, actor Actor, email string) (_ AddressMatch, err error) {
	defer wrap(&err, "holder of an address")
	for _, do := range []Deed{DoView, DoManagePeople} {
		if err := actor.Can(do); err != nil {
			return AddressMatch{}, err
		}
	}
	address, err := ParseAddress(email)
	if err != nil {
		return AddressMatch{}, err
	}
	return one[AddressMatch](ctx, d.pool, `
		select `+matchColumns+` from addresses a join users u on u.id = a.user_id where a.address = $1
		union all
		select 0, name, address, true, '', true, false from mailboxes where address = $1`, address)
}
