package core_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// The people of a walk. Only Mia and Abe ever change their role, and only those
// who never do have their address in their own words.
const (
	cara, cole, eve      = "cara@acme.test", "cole@acme.test", "eve@stranger.test"
	abe, mia, olga       = "abe@desk.test", "mia@partner.test", "olga@desk.test"
	support, billing     = "support@desk.test", "billing@desk.test"
	passer               = "list@group.test" // passes on other people's mail
	walksByDefault, long = 6, 70
)

// A walk is a random workflow on a desk of its own. Every text in it carries a
// canary, a word that stands nowhere else.
type walk struct {
	*testing.T
	coretest.Desk
	chance *rand.Rand
	trail  []string

	words    map[string]word            // by canary
	noted    map[string]bool            // canaries that were seen in a message
	mayRead  map[string]map[string]bool // by address: what the person read or wrote
	letters  map[string]core.Letter     // by raw mail
	filed    []sending
	verdicts map[core.InboundID]core.Verdict
	doors    []door   // addresses of ours, learned from mail that we sent
	ids      []string // Message-IDs, ours and theirs
	oursIDs  map[string]core.DeliveryID
	seen     map[string]int
}

// A word is who wrote a canary, as what, and where.
type word struct {
	author string
	role   core.Role
	what   string // mail, subject, reply, note, quoted
	again  bool   // the same mail came twice
}

// A door is an address that leads an answer to what a mail of ours is about.
type door struct {
	address  string
	delivery core.DeliveryID
	to       string
	bounce   bool
}

type sending struct {
	letter  core.Letter
	verdict core.Verdict
	env     core.Envelope
}

// TestNoSequenceOfMailAndDeedsBreaksTheLaw holds the properties of mail-law
// section 2, the invariants of reliability.md and the canary S3 over random
// workflows. SEQUENCES is how many, SEED repeats them or, as "random", draws new
// ones: a change is judged by walks that the one before it has gone, too, and make
// proof goes new ones.
func TestNoSequenceOfMailAndDeedsBreaksTheLaw(t *testing.T) {
	t.Parallel()
	count, err := strconv.Atoi(os.Getenv("SEQUENCES"))
	if err != nil {
		count = walksByDefault
	}
	seed := uint64(1)
	if named, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = named
	} else if os.Getenv("SEED") == "random" {
		seed = rand.Uint64() >> 1
	}
	seen := map[string]int{}
	// A property of what never came about proves nothing: the walks go on until all did.
	for n := uint64(0); n < uint64(count) || count >= walksByDefault && missing(seen) != "" && n < 10*uint64(count); n++ {
		t.Run(fmt.Sprintf("SEED=%d", seed+n), func(t *testing.T) { begin(t, seed+n, seen).run() })
		if t.Failed() {
			t.Fatalf("alone again with SEED=%d SEQUENCES=1", seed+n)
		}
	}
	t.Logf("seen: %v", seen)
	if what := missing(seen); what != "" && count >= walksByDefault {
		t.Errorf("%q never came about", what)
	}
}

// missing is something that did not come about yet.
func missing(seen map[string]int) string {
	for _, what := range []string{"rule mention", "rule requester", "rule collaborator", "rule participant", "rule elsewhere", "rule forged",
		"rule new", "mail reply", "mail copy", "mail mention", "mail staff_notice", "made private", "merged", "unmerged", "split", "people merged", "people parted", "rule staff_reply", "signed", "read as a customer", "read something"} {
		if seen[what] == 0 {
			return what
		}
	}
	return ""
}

