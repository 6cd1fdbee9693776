package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestWhatIsTypedBeginsAnAddressADomainOrAWord(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	named := func(name, email string) core.UserID {
		id := d.Customer(t, email).ID
		d.Exec(t, `update users set name = $2 where id = $1`, id, name)
		return id
	}
	cara := named("Cara O'Brien", "cara+shop@acme.test")
	ozil := named("Özil Müller-Lüdenscheidt", "oz_9@sub.acme.test")
	idn := named("Λίνα Zoë", "expert@bücher.test")
	ac := named("Zed", "ac@cara.test")
	d.Exec(t, `insert into addresses (address, user_id, is_primary) values ('second@home.test', $1, false)`, cara)
	d.Exec(t, `update users set enabled = false where id = $1`, ozil)
	all := map[core.UserID]string{cara: "cara", ozil: "ozil", idn: "idn", ac: "ac", owner.ID: "owner"}
	for typed, want := range map[string]string{
		"ca":                         "cara ac cara", // the address that begins so comes first; of the name Cara, both
		"CARA":                       "cara ac cara",
		"cara+sh":                    "cara",
		"shop":                       "cara",
		"hop":                        "", // inside of a word
		"acme":                       "cara ozil",
		"@acme":                      "cara ozil",
		"sub.acme.test":              "ozil",
		"cara@ac":                    "",
		"ac@ca":                      "ac",
		"second@home.test":           "cara",
		"brien":                      "cara cara", // with both addresses
		"o'br":                       "cara cara",
		"cara acme":                  "cara",
		"acme cara":                  "cara",
		"brien home":                 "cara",
		"cara nobody":                "",
		"öz":                         "ozil",
		"ÖZIL":                       "ozil",
		"lüden":                      "ozil",
		"mÜLLER-lü":                  "ozil",
		"λίν":                        "idn",
		"ΛΊΝΑ zoë":                   "idn",
		"expert@bücher.test":         "idn",
		"expert@BÜCHER.te":           "idn",
		"expert@xn--bcher-kva.test":  "idn",
		"oz_":                        "ozil",
		"oz 9":                       "ozil",
		"c":                          "",
		"  c ":                       "",
		"%":                          "",
		"%%":                         "",
		"__":                         "",
		"' or 1=1":                   "",
		`\`:                          "",
		"& | !":                      "",
		"\x00ca\x00":                 "cara ac cara",
		strings.Repeat("ca ", 300):   "ac cara cara",
		strings.Repeat("x", 100_000): "",
	} {
		got, err := d.SuggestAddresses(ctx, owner, typed)
		var who []string
		for _, m := range got {
			who = append(who, all[m.User])
		}
		if err != nil || strings.Join(who, " ") != want {
			t.Errorf("%.40q: %v %v, want %q", typed, who, err, want)
		}
		people := slices.Compact(slices.Sorted(slices.Values(strings.Fields(want))))
		users, total, err := d.Users(ctx, owner, core.UserFilter{Query: typed})
		if len([]rune(strings.TrimSpace(typed))) > 1 && (err != nil || total != len(people) || len(users) != len(people)) {
			t.Errorf("%.40q lists %d of %d users: %v, want %v", typed, len(users), total, err, people)
		}
	}
}

func TestTenAtMostAreSuggestedTheBeginningsFirstInOrder(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "zed@desk.test")
	for i := range 12 {
		d.Customer(t, fmt.Sprintf("a%02d.mia@acme.test", 11-i))
	}
	d.Customer(t, "mia@zzz.test")
	got, err := d.SuggestAddresses(t.Context(), agent, "mia")
	if err != nil || len(got) != 10 || got[0].Address.String() != "mia@zzz.test" || got[1].Address.String() != "a00.mia@acme.test" ||
		got[9].Address.String() != "a08.mia@acme.test" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := d.SuggestAddresses(t.Context(), agent, "a"+"0"); err != nil || len(got) != 10 || got[9].Address.String() != "a09.mia@acme.test" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWhoIsGoneIsNotSuggestedAndNotListed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner, left := d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	for _, gone := range []string{"anonymised_at = now()", "merged_into = " + fmt.Sprint(owner.ID)} {
		id := d.Customer(t, "cara"+core.NewMessageIDRandom()+"@acme.test").ID
		d.Exec(t, `update users set enabled = false, `+gone+` where id = $1`, id)
	}
	got, err := d.SuggestAddresses(t.Context(), owner, "cara")
	if err != nil || len(got) != 1 || got[0].User != left.ID {
		t.Errorf("%+v %v", got, err)
	}
	if _, total, err := d.Users(t.Context(), owner, core.UserFilter{}); err != nil || total != 2 {
		t.Errorf("%d users %v", total, err)
	}
}

func TestTheHolderOfAnAddressIsAPersonOrAMailbox(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, cara := d.Agent(t, "ann@desk.test"), d.Customer(t, "cara@bücher.test")
	for typed, want := range map[string]core.UserID{"CARA@xn--bcher-kva.test": cara.ID, "Support@DESK.test": 0} {
		got, err := d.AddressHolder(t.Context(), agent, typed)
		if err != nil || got.User != want || got.Name == "" {
			t.Errorf("%s: %+v %v", typed, got, err)
		}
	}
	for _, typed := range []string{"free@acme.test", "nonsense"} {
		if got, err := d.AddressHolder(t.Context(), agent, typed); err == nil {
			t.Errorf("%s: %+v", typed, got)
		}
	}
	if _, err := d.AddressHolder(t.Context(), cara, "ann@desk.test"); answer(err) != "404" {
		t.Errorf("a customer learns: %v", err)
	}
	if _, err := d.AddressHolder(t.Context(), d.Collaborator(t, "mia@partner.test"), "ann@desk.test"); answer(err) != "403" {
		t.Errorf("somebody who makes no accounts learns: %v", err)
	}
}

// population makes customers with generated names and addresses, none of whom has
// anything to do with each other.
func population(t testing.TB, d coretest.Desk, n int) {
	t.Helper()
	d.Exec(t, `
		with given as (select i, md5(i::text) as h, (array['anna','bob','cara','dieter','eva','franz','greta','hans','ida','jonas','karl',
			'lena','mia','nora','olga','paul','rita','sven','tina','uwe'])[1 + i % 20] as first from generate_series(1, $1::int) i),
		made as (insert into users (name, role, enabled) select initcap(first) || ' ' || initcap(translate(substr(h, 1, 8), '0123456789', 'ghijklmnop')), 'customer', true
			from given returning id, name)
		insert into addresses (address, user_id, is_primary, verified_at)
		select lower(replace(name, ' ', '.')) || id || '@' || substr(md5((id % 3000)::text), 1, 6) || '.test', id, true, now() from made`, n)
	d.Exec(t, `vacuum analyze users`)
	d.Exec(t, `vacuum analyze addresses`)
}

func TestSuggestionsAndTheSearchOfUsersAskTheirIndexes(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner := d.Owner(t, "owner@desk.test")
	population(t, d, 20_000)
	for _, typed := range []string{"ca", "cara", "cara.b", "mia acme", "zz", "anna.12@b", "ÖZ", "0a1b"} {
		plans, err := core.ExplainSearch(t.Context(), d.Desk, owner, typed)
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range plans {
			words := strings.Contains(plan, "on addresses_words") && strings.Contains(plan, "on users_words")
			if !words && !strings.Contains(plan, "using addresses_beginning") {
				t.Errorf("%q asks no index:\n%s", typed, plan)
			}
			if suggests := !strings.Contains(plan, "limit 50"); suggests && strings.Contains(plan, "Seq Scan") {
				t.Errorf("%q reads a whole table:\n%s", typed, plan)
			}
		}
	}
}

// BenchmarkSuggestionsAmongFiftyThousandUsers types names letter by letter, and
// parts that many addresses share. The target is a median below 20 ms.
func BenchmarkSuggestionsAmongFiftyThousandUsers(b *testing.B) {
	d := coretest.OpenDesk(b, core.Config{})
	owner := d.Owner(b, "owner@desk.test")
	population(b, d, 50_000)
	typed := []string{"ca", "car", "cara", "cara.", "cara.b", "mi", "mia", "mia a", "mia ab", "te", "test", "0f", "0f3", "zz", "karl nobody",
		"jonas@", "bo", "bob b", "@ab", "cara@acme.test"}
	for name, ask := range map[string]func(ctx context.Context, q string) error{
		"suggested": func(ctx context.Context, q string) error { return second(d.SuggestAddresses(ctx, owner, q)) },
		"listed": func(ctx context.Context, q string) error {
			_, _, err := d.Users(ctx, owner, core.UserFilter{Query: q})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				if err := ask(b.Context(), typed[i%len(typed)]); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
