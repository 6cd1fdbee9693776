package core

import "time"

// A LinkPurpose says what a single-use link does. A link of one purpose does
// nothing for another.
type LinkPurpose string

// The purposes of links.
const (
	LinkSetup  LinkPurpose = "setup"  // makes the owner of an empty instance
	LinkVerify LinkPurpose = "verify" // an address proves itself; a first password
	LinkInvite LinkPurpose = "invite" // a team member accepts
	LinkReset  LinkPurpose = "reset"  // a new password
)

// A LinkInfo is what the page behind a link must know. Looking at it has no
// effect: mail scanners do that.
type LinkInfo struct {
	Purpose       LinkPurpose
	Name          string
	Address       Address
	NeedsName     bool // setup, invite
	NeedsEmail    bool // setup
	KnownPassword bool // the account has a password: it is asked for, not set (an added address)
	Expires       time.Time
}

// An AcceptForm is what a person enters on the page of a link.
type AcceptForm struct {
	Name     string
	Email    string // setup only
	Password string // the new one; the known one where LinkInfo.KnownPassword
	Client   string // the client's address, for the throttle
}
