package core

import "slices"

// Roles and rights: behaviour.md section 2, and the matrix S2 of
// reliability.md. Every sentence of the desk asks here first.

// A Role is the type of an account.
type Role string

// The roles, from the least to the most that they may do.
const (
	RoleCustomer     Role = "customer"
	RoleCollaborator Role = "collaborator" // an expert outside the support team
	RoleAgent        Role = "agent"
	RoleAdmin        Role = "admin"
	RoleOwner        Role = "owner"
)

// Roles gives all roles, lowest first.
func Roles() []Role {
	return []Role{RoleCustomer, RoleCollaborator, RoleAgent, RoleAdmin, RoleOwner}
}

// Rank orders the roles: 1 is a customer, 5 an owner, 0 is no role.
func (r Role) Rank() int { return slices.Index(Roles(), r) + 1 }

// Staff tells all but customers.
func (r Role) Staff() bool { return r.Rank() >= RoleCollaborator.Rank() }

// Agent tells those who answer customers: agents, admins and owners.
func (r Role) Agent() bool { return r.Rank() >= RoleAgent.Rank() }

// Admin tells those who configure: admins and owners.
func (r Role) Admin() bool { return r.Rank() >= RoleAdmin.Rank() }

// Access is which conversations, and with them users and organizations, a
// member of staff may view.
type Access string

// The kinds of case access.
const (
	AccessOwn   Access = "own"   // assigned to the person
	AccessTeams Access = "teams" // also those of the person's teams
	AccessAll   Access = "all"
)

// Rights are the toggles of a role. They count for agents; access counts for
// collaborators too.
type Rights struct {
	Reply            bool // reply publicly
	Merge            bool // merge, split, trash
	ViewSuspended    bool // suspended mail, with its source
	ManagePeople     bool // create and update users and organizations
	WriteArticles    bool
	PublishArticles  bool
	ManageCategories bool // and sections
	Access           Access
}

// BuiltinRights are those that a role starts with.
func BuiltinRights(r Role) Rights {
	switch {
	case r.Agent():
		return Rights{true, true, true, true, true, true, true, AccessAll}
	case r == RoleCollaborator:
		return Rights{Access: AccessAll}
	}
	return Rights{Access: AccessOwn}
}

// An Actor is the person who does something, as of now. The zero Actor may do
// nothing.
type Actor struct {
	ID       UserID
	Role     Role
	Rights   Rights
	Teams    []TeamID
	Enabled  bool
	Name     string
	Address  Address
	Timezone string
	Locale   string  // the language that they have chosen; empty: none
	Channel  Channel // the API, where the actor came by it; empty: by pages

	TwoFactor bool // signs in with a second factor
	Unsecured bool // staff who must set a second factor up before anything else
	// A code was given in this session, or for the one that is about to begin.
	provenTwice bool
}

// rights are those that count: an admin's cannot be taken away, a collaborator
// and a customer cannot be given any (mail-law section 2, property 1).
func (a Actor) rights() Rights {
	switch {
	case a.Role.Admin():
		return BuiltinRights(a.Role)
	case a.Role == RoleAgent:
		return a.Rights
	}
	return Rights{Access: a.Rights.Access}
}

// A Deed is one thing that people do; each row of the role table has one or
// more. Can checks the function, the May methods check the object.
type Deed int

// The deeds.
const (
	DoUsePortal        Deed = iota + 1 // own conversations: see, reply, complete; own profile
	DoView                             // conversations, users, organizations, notes
	DoNote                             // private note anywhere, mention
	DoReply                            // reply to a customer, forward, by any channel
	DoChange                           // status, priority, type, assignee, team, tags, requester, CC
	DoMerge                            // merge, split, trash, restore
	DoOpenForCustomer                  // a conversation on a customer's behalf
	DoManagePeople                     // create, edit, disable, enable customers and organizations
	DoChangeRole                       // any role: MayGrant says which
	DoAdminister                       // invites, teams, mailboxes, roles, settings, mail log, queue, audit, export
	DoListSuspended                    // suspended mail: list, release, delete
	DoReadSuspended                    // source of a suspended mail
	DoReadRaw                          // source of any other mail
	DoReadDraft                        // draft articles and revisions
	DoEditDraft                        // edit and save an existing draft, propose a revision
	DoWriteArticle                     // create and delete articles
	DoPublishArticle                   // publish and unpublish
	DoEditPublished                    // edit what the public reads
	DoManageCategories                 // categories and sections
)

// Can checks a deed: nil, ErrForbidden, or ErrNotFound where the objects of the
// deed do not exist for customers (reliability.md, matrix S2). The disabled can
// do nothing.
func (a Actor) Can(do Deed) error {
	if !a.Enabled || a.Role.Rank() == 0 {
		return ErrForbidden
	}
	if do != DoUsePortal {
		if err := a.Secured(); err != nil {
			return err
		}
	}
	if a.allowed(do) {
		return nil
	}
	if !a.Role.Staff() && do.onStaffObject() {
		return ErrNotFound
	}
	return ErrForbidden
}

// Secured is ErrTwoFactor for staff who must set a second factor up first.
func (a Actor) Secured() error {
	if a.Unsecured {
		return refuse(ErrTwoFactor, "Set up two-factor sign-in in your profile first: staff of this help desk must use it.")
	}
	return nil
}

func (a Actor) allowed(do Deed) bool {
	r := a.rights()
	switch do {
	case DoUsePortal:
		return true
	case DoView, DoNote, DoReadDraft, DoEditDraft:
		return a.Role.Staff()
	case DoChange, DoOpenForCustomer:
		return a.Role.Agent()
	case DoAdminister, DoReadRaw:
		return a.Role.Admin()
	case DoReply:
		return r.Reply
	case DoMerge:
		return r.Merge
	case DoManagePeople, DoChangeRole:
		return r.ManagePeople
	case DoListSuspended, DoReadSuspended:
		return r.ViewSuspended
	case DoWriteArticle:
		return r.WriteArticles
	case DoPublishArticle:
		return r.PublishArticles
	case DoEditPublished:
		return r.WriteArticles && r.PublishArticles
	case DoManageCategories:
		return r.ManageCategories
	}
	return false
}

// onStaffObject tells the deeds on objects that do not exist for customers; the
// others are functions that they may know of.
func (do Deed) onStaffObject() bool {
	switch do {
	case DoView, DoNote, DoReply, DoChange, DoMerge, DoReadSuspended, DoReadRaw, DoReadDraft, DoEditDraft:
		return true
	}
	return false
}

// CaseFacts are what case access depends on, for one actor and conversation.
type CaseFacts struct {
	Requester   UserID
	Assignee    UserID
	Team        TeamID
	Participant bool // the actor is in CC
	Mentioned   bool // the actor was mentioned in a note of it
}

// MayView tells that staff may view a conversation with its notes: by case
// access, and always as requester, participant or mentioned. Customers never;
// for them there is MayReadOwn.
func (a Actor) MayView(c CaseFacts) bool {
	if a.Can(DoView) != nil {
		return false
	}
	if a.ID == c.Requester || a.ID == c.Assignee || c.Participant || c.Mentioned {
		return true
	}
	switch a.rights().Access {
	case AccessAll:
		return true
	case AccessTeams:
		return slices.Contains(a.Teams, c.Team)
	}
	return false
}

// MayReadOwn tells that the actor, of any role, may read the public part of a
// conversation in the portal and reply there: as its requester. A customer in
// CC reads mail.
func (a Actor) MayReadOwn(requester UserID) bool {
	return a.Can(DoUsePortal) == nil && a.ID != 0 && a.ID == requester
}
