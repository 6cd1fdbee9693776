package core

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// An Answer is what a request to the API with an Idempotency-Key was answered.
type Answer struct {
	Status int
	Body   []byte
}

// answerPatience is how long a repeated request waits for the first one.
const answerPatience = 10 * time.Second

// BeginAnswer reserves a person's key for a request, known by its digest. It
// gives the answer that the same request got before, or nil: then the caller does
// the request, and finishes. While the first one runs, a second one waits.
// ErrConflict for a key of another request, and for a first request that takes
// too long or never ended: nobody knows what it did, so it is not done again.
func (d *Desk) BeginAnswer(ctx context.Context, actor Actor, key string, request []byte) (_ *Answer, err error) {
	defer wrap(&err, "idempotency key")
	deadline := time.Now().Add(answerPatience)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		tag, err := d.pool.Exec(ctx, `
			insert into api_answers (user_id, key, request) values ($1, $2, $3) on conflict do nothing`, actor.ID, key, request)
		if err != nil || tag.RowsAffected() == 1 {
			return nil, err
		}
		first, err := one[struct {
			Request []byte
			Status  *int
			Body    []byte
		}](ctx, d.pool, `select request, status, body from api_answers where user_id = $1 and key = $2`, actor.ID, key)
		switch {
		case errors.Is(err, ErrNotFound): // tidied away in between
		case err != nil:
			return nil, err
		case !bytes.Equal(first.Request, request):
			return nil, refuse(ErrConflict, "This Idempotency-Key was used for another request.")
		case first.Status != nil:
			return &Answer{*first.Status, first.Body}, nil
		}
		if time.Now().After(deadline) {
			return nil, refuse(ErrConflict, "The first request with this Idempotency-Key has not been answered. Look at what it did before you use another key.")
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// FinishAnswer keeps the answer for whoever asks again; it is forgotten after a
// day.
func (d *Desk) FinishAnswer(ctx context.Context, actor Actor, key string, a Answer) (err error) {
	defer wrap(&err, "keep answer")
	_, err = d.pool.Exec(ctx, `
		update api_answers set status = $3, body = $4 where user_id = $1 and key = $2 and status is null`,
		actor.ID, key, a.Status, a.Body)
	return err
}
