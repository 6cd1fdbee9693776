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
