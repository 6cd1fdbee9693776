package web

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"postdesk/core"
)

// rateShare is how much of a token's rate a process counts by itself before it
// tells the database: a hundredth. So several processes let pass that share each
// beyond the rate, at most, and one process nothing.
const rateShare = 100

// An apiRate holds each token to its requests a minute. The count of all processes
// stands in the database; here is only what has not been told yet.
type apiRate struct {
	count func(ctx context.Context, secretHash []byte, n int) (core.Usage, error)
	mu    sync.Mutex
	seen  map[string]*tokenUse
	swept time.Time
}

// A tokenUse is one token's running minute, as this process knows it.
type tokenUse struct {
	core.Usage     // with what is untold
	untold     int // requests that the database has not heard of
	ends       time.Time
}

func newAPIRate(desk *core.Desk) *apiRate {
	return &apiRate{count: desk.CountRequests, seen: map[string]*tokenUse{}}
}

// admit counts one request and tells whether it may pass; if not, the answer says
// when to come back.
func (l *apiRate) admit(ctx context.Context, w http.ResponseWriter, token string) (bool, error) {
	hash := core.HashSecret(token)
	key := hex.EncodeToString(hash)
	use, passes, untold := l.note(key)
	if untold > 0 {
		counted, err := l.count(ctx, hash, untold)
		if err != nil {
			return false, err
		}
		use = l.learn(key, counted)
		passes = counted.Requests <= counted.Limit
	}
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(use.Limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(use.Limit-use.Requests, 0)))
	if !passes {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(time.Until(use.ends).Seconds())))
	}
	return passes, nil
}

// note counts a request here. untold is how many the database has to be told of
// before anybody can say whether it passes; what is refused here is not told.
func (l *apiRate) note(key string) (use tokenUse, passes bool, untold int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.sweep(now)
	u := l.seen[key]
	if u == nil || !now.Before(u.ends) {
		return tokenUse{}, false, 1
	}
	if u.Requests >= u.Limit {
		return *u, false, 0
	}
	u.Requests++
	u.untold++
	if u.untold > u.Limit/rateShare {
		untold, u.untold = u.untold, 0
	}
	return *u, true, untold
}

// learn takes over what the database counted.
func (l *apiRate) learn(key string, counted core.Usage) tokenUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	u := l.seen[key]
	if u == nil || !now.Before(u.ends) {
		u = &tokenUse{}
		l.seen[key] = u
	}
	u.Requests, u.Limit = max(u.Requests, counted.Requests+u.untold), counted.Limit
	u.ends = now.Add(counted.Left)
	return *u
}

// sweep forgets the tokens of minutes that are over.
func (l *apiRate) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, u := range l.seen {
		if !now.Before(u.ends) {
			delete(l.seen, key)
		}
	}
}
