package coretest

import (
	"testing"

	"postdesk/core"
)

// Owner makes an enabled owner.
func (d Desk) Owner(t testing.TB, email string) core.Actor { return d.Person(t, core.RoleOwner, email) }

// Admin makes an enabled admin.
func (d Desk) Admin(t testing.TB, email string) core.Actor { return d.Person(t, core.RoleAdmin, email) }

// Agent makes an enabled agent.
func (d Desk) Agent(t testing.TB, email string) core.Actor { return d.Person(t, core.RoleAgent, email) }

// Collaborator makes an enabled collaborator.
func (d Desk) Collaborator(t testing.TB, email string) core.Actor {
	return d.Person(t, core.RoleCollaborator, email)
}

// Customer makes an enabled customer.
func (d Desk) Customer(t testing.TB, email string) core.Actor {
	return d.Person(t, core.RoleCustomer, email)
}

// Password is the one of everybody who KnowsPassword.
const Password = "correct horse battery"

// passwordHash is its hash, of 64 KiB: the product's takes 64 MiB at each sign-in, as
// the hash itself says. core proves that cost.
const passwordHash = "$argon2id$v=19$m=64,t=1,p=1$VUhM5Vjc1DjgxLrihX2xSw$rekV+pT1JUhtBuGTBUhrcYnNgE/py2FDfTgnKmTT/qk"

// KnowsPassword lets a person sign in with Password.
func (d Desk) KnowsPassword(t testing.TB, who core.UserID) {
	t.Helper()
	d.Exec(t, `update users set password_hash = $2 where id = $1`, who, passwordHash)
}
