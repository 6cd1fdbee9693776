package core

// What one person may do to another's account: behaviour.md section 2 (row
// "change a role") and sections 1, 3 and 4.

// MayGrant checks the change of subject's role. Agents with the right make
// customers collaborators; admins change roles up to their own; only owners
// make and unmake owners; nobody changes their own. ErrForbidden, ErrConflict
// for the last enabled owner, or an Invalid of the field "role".
func (a Actor) MayGrant(subject UserID, from, to Role, lastOwner bool) error {
	if err := a.Can(DoChangeRole); err != nil {
		return err
	}
	switch {
	case to.Rank() == 0:
		return Invalid{Field: "role", Code: CodeInvalid, Problem: "There is no such role."}
	case from == to:
		return nil
	case a.Role.Admin() && from == RoleOwner && lastOwner:
		return refuse(ErrConflict, "The last enabled owner stays an owner.")
	case subject == a.ID:
		return refuse(ErrForbidden, "Nobody changes their own role.")
	case a.Role.Admin():
		return a.notAbove(from, to)
	case from == RoleCustomer && to == RoleCollaborator:
		return nil
	}
	return refuse(ErrForbidden, "Only an admin can give this role.")
}

func (a Actor) notAbove(roles ...Role) error {
	for _, r := range roles {
		if r.Rank() > a.Role.Rank() {
			return refuse(ErrForbidden, "Only an owner makes or unmakes owners.")
		}
	}
	return nil
}

// MayCreate checks that the actor makes or invites an account of a role:
// customers with "create and update users and organizations", staff by admins
// and never above their own. ErrForbidden, or an Invalid of the field "role".
func (a Actor) MayCreate(role Role) error {
	if role.Rank() == 0 {
		return Invalid{Field: "role", Code: CodeInvalid, Problem: "There is no such role."}
	}
	return a.MayEdit(role)
}

// MayEdit checks that the actor edits or enables an account of a role other
// than the own one: agents those of customers, admins those not above them.
// ErrForbidden.
func (a Actor) MayEdit(role Role) error {
	if role == RoleCustomer {
		return a.Can(DoManagePeople)
	}
	if err := a.Can(DoAdminister); err != nil {
		return err
	}
	return a.notAbove(role)
}

// MayDisable checks that the actor disables an account: as MayEdit, never the
// own. ErrForbidden, or ErrConflict for the last enabled owner.
func (a Actor) MayDisable(subject UserID, role Role, lastOwner bool) error {
	switch {
	case role == RoleOwner && lastOwner && a.Can(DoAdminister) == nil:
		return refuse(ErrConflict, "The last enabled owner cannot be disabled.")
	case subject == a.ID:
		return refuse(ErrForbidden, "You cannot disable yourself.")
	}
	return a.MayEdit(role)
}

// MayAnonymise checks that the actor deletes a person for good: admins, nobody
// above them, never themselves. ErrForbidden, or ErrConflict for the last enabled
// owner.
func (a Actor) MayAnonymise(subject UserID, role Role, lastOwner bool) error {
	if err := a.Can(DoAdminister); err != nil {
		return err
	}
	switch {
	case role == RoleOwner && lastOwner:
		return refuse(ErrConflict, "The last enabled owner cannot be deleted.")
	case subject == a.ID:
		return refuse(ErrForbidden, "You cannot delete yourself.")
	}
	return a.MayEdit(role)
}

// MayAddAddress checks that the actor adds an address, which counts at once, to
// somebody else: only to people below the own role, since who holds an address
// can reset the password. ErrForbidden.
func (a Actor) MayAddAddress(role Role) error {
	if role.Rank() >= a.Role.Rank() {
		return refuse(ErrForbidden, "Addresses can be added only to people below your own role.")
	}
	return a.MayEdit(role)
}
