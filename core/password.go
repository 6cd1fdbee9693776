package core

import (
	"context"
	"runtime"
	"sync"

	"github.com/alexedwards/argon2id"
)

// hashing bounds how many passwords are hashed at once: each takes 64 MiB.
type hashing struct {
	once  sync.Once
	slots chan struct{}
}

func (h *hashing) enter(ctx context.Context) (leave func(), err error) {
	h.once.Do(func() { h.slots = make(chan struct{}, max(2, runtime.NumCPU())) })
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// passwordCost is the same on every machine, so that an unknown account takes as
// long as a known one.
func passwordCost() *argon2id.Params {
	return &argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}
}

// nobodysHash costs what a real one costs, and no password is known for it.
const nobodysHash = "$argon2id$v=19$m=65536,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Passwords are of this many bytes. No rule on their characters: length is what
// counts (NIST SP 800-63B section 3.1.1).
const (
	minPassword = 8
	maxPassword = 1024
)

// checkPassword gives an Invalid of the field "password".
func checkPassword(password string) error {
	switch {
	case password == "":
		return Invalid{Field: "password", Code: CodeRequired, Problem: "A password is needed."}
	case len(password) < minPassword:
		return Invalid{Field: "password", Code: CodeInvalid, Problem: "The password needs 8 characters at least."}
	case len(password) > maxPassword:
		return Invalid{Field: "password", Code: CodeInvalid, Problem: "The password is too long."}
	}
	return nil
}

func (d *Desk) hashPassword(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	leave, err := d.hashing.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return argon2id.CreateHash(password, passwordCost())
}

// passwordMatches takes as long for a missing hash as for a wrong password.
func (d *Desk) passwordMatches(ctx context.Context, password string, hash *string) (bool, error) {
	if len(password) > maxPassword {
		hash = nil // never one of ours
	}
	leave, err := d.hashing.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if hash == nil {
		_, err := argon2id.ComparePasswordAndHash(password, nobodysHash)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, *hash)
}
