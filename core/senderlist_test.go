package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestAPatternIsReadInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list       core.SenderList
		text, want string // "" is a fault
	}{
		{core.BlockList, " Eve@SPAM.test ", "eve@spam.test"}, {core.BlockList, "Spam.TEST", "spam.test"}, {core.BlockList, "@spam.test.", "spam.test"},
		{core.BlockList, "bücher.test", "xn--bcher-kva.test"}, {core.BlockList, "XN--BCHER-KVA.test", "xn--bcher-kva.test"}, {core.SafeList, "eve@BÜCHER.test", "eve@xn--bcher-kva.test"},
		{core.BlockList, "*", "*"}, {core.SafeList, "*", ""}, {core.BlockList, "zip", "zip"}, {core.SafeList, "zip", ""},
		{core.BlockList, "", ""}, {core.BlockList, "eve@", ""}, {core.BlockList, "*.spam.test", ""}, {core.BlockList, "a b", ""}, {core.BlockList, "*@spam.test x", ""},
	} {
		got, err := core.ParsePattern(c.list, c.text)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %q is %q (%v)", c.list, c.text, got, err)
		}
		if invalid := (core.Invalid{}); err != nil && (!errors.As(err, &invalid) || invalid.Field != "pattern") {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestTheListsDecideAsTheLawSays(t *testing.T) {
	t.Parallel()
	type entry struct {
		list    core.SenderList
		pattern string
	}
	const blocked = core.SuspendedBlocked
	for i, c := range []struct {
		sentence string
		lists    []entry
		from     string
		origin   core.Verdict
		want     core.Suspension
	}{
		{"nobody is listed", nil, "cara@acme.test", core.Unproven, ""},
		{"a blocked address", []entry{{core.BlockList, "cara@acme.test"}}, "Cara@ACME.test", core.Proven, blocked},
		{"another address there", []entry{{core.BlockList, "cara@acme.test"}}, "cole@acme.test", core.Proven, ""},
		{"a blocked domain", []entry{{core.BlockList, "acme.test"}}, "cara@acme.test", core.Proven, blocked},
		{"below a blocked domain", []entry{{core.BlockList, "acme.test"}}, "cara@a.b.acme.test", core.Proven, blocked},
		{"a domain that only ends alike", []entry{{core.BlockList, "acme.test"}}, "cara@notacme.test", core.Proven, ""},
		{"a blocked IDN, written in letters", []entry{{core.BlockList, "bücher.test"}}, "cara@bücher.test", core.Proven, blocked},
		{"the safe list wins where the sender is proven", []entry{{core.BlockList, "acme.test"}, {core.SafeList, "cara@acme.test"}}, "cara@acme.test", core.Proven, ""},
		{"the safe list is nothing for who is not proven", []entry{{core.BlockList, "acme.test"}, {core.SafeList, "cara@acme.test"}}, "cara@acme.test", core.Unproven, blocked},
		{"everybody is blocked", []entry{{core.BlockList, "*"}}, "cara@acme.test", core.Proven, blocked},
		{"everybody but a safe domain", []entry{{core.BlockList, "*"}, {core.SafeList, "acme.test"}}, "cara@acme.test", core.Proven, ""},
		{"everybody but a safe domain, unproven", []entry{{core.BlockList, "*"}, {core.SafeList, "acme.test"}}, "cara@acme.test", core.Unproven, blocked},
		{"safe does not help who is refuted", []entry{{core.SafeList, "acme.test"}}, "cara@acme.test", core.Refuted, core.SuspendedForged},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{})
			admin := d.Admin(t, "ada@desk.test")
			for _, e := range c.lists {
				if _, err := d.AddSender(t.Context(), admin, e.list, e.pattern, "", true); err != nil {
					t.Fatal(err)
				}
			}
			if m := file(t, d, written(c.from, fmt.Sprintf("m%d@acme.test", i), "Hello"), c.origin); m.Suspension != c.want {
				t.Errorf("%s %q, want %q", m.Status, m.Suspension, c.want)
			}
		})
	}
}

func TestWhatHitsTheTeamIsAskedFor(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "ada@desk.test")
	d.Agent(t, "abe@mail.partner.test")
	add := func(list core.SenderList, pattern string, sure bool) (core.Invalid, error) {
		_, err := d.AddSender(t.Context(), admin, list, pattern, " Asked \n for ", sure)
		invalid := core.Invalid{}
		errors.As(err, &invalid)
		return invalid, err
	}
	if _, err := add(core.SafeList, "cara@acme.test", false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		list          core.SenderList
		pattern, says string
	}{
		{core.BlockList, "*", "your team too"}, {core.BlockList, "abe@mail.partner.test", "of your team"}, {core.BlockList, "partner.test", "of your team"},
		{core.BlockList, "desk.test", "of your team"}, {core.BlockList, "cara@acme.test", "safe list"}, {core.SafeList, "gmail.com", "Everybody can have"},
	} {
		invalid, err := add(c.list, c.pattern, false)
		if !strings.Contains(invalid.Problem, c.says) || invalid.Value == "" {
			t.Errorf("%s: %v", c.pattern, err)
		}
		if _, err := add(c.list, c.pattern, true); err != nil {
			t.Errorf("%s, asked for: %v", c.pattern, err)
		}
		if invalid, err := add(c.list, c.pattern, true); invalid.Code != core.CodeDuplicate {
			t.Errorf("%s twice: %v", c.pattern, err)
		}
		if err := d.RemoveSender(t.Context(), admin, c.list, strings.ToUpper(c.pattern)); err != nil {
			t.Errorf("%s away: %v", c.pattern, err)
		}
		if err := d.RemoveSender(t.Context(), admin, c.list, c.pattern); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s away twice: %v", c.pattern, err)
		}
	}
	if invalid, err := add(core.BlockList, "support@desk.test", true); invalid.Value != "" || err == nil {
		t.Errorf("an own mailbox: %v", err)
	}
	entries, total, err := d.Senders(t.Context(), admin, core.SafeList, core.Page{})
	if err != nil || total != 1 || entries[0].Pattern != "cara@acme.test" || entries[0].Note != "Asked for" || entries[0].AddedBy.ID != admin.ID {
		t.Errorf("%+v %d (%v)", entries, total, err)
	}
	if got := d.Text(t, `select count(*) || ' ' || count(distinct act) from audit where act like 'sender.%'`); got != "13 4" {
		t.Errorf("audit: %s", got)
	}
	for _, who := range []core.Actor{d.Agent(t, "al@desk.test"), d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cole@acme.test")} {
		_, _, listed := d.Senders(t.Context(), who, core.BlockList, core.Page{})
		_, added := d.AddSender(t.Context(), who, core.BlockList, "x.test", "", true)
		for _, err := range []error{listed, added, d.RemoveSender(t.Context(), who, core.SafeList, "cara@acme.test")} {
			if !errors.Is(err, core.ErrForbidden) {
				t.Errorf("%s: %v", who.Role, err)
			}
		}
	}
}

