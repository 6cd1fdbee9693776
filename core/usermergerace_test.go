package core_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// atOnce runs all at the same time and gives their errors.
func atOnce(do ...func() error) []error {
	errs := make([]error, len(do))
	var all sync.WaitGroup
	start := make(chan struct{})
	for i, f := range do {
		all.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	all.Wait()
	return errs
}

// onePerson checks that nothing hangs on a shell.
func onePerson(t *testing.T, d coretest.Desk) {
	t.Helper()
	for _, column := range []string{"addresses.user_id", "conversations.requester_id", "messages.author_id", "participants.user_id"} {
		table, name, _ := strings.Cut(column, ".")
		if n := d.Text(t, `select count(*) from `+table+` x join users u on u.id = x.`+name+` where u.merged_into is not null`); n != "0" {
			t.Errorf("%s of %s name somebody who was merged away", n, column)
		}
	}
	if n := d.Text(t, `select count(*) from users u where merged_into is null and anonymised_at is null and not exists (select from addresses a where a.user_id = u.id and a.is_primary)`); n != "0" {
		t.Errorf("%s people have no primary address", n)
	}
}

func TestTwoMergesTheOtherWayRoundLeaveOnePerson(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, other := d.Agent(t, "abe@desk.test"), d.Agent(t, "ada@desk.test")
	for n := range 8 {
		cara, double := d.Customer(t, fmt.Sprintf("cara%d@acme.test", n)), d.Customer(t, fmt.Sprintf("double%d@acme.test", n))
		d.Conversation(t, cara, "one")
		d.Conversation(t, double, "two")
		errs := atOnce(
			func() error { return d.MergeUsers(t.Context(), agent, cara.ID, double.ID) },
			func() error { return d.MergeUsers(t.Context(), other, double.ID, cara.ID) })
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), core.ErrConflict) {
			t.Fatalf("both ways at once: %v", errs)
		}
	}
	onePerson(t, d)
}

func TestAMergeRacingMailLeavesOnePerson(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	for n := range 8 {
		survivor, address := fmt.Sprintf("cara%d@acme.test", n), fmt.Sprintf("double%d@acme.test", n)
		cara, double := d.Customer(t, survivor), d.Customer(t, address)
		eve := d.Customer(t, fmt.Sprintf("eve%d@acme.test", n))
		theirs, asked := d.Conversation(t, eve, "of Eve"), d.Conversation(t, eve, "another one")
		mails := []func() error{
			func() error { return d.MergeUsers(t.Context(), agent, cara.ID, double.ID) },
			func() error { return d.AddParticipant(t.Context(), agent, theirs, address) },
			func() error {
				_, err := d.CreateConversation(t.Context(), agent, core.NewConversation{Subject: "By staff", Text: "Hello", RequesterEmail: address})
				return err
			},
			func() error { // refused once the double is gone, and never given to the shell
				err := d.UpdateConversation(t.Context(), agent, asked, core.Changes{Requester: &double.ID})
				var invalid core.Invalid
				if errors.As(err, &invalid) {
					return nil
				}
				return err
			},
		}
		for i := range 3 {
			l := written(address, fmt.Sprintf("%d.%d@acme.test", n, i), fmt.Sprintf("Mail %d", i))
			if i == 2 { // of somebody else, who names the double
				l = written(fmt.Sprintf("zoe%d@far.test", n), fmt.Sprintf("%d.%d@far.test", n, i), "Named")
				l.Cc = []core.NamedAddress{{Address: address}}
			}
			l.Kind, l.FromFields = core.KindHuman, 1
			env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "client.test", From: address, Recipients: []string{"support@desk.test"}}
			claim, err := d.Accept(t.Context(), env, []byte(l.MessageID), true)
			if err != nil {
				t.Fatal(err)
			}
			mails = append(mails, func() error { return d.Apply(t.Context(), claim, l, core.Origin{Verdict: core.Proven}) })
		}
		for i, err := range atOnce(mails...) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	}
	onePerson(t, d)
	if n := d.Text(t, `select count(*) from inbound where state <> 'success'`); n != "0" {
		t.Errorf("%s mails did not get through", n)
	}
}

func TestAMergeRacingADisableOrADeletionEndsWell(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, owner := d.Agent(t, "abe@desk.test"), d.Owner(t, "olga@desk.test")
	for n := range 8 {
		cara, double := d.Customer(t, fmt.Sprintf("cara%d@acme.test", n)), d.Customer(t, fmt.Sprintf("double%d@acme.test", n))
		d.Conversation(t, double, "two")
		errs := atOnce(
			func() error { return d.MergeUsers(t.Context(), agent, cara.ID, double.ID) },
			func() error {
				if n%2 == 0 {
					return d.DisableUser(t.Context(), owner, double.ID)
				}
				return d.AnonymiseUser(t.Context(), owner, double.ID)
			},
			func() error { return d.AddIdentity(t.Context(), owner, double.ID, fmt.Sprintf("added%d@acme.test", n)) })
		merged := errs[0] == nil
		switch {
		case merged && !errors.Is(errs[1], core.ErrNotFound):
			t.Errorf("merged, and then: %v", errs[1])
		case !merged && (!errors.Is(errs[0], core.ErrConflict) || errs[1] != nil):
			t.Errorf("not merged: %v", errs)
		}
	}
	onePerson(t, d)
}