func begin(t *testing.T, seed uint64, seen map[string]int) *walk {
	w := &walk{T: t, chance: rand.New(rand.NewPCG(seed, seed)), seen: seen, words: map[string]word{}, noted: map[string]bool{},
		mayRead: map[string]map[string]bool{}, letters: map[string]core.Letter{}, oursIDs: map[string]core.DeliveryID{}, verdicts: map[core.InboundID]core.Verdict{}}
	w.Desk = coretest.OpenDesk(t, core.Config{RelaySet: w.one(2), Logger: slog.New(slog.DiscardHandler), PublicURL: "https://desk.test", Read: func(raw []byte) core.Letter { return w.letters[string(raw)] }})
	w.Exec(t, `insert into mailboxes (address, name) values ($1, 'Billing')`, billing)
	w.Exec(t, `insert into passing_addresses (address) values ($1)`, passer)
	w.Exec(t, `update instance set flood_ten_minutes = 12, flood_hour = 100, flood_day = 100`)
	w.Exec(t, `with o as (insert into organizations (name) values ('Acme') returning id) insert into organization_domains select 'acme.test', id from o`)
	if w.one(2) {
		w.Exec(t, `update organizations set shares_conversations = true`)
	}
	w.Owner(t, olga)
	w.Agent(t, abe)
	w.Collaborator(t, mia)
	if w.one(2) {
		w.Customer(t, cara)
	}
	if w.one(4) { // a name is whatever a From header once said
		w.Exec(t, `update users set name = $1 where name = 'Mia'`, mia)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the way here:\n%s", strings.Join(w.trail, "\n"))
		}
	})
	return w
}

// one is true once in n.
func (w *walk) one(n int) bool { return w.chance.IntN(n) == 0 }

func pick[T any](w *walk, of ...T) T { return of[w.chance.IntN(len(of))] }

// recent prefers what came last.
func recent[T any](w *walk, of []T) T {
	if len(of) > 8 && !w.one(3) {
		of = of[len(of)-8:]
	}
	return pick(w, of...)
}

func (w *walk) run() {
	steps := []struct {
		weight int
		do     func()
	}{{22, w.mail}, {6, w.reply}, {5, w.note}, {4, w.merge}, {3, w.unmerge}, {3, w.split}, {2, w.fileAsNote}, {5, w.update}, {1, w.trash}, {2, w.changeRole}, {1, w.shut},
		{3, w.release}, {2, w.portal}, {1, w.participants}, {2, w.timePasses}, {2, w.mergePeople}}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	for range long {
		at := w.chance.IntN(total)
		for _, s := range steps {
			if at -= s.weight; at < 0 {
				s.do()
				break
			}
		}
		w.checkWords()
		if w.one(2) {
			w.compose()
		}
		if w.one(8) {
			w.checkPortal()
		}
		if w.Failed() {
			return
		}
	}
	w.compose()
	w.checkPortal()
	w.checkReaders()
	w.checkEnd()
}

func (w *walk) tell(format string, args ...any) {
	w.trail = append(w.trail, fmt.Sprintf(format, args...))
}

// deed is an act in the panel: done, or refused for one of the reasons that the
// desk has words for.
func (w *walk) deed(err error, format string, args ...any) bool {
	w.Helper()
	got := answer(err)
	if errors.Is(err, core.ErrRate) {
		got = "429"
	}
	w.tell("%s: %s", fmt.Sprintf(format, args...), got)
	if len(got) != 3 {
		w.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
	return err == nil
}

// canary is a new word by somebody.
func (w *walk) canary(author, what string) string {
	name := fmt.Sprintf("canary%dx", len(w.words)+1)
	w.words[name] = word{author: author, role: w.who(author).Role, what: what}
	return name
}

// who is somebody as of now; a stranger is a customer without an account.
func (w *walk) who(address string) core.Actor {
	a := core.Actor{Role: core.RoleCustomer}
	a.Address, _ = core.ParseAddress(address)
	_ = w.Pool.QueryRow(w.Context(), `select u.id, u.name, u.role, u.enabled from addresses a join users u on u.id = a.user_id where a.address = $1`,
		address).Scan(&a.ID, &a.Name, &a.Role, &a.Enabled)
	a.Rights = core.BuiltinRights(a.Role)
	return a
}

func (w *walk) staff() core.Actor { return w.who(pick(w, abe, abe, abe, olga, olga, mia)) }

// conversation is one of those that there are; 1 if there is none yet.
func (w *walk) conversation() core.ConversationID {
	var ids []core.ConversationID
	w.scan(&ids, `select coalesce(array_agg(id order by id), '{1}') from conversations`)
	return recent(w, ids)
}

func (w *walk) scan(to any, sql string, args ...any) {
	w.Helper()
	if err := w.Pool.QueryRow(w.Context(), sql, args...).Scan(to); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}
