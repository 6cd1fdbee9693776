package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// standing is how far the numbers of mails had come, in and out.
type standing struct{ in, out int }

// fillQueue closes the way out until mail waits.
func (f *falseTime) fillQueue(ctx context.Context, l leap) (s standing, err error) {
	if l.down {
		f.sink.close()
	} else if _, err := f.db.conn.Exec(ctx, `insert into destinations (name, paused_at) values ('*', now())`); err != nil {
		return s, err
	}
	for ctx.Err() == nil {
		pause(250)
		err := f.db.conn.QueryRow(ctx, `select (select coalesce(max(id), 0) from inbound), (select coalesce(max(id), 0) from deliveries)`).Scan(&s.in, &s.out)
		if err != nil {
			return s, err
		}
		if _, out, err := f.waiting(ctx, s); err != nil || out >= 10 {
			return s, err
		}
	}
	return s, ctx.Err()
}

// open opens the way out.
func (f *falseTime) open(ctx context.Context, l leap) error {
	if l.down {
		return f.sink.listen()
	}
	_, err := f.db.conn.Exec(ctx, `delete from destinations where name = '*'`)
	return err
}

// waiting counts the mails up to there that are not filed, or not sent.
func (f *falseTime) waiting(ctx context.Context, upto standing) (in, out int, err error) {
	err = f.db.conn.QueryRow(ctx, `
		select (select count(*) from inbound where state = 'received' and id <= $1), (select count(*) from deliveries where state = 'queued' and id <= $2)`,
		upto.in, upto.out).Scan(&in, &out)
	return in, out, err
}

// leap lets mail wait, sets the clock, lets it wait a moment longer, and fails unless
// it is filed and delivered soon.
func (f *falseTime) leap(ctx context.Context, l leap) (took time.Duration, err error) {
	behind, err := f.fillQueue(ctx, l)
	if err != nil {
		return 0, err
	}
	_, waited, err := f.waiting(ctx, behind)
	if err == nil {
		err = f.set(l.to)
	}
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	pause(2000)
	if err := f.open(ctx, l); err != nil {
		return 0, err
	}
	filed := time.Duration(0)
	for in, out := 1, 1; in+out > 0; pause(100) {
		if in, out, err = f.waiting(ctx, behind); err != nil {
			return 0, err
		}
		if took = time.Since(begin); in > 0 {
			filed = took
		}
		if filed > filedWithin || took > deliveredWithin {
			return took, fmt.Errorf("%.0f s after the leap %d mails are not filed, %d not delivered", took.Seconds(), in, out)
		}
	}
	fmt.Printf("%s: %d mails had waited, delivered %.1f s after the leap\n", l.name, waited, took.Seconds())
	return took, nil
}

// leapSignedIn is leap. Where it goes back by a year, who was signed in is not any
// more.
func (f *falseTime) leapSignedIn(ctx context.Context, l leap) (took time.Duration, err error) {
	if l.to > -365*day {
		return f.leap(ctx, l)
	}
	owner, err := signIn(ctx, f.gateway, theirOwner)
	if err != nil {
		return 0, err
	}
	if in, err := owner.signedIn(ctx); err != nil || !in {
		return 0, errors.Join(err, errors.New("nobody is signed in: this proof sees nothing"))
	}
	if took, err = f.leap(ctx, l); err != nil {
		return took, err
	}
	for end := time.Now().Add(endedWithin); ; pause(200) {
		in, err := owner.signedIn(ctx)
		if err != nil || !in {
			return took, err
		}
		if time.Now().After(end) {
			return took, errors.New("a session of next year is alive")
		}
	}
}

// signedIn tells whether the panel is shown.
func (v *visitor) signedIn(ctx context.Context) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.root+"/agent", nil)
	if err != nil {
		return false, err
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return false, err
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK && answer.Request.URL.Path == "/agent", nil
}

// summerTime moves the server to a zone with summer time, and its clock to three
// seconds before that begins.
func (f *falseTime) summerTime(ctx context.Context) (took time.Duration, err error) {
	if _, err := f.server.ask(ctx, "postdesk", `alter database postdesk set timezone = 'America/New_York'`); err != nil {
		return 0, err
	}
	f.gateway.stop()
	if err := f.gateway.start(ctx); err != nil {
		return 0, err
	}
	begins := time.Date(time.Now().Year()+1, time.March, 8, 7, 0, 0, 0, time.UTC) // the second Sunday in March
	begins = begins.AddDate(0, 0, (7-int(begins.Weekday()))%7)
	if took, err = f.leap(ctx, leap{name: "summer time begins", to: time.Until(begins) - 3*time.Second}); err != nil {
		return took, err
	}
	again, err := f.leap(ctx, leap{name: "and back to winter"})
	return max(took, again), err
}

// datedMail brings mails whose dates are far off, and fails unless they stand in the
// order in which they came.
func (f *falseTime) datedMail(ctx context.Context) error {
	s, err := dial(ctx, f.gateway.at.smtp)
	if err != nil {
		return err
	}
	defer s.close()
	var want []string
	for n, date := range []string{"Fri, 01 Jan 2100 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 +0000", "Mon, 02 Jan 2006 15:04:05 +0000"} {
		m := compose("dated", n, smallest, "")
		m.raw = bytes.Replace(m.raw, []byte("Mon, 02 Jan 2006 15:04:05 +0000"), []byte(date), 1)
		want = append(want, m.subject)
		if err := s.bring(m, 0); err != nil {
			return err
		}
		filing, cancel := context.WithTimeout(ctx, filedWithin)
		err := f.db.awaitFiled(filing, 100*time.Millisecond)
		cancel()
		if err != nil {
			return err
		}
	}
	var stand string
	err = f.db.conn.QueryRow(ctx, `
		select string_agg(c.subject, '|' order by m.created_at, m.id) from messages m join conversations c on c.id = m.conversation_id
		where c.subject like 'Proof dated%' and m.created_at between now() - interval '5 minutes' and now()`).Scan(&stand)
	if err == nil && stand != strings.Join(want, "|") {
		err = fmt.Errorf("they stand as %q, came as %q", stand, want)
	}
	if err != nil {
		return fmt.Errorf("dated mail: %w", err)
	}
	fmt.Println("mails dated 2100, 1970 and 2006 stand as they came")
	return nil
}
