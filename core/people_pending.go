package core

import (
	"context"
	"time"
)

func (d *Desk) CreateUser(ctx context.Context, actor Actor, n NewUser) (User, error) {
	return User{}, ErrNotFound
}
func (d *Desk) CreateAccount(ctx context.Context, n NewUser, password *string) (UserID, error) {
	return 0, ErrNotFound
}
func (d *Desk) UpdateUser(ctx context.Context, actor Actor, id UserID, c UserChanges) (User, error) {
	return User{}, ErrNotFound
}
func (d *Desk) DisableUser(ctx context.Context, actor Actor, id UserID) error { return ErrNotFound }
func (d *Desk) EnableUser(ctx context.Context, actor Actor, id UserID) error  { return ErrNotFound }
func (d *Desk) AddIdentity(ctx context.Context, actor Actor, id UserID, email string) error {
	return ErrNotFound
}

// SendAccountMail sends the invite again, or the verification mail; the older link dies.
func (d *Desk) SendAccountMail(ctx context.Context, actor Actor, id UserID) error { return ErrNotFound }

// CopyLink mints a new invite or verification link to hand over by other means.
func (d *Desk) CopyLink(ctx context.Context, actor Actor, id UserID) (secret string, expires time.Time, err error) {
	return "", time.Time{}, ErrNotFound
}
func (d *Desk) AddUserNote(ctx context.Context, actor Actor, id UserID, text string) (NoteID, error) {
	return 0, ErrNotFound
}
func (d *Desk) AddOrganizationNote(ctx context.Context, actor Actor, id OrganizationID, text string) (NoteID, error) {
	return 0, ErrNotFound
}
func (d *Desk) UserJourney(ctx context.Context, actor Actor, id UserID, f JourneyFilter) ([]JourneyEntry, error) {
	return nil, ErrNotFound
}
func (d *Desk) OrganizationJourney(ctx context.Context, actor Actor, id OrganizationID, f JourneyFilter) ([]JourneyEntry, error) {
	return nil, ErrNotFound
}
func (d *Desk) Organizations(ctx context.Context, actor Actor, query string, page Page) ([]Organization, int, error) {
	return nil, 0, ErrNotFound
}
func (d *Desk) Organization(ctx context.Context, actor Actor, id OrganizationID) (Organization, error) {
	return Organization{}, ErrNotFound
}
func (d *Desk) CreateOrganization(ctx context.Context, actor Actor, n NewOrganization) (Organization, error) {
	return Organization{}, ErrNotFound
}
func (d *Desk) UpdateOrganization(ctx context.Context, actor Actor, id OrganizationID, c OrganizationChanges) (Organization, error) {
	return Organization{}, ErrNotFound
}
func (d *Desk) Teams(ctx context.Context, actor Actor) ([]Team, error) { return nil, ErrNotFound }
func (d *Desk) CreateTeam(ctx context.Context, actor Actor, title string, members []UserID) (Team, error) {
	return Team{}, ErrNotFound
}
func (d *Desk) Mailboxes(ctx context.Context, actor Actor) ([]Mailbox, error) {
	return nil, ErrNotFound
}
func (d *Desk) CreateMailbox(ctx context.Context, actor Actor, address, name string) (Mailbox, error) {
	return Mailbox{}, ErrNotFound
}

// FirstMailbox makes the first mailbox when there is none.
func (d *Desk) FirstMailbox(ctx context.Context, address, name string) error { return ErrNotFound }

// SetLimits writes the limits; nil is unlimited.
func (d *Desk) SetLimits(ctx context.Context, collaborators, seats *int) error { return ErrNotFound }
func (d *Desk) SignIn(ctx context.Context, email, password, client string) (Actor, int, error) {
	return Actor{}, 0, ErrNotFound
}
func (d *Desk) ActorOf(ctx context.Context, id UserID, credentialVersion int) (Actor, error) {
	return Actor{}, ErrNotFound
}
func (d *Desk) ActorByToken(ctx context.Context, secret string) (Actor, error) {
	return Actor{}, ErrNotFound
}
func (d *Desk) CreateToken(ctx context.Context, email string) (secret string, err error) {
	return "", ErrNotFound
}
func (d *Desk) SetupLink(ctx context.Context) (secret string, needed bool, err error) {
	return "", false, ErrNotFound
}
func (d *Desk) Link(ctx context.Context, secret string) (LinkInfo, error) {
	return LinkInfo{}, ErrNotFound
}
func (d *Desk) AcceptLink(ctx context.Context, secret string, f AcceptForm) (Actor, int, error) {
	return Actor{}, 0, ErrNotFound
}
func (d *Desk) RequestReset(ctx context.Context, email, client string) error { return ErrNotFound }

// ChangePassword ends all other sessions; the caller's goes on with the version returned.
func (d *Desk) ChangePassword(ctx context.Context, actor Actor, old, new, client string) (credentialVersion int, err error) {
	return 0, ErrNotFound
}

// UpdateProfile changes one's own name, timezone, locale, phone, signature.
func (d *Desk) UpdateProfile(ctx context.Context, actor Actor, c ProfileChanges) (User, error) {
	return User{}, ErrNotFound
}
func (d *Desk) Invite(ctx context.Context, actor Actor, invitees []Invitee) ([]User, []Invalid, error) {
	return nil, nil, ErrNotFound
}
func (d *Desk) AuditTrail(ctx context.Context, actor Actor, page Page) ([]AuditEntry, int, error) {
	return nil, 0, ErrNotFound
}
func (d *Desk) Suppressions(ctx context.Context, actor Actor, page Page) ([]Suppression, int, error) {
	return nil, 0, ErrNotFound
}
func (d *Desk) ClearSuppression(ctx context.Context, actor Actor, address string) error {
	return ErrNotFound
}
func (d *Desk) Settings(ctx context.Context) (Settings, error) { return Settings{}, ErrNotFound }
func (d *Desk) UpdateSettings(ctx context.Context, actor Actor, c SettingsChanges) (Settings, error) {
	return Settings{}, ErrNotFound
}
