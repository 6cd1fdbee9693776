package core_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// T109: by hand twice, as somebody's second address, and by first mails, all at
// once.
func TestAgentsAndFirstMailsAtOnceMakeExactlyOnePerson(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into sender_list (list, pattern) values ('safe', 'acme.test')`)
	agents := []core.Actor{d.Agent(t, "abe@desk.test"), d.Agent(t, "ann@desk.test")}
	other := d.Customer(t, "other@home.test")
	for round := range 4 {
		who := address(t, fmt.Sprintf("race%d@acme.test", round))
		spellings := []string{who.String(), fmt.Sprintf("RACE%d@acme.test", round), fmt.Sprintf(" Race%d@ACME.test.", round)}
		before := d.Text(t, `select count(*) from users`)
		ways := []func(i int) error{
			func(i int) error {
				_, err := d.CreateUser(t.Context(), agents[i%2], core.NewUser{Email: spellings[i%3]})
				return err
			},
			func(i int) error { return d.AddIdentity(t.Context(), agents[i%2], other.ID, spellings[i%3]) },
			func(i int) error {
				return firstMail(t, d, who.String(), fmt.Sprintf("%d.%d@acme.test", round, i))
			},
		}
		errs := make([]error, 32)
		var start, all sync.WaitGroup
		start.Add(1)
		for i := range errs {
			all.Go(func() {
				start.Wait()
				errs[i] = ways[(i+round)%len(ways)](i)
			})
		}
		start.Done()
		all.Wait()

		holder := d.Text(t, `select string_agg(user_id::text, ',') from addresses where address = $1`, who)
		won := 0
		for i, err := range errs {
			byMail := (i+round)%len(ways) == 2
			var taken core.Invalid
			switch {
			case err == nil && !byMail:
				won++
			case byMail && err != nil, !byMail && !errors.As(err, &taken):
				t.Errorf("round %d, way %d: %v", round, i%len(ways), err)
			case !byMail && (taken.Code != core.CodeDuplicate || fmt.Sprint(taken.Owner) != holder):
				t.Errorf("a loser was told %+v, it is %s", taken, holder)
			}
		}
		t.Logf("round %d: held by %s, %d won", round, holder, won)
		if won > 1 {
			t.Errorf("%d were told that it is theirs", won)
		}
		made := d.Text(t, `select count(*) - $1::int from users`, before)
		if want := map[bool]string{true: "0", false: "1"}[holder == fmt.Sprint(other.ID)]; made != want {
			t.Errorf("round %d made %s people, held by %s", round, made, holder)
		}
		if got := d.Text(t, `select string_agg(distinct requester_id::text, ',') from conversations c where exists
			(select from messages m where m.conversation_id = c.id and m.author_address = $1)`, who); got != holder {
			t.Errorf("the mails are of %s, the address is held by %s", got, holder)
		}
	}
}

// firstMail sends one from an address that may have no account yet.
func firstMail(t *testing.T, d coretest.Desk, from, id string) error {
	l := written(from, id, "Hello, "+id)
	l.Kind, l.FromFields = core.KindHuman, 1
	env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: from, Recipients: []string{"support@desk.test"}}
	c, err := d.Accept(t.Context(), env, []byte(l.Text), true)
	if err != nil || !c.Held {
		return err
	}
	return d.Apply(t.Context(), c, l, core.Origin{Verdict: core.Proven})
}
