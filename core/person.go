package core

// NewUser is what an account is made of.
type NewUser struct {
	Name         string // empty: the local part of the address
	Email        string
	Role         Role           // empty: customer
	Organization OrganizationID // 0: found by domain
	Timezone     string         // IANA name; empty: the instance's
	Locale       string         // empty: en
	Phone        string
	Tags         []string
	Teams        []TeamID // staff only
}

// UserChanges are new values; nil leaves a field as it is.
type UserChanges struct {
	Name         *string
	Role         *Role
	Organization *OrganizationID // 0: none, and none by hand
	Timezone     *string
	Locale       *string
	Phone        *string
	Signature    *string
	Tags         *[]string
	Teams        *[]TeamID
}

// ProfileChanges are what people change about themselves; nil leaves a field as
// it is.
type ProfileChanges struct {
	Name      *string
	Timezone  *string
	Locale    *string
	Phone     *string
	Signature *string
}

// An Invitee is one row of the invite form.
type Invitee struct {
	Name  string
	Email string
	Role  Role
	Teams []TeamID
}