func TestAnOfferToNameAPassingAddressStandsUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "ada@desk.test")
	group := written("sales@acme.test", "one@acme.test", "Hello")
	group.ReplyTo = []core.NamedAddress{{Address: "cara@other.test"}}
	m := file(t, d, group, core.Proven)
	if m.PassesFor != "cara@other.test" {
		t.Fatalf("passes for %q", m.PassesFor)
	}
	in, err := d.PassingOfferIn(t.Context(), admin, m.Conversation)
	all, err2 := d.PassingOffers(t.Context(), admin)
	if err != nil || err2 != nil || len(in) != 1 || len(all) != 1 || in[0].Address.String() != "sales@acme.test" || all[0].For != "cara@other.test" {
		t.Fatalf("%+v %+v (%v, %v)", in, all, err, err2)
	}
	if err := d.DeclinePassing(t.Context(), admin, "Sales@acme.test"); err != nil {
		t.Fatal(err)
	}
	if all, _ = d.PassingOffers(t.Context(), admin); len(all) != 0 {
		t.Errorf("declined: %+v", all)
	}
	if _, err := d.NamePassing(t.Context(), admin, "sales@acme.test", "Our group"); err != nil {
		t.Fatal(err)
	}
	group.MessageID, group.Text = "two@acme.test", "Again"
	if m := file(t, d, group, core.Proven); m.From != "cara@other.test" || m.Origin != core.Unproven || m.PassesFor != "" {
		t.Errorf("named: %+v", m)
	}
	if err := d.ForgetPassing(t.Context(), admin, "sales@acme.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.NamePassing(t.Context(), admin, admin.Address.String(), ""); err == nil {
		t.Error("a colleague's address was named")
	}
	for name, c := range map[string]struct {
		replyTo []core.NamedAddress
		change  func(*core.Letter)
		origin  core.Verdict
		want    string
	}{
		"none":                                  {nil, nil, core.Proven, ""},
		"its own address":                       {[]core.NamedAddress{{Address: "news@shop.test"}}, nil, core.Proven, ""},
		"the same domain":                       {[]core.NamedAddress{{Address: "help@shop.test"}}, nil, core.Proven, ""},
		"below the same domain":                 {[]core.NamedAddress{{Address: "help@mail.shop.test"}}, nil, core.Proven, ""},
		"two":                                   {[]core.NamedAddress{{Address: "a@x.test"}, {Address: "b@x.test"}}, nil, core.Proven, ""},
		"a mailbox of ours":                     {[]core.NamedAddress{{Address: "support@desk.test"}}, nil, core.Proven, ""},
		"another domain":                        {[]core.NamedAddress{{Address: "a@x.test"}}, nil, core.Unproven, "a@x.test"},
		"another domain, forged":                {[]core.NamedAddress{{Address: "a@x.test"}}, nil, core.Refuted, ""},
		"the same domain, and X-Original-From":  {[]core.NamedAddress{{Address: "a@shop.test"}}, func(l *core.Letter) { l.OriginalFrom = l.ReplyTo }, core.Proven, "a@shop.test"},
		"X-Original-From says somebody else":    {[]core.NamedAddress{{Address: "a@x.test"}}, func(l *core.Letter) { l.OriginalFrom = []core.NamedAddress{{Address: "b@x.test"}} }, core.Proven, ""},
		"a list that writes for somebody (via)": {[]core.NamedAddress{{Address: "a@shop.test"}}, func(l *core.Letter) { l.ListHeaders = true; l.From[0].Name = "Ann via News" }, core.Proven, "a@shop.test"},
		"a newsletter":                          {[]core.NamedAddress{{Address: "help@shop.test"}}, func(l *core.Letter) { l.ListHeaders = true }, core.Proven, ""},
		"an automatic answer":                   {[]core.NamedAddress{{Address: "a@x.test"}}, func(l *core.Letter) { l.Kind = core.KindAutoReply }, core.Proven, ""},
	} {
		l := written("news@shop.test", strings.ReplaceAll(name, " ", "-")+"@shop.test", name)
		l.ReplyTo = c.replyTo
		if c.change != nil {
			c.change(&l)
		}
		if m := file(t, d, l, c.origin); m.PassesFor != c.want {
			t.Errorf("Reply-To with %s: offered for %q, want %q", name, m.PassesFor, c.want)
		}
	}
}
