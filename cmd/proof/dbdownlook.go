package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// errTaken: a recipient was taken.
var errTaken = errors.New("a recipient is taken")

// knock names a recipient, and is content with 451 4.3.0 in time.
func knock(ctx context.Context, s *site) (time.Duration, error) {
	line, err := dial(ctx, s.gateway.at.smtp)
	if err != nil {
		return 0, err
	}
	defer line.close()
	start := time.Now()
	err = line.step([]byte("MAIL FROM:<probe@"+senderDomain+">\r\nRCPT TO:<"+mailbox+">\r\n"), 250, 250)
	return time.Since(start), refusedSoon(start, err)
}

// refusedSoon is nil if that was 451 4.3.0, and came in time.
func refusedSoon(since time.Time, err error) error {
	var no refusal
	switch took := time.Since(since); {
	case err == nil:
		return errTaken
	case !errors.As(err, &no) || no.code != 451 || !strings.HasPrefix(no.text, "4.3.0 "):
		return fmt.Errorf("want 451 4.3.0: %w", err)
	case took > answerWithin:
		return fmt.Errorf("451 came after %s, want %s at most", took, answerWithin)
	}
	return nil
}

// lookAway is content with a gateway that says in every way that its database is
// away.
func lookAway(ctx context.Context, s *site) error {
	if _, err := knock(ctx, s); err != nil {
		return err
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/signin": 503, "/api/v1/cases": 503} {
		got, err := askSite(ctx, s, path)
		switch {
		case err != nil:
			return err
		case got.status != want:
			return fmt.Errorf("%s answers %d, want %d", path, got.status, want)
		case want == 503 && got.retryAfter == "":
			return fmt.Errorf("%s answers 503 without Retry-After", path)
		}
	}
	return nil
}

// A said is what a page answered.
type said struct {
	status     int
	retryAfter string
}

func askSite(ctx context.Context, s *site, path string) (a said, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.gateway.at.http+path, nil)
	if err != nil {
		return a, err
	}
	r.Header.Set("Authorization", "Bearer nobody")
	r.Header.Set("Cookie", "postdesk_session=nobody")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return a, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return said{answer.StatusCode, answer.Header.Get("Retry-After")}, err
}
