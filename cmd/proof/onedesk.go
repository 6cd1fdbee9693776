package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// oneDesk proves on two gateways with panels and one that takes mail that they are
// one desk: what happens at one is seen at the other.
type oneDesk struct {
	fleet      *fleet
	here, away *gateway // their panels
	door       *gateway // where mail is taken
	book       *book    // of where theirs goes
	seed       uint64

	heard time.Duration // the longest from a 250 to the word of it in an open page
}

// prove walks through the day of an owner and an agent.
func (o *oneDesk) prove(ctx context.Context) error {
	owner, err := o.fleet.employ(ctx, "admin", "admin@staff.test")
	if err != nil {
		return err
	}
	agent, err := o.fleet.employ(ctx, "agent", "agent@staff.test")
	if err != nil {
		return err
	}
	for _, c := range []*colleague{owner, agent} {
		if err := c.signIn(ctx, o.here); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context, *colleague, *colleague) error{o.live, o.answer, o.disable, o.signOut} {
		if err := step(ctx, owner, agent); err != nil {
			return err
		}
	}
	return nil
}

// live: an open page of each panel hears of mails that somebody else has taken.
func (o *oneDesk) live(ctx context.Context, _, agent *colleague) error {
	const mails = 5
	random := rand.New(rand.NewPCG(o.seed, 7))
	for n := range mails {
		s, err := agent.open(ctx, []*gateway{o.here, o.away}[n%2])
		if err != nil {
			return err
		}
		defer s.close()
		pause(100 + random.IntN(200)) // what was told of the beginning is past
		letter := compose(fmt.Sprintf("live%d", o.seed), 900_000+n, 2000, prose(o.seed, 2000))
		if err := bringTo(ctx, o.door, letter); err != nil {
			return err
		}
		sent := time.Now()
		id, err := o.fleet.conversation(ctx, letter.subject)
		if err != nil {
			return err
		}
		if err := s.hears(ctx, id, 10*time.Second); err != nil {
			return err
		}
		o.heard = max(o.heard, time.Since(sent))
		s.close()
	}
	fmt.Printf("%d mails taken by one process were told to pages of two others, the last to be told %.2f s after its 250\n", mails, o.heard.Seconds())
	return nil
}

// conversation waits for the one with a subject, and gives its number.
func (f *fleet) conversation(ctx context.Context, subject string) (string, error) {
	db, err := pgx.Connect(ctx, f.server.url("postdesk"))
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	for range 500 {
		var id string
		err := db.QueryRow(ctx, `select id::text from conversations where subject = $1`, subject).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, err
		}
		pause(20)
	}
	return "", fmt.Errorf("%q was not filed", subject)
}

// answer: an answer that is written at one panel goes out, and is read at the other.
func (o *oneDesk) answer(ctx context.Context, _, agent *colleague) error {
	before := o.book.yeses.Load()
	var made struct {
		Data struct {
			ID int64 `json:"id"`
		} `json:"data"`
	}
	status, err := agent.call(ctx, o.here, http.MethodPost, "/cases", map[string]string{
		"subject": "From here", "contents": "Written here.", "requester_email": "reader@" + senderDomain}, &made)
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("a new conversation: %d: %w", status, err)
	}
	if status, err = agent.call(ctx, o.away, http.MethodGet, fmt.Sprintf("/cases/%d", made.Data.ID), nil, nil); err != nil || status != http.StatusOK {
		return fmt.Errorf("a conversation made at one panel is told %d at the other: %w", status, err)
	}
	for range 500 {
		if o.book.yeses.Load() > before {
			return nil
		}
		pause(20)
	}
	return errors.New("an answer did not go out in 10 s")
}

// disable: who is disabled at one panel is out of the other at the next request, and
// loses an open page within seconds.
func (o *oneDesk) disable(ctx context.Context, owner, agent *colleague) error {
	if in, err := agent.sees(ctx, o.away); err != nil || !in {
		return fmt.Errorf("the agent does not see the inbox: %w", err)
	}
	s, err := agent.open(ctx, o.away)
	if err != nil {
		return err
	}
	defer s.close()
	status, err := owner.call(ctx, o.here, http.MethodPost, "/users/"+agent.id+"/disable", nil, nil)
	if err != nil || status >= http.StatusBadRequest {
		return fmt.Errorf("disabling answers %d: %w", status, err)
	}
	begin := time.Now()
	if in, err := agent.sees(ctx, o.away); err != nil || in {
		return fmt.Errorf("a disabled agent still sees the inbox elsewhere: %w", err)
	}
	if status, err = agent.call(ctx, o.away, http.MethodGet, "/cases", nil, nil); err != nil || status != http.StatusUnauthorized {
		return fmt.Errorf("the token of a disabled agent is told %d elsewhere: %w", status, err)
	}
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		return errors.New("an open page of a disabled agent still hears elsewhere")
	}
	fmt.Printf("an agent who was disabled at one panel was out of the other at once, and an open page of theirs ended %.1f s later\n", time.Since(begin).Seconds())
	return nil
}

// signOut: a session that was ended at one panel is dead at the other.
func (o *oneDesk) signOut(ctx context.Context, owner, _ *colleague) error {
	old := owner.browser.Jar.Cookies(&url.URL{Scheme: "http", Host: o.away.at.http, Path: "/"})
	if in, err := owner.sees(ctx, o.away); err != nil || !in {
		return fmt.Errorf("the owner does not see the inbox: %w", err)
	}
	if _, err := owner.submit(ctx, o.here, "/signout", nil); err != nil {
		return err
	}
	owner.browser.Jar.SetCookies(&url.URL{Scheme: "http", Host: o.away.at.http, Path: "/"}, old) // as a thief would have it
	in, err := owner.sees(ctx, o.away)
	if err == nil && in {
		err = errors.New("a session that was ended at one panel lives at the other")
	}
	return err
}
