package main

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// A brokenPromise is a gateway with a fault put back, and what must be found when
// it is killed in the way that shows it.
type brokenPromise struct {
	fault, kills string
	found        func(v verdict) int
	named        string
}

var brokenPromises = []brokenPromise{
	{"ack-first", ofGateway, func(v verdict) int { return v.lost }, "lost"},
	{"no-unique-key", ofGateway, func(v verdict) int { return v.doubled }, "doubled"},
	{"asynchronous", ofPostgreSQL, func(v verdict) int { return v.lost }, "lost"},
}

// Of each faulty gateway.
const faultyKills, faultyMails = 12, 300

// crashFaulty fails unless the check finds what each faulty gateway does.
func (k *crashCommand) crashFaulty(ctx context.Context, w *workshop) error {
	binary, err := w.faulty(ctx)
	if err != nil {
		return err
	}
	missed := 0
	for _, b := range brokenPromises {
		r, err := k.crashBroken(ctx, &workshop{dir: w.dir, binary: binary}, b)
		if err != nil {
			return fmt.Errorf("%s: %w", b.fault, err)
		}
		word := "found"
		if b.found(r.verdict) == 0 {
			word = "NOT FOUND"
			missed++
		}
		fmt.Printf("control: a gateway with the fault %s: %s (%s)\n", b.fault, word, r)
	}
	if missed > 0 {
		return errFaultNotFound
	}
	return nil
}

func (k *crashCommand) crashBroken(ctx context.Context, w *workshop, b brokenPromise) (r *crashRun, err error) {
	few := *k
	few.Kills, few.Mails, few.Hostile = faultyKills, faultyMails, 0
	err = onSite(ctx, w, siteSetup{name: b.fault, fault: b.fault, flags: noCourier}, func(s *site) error {
		r, err = few.run(ctx, s, func(random *rand.Rand) (string, int) { return b.kills, 200 + random.IntN(400) })
		return err
	})
	return r, err
}
