package core

import "time"

// An Organization is a company that customers belong to.
type Organization struct {
	ID                  OrganizationID
	Name                string
	Domains             []string // A-labels, lower case
	SharesConversations bool     // members read each other's conversations in the portal
	Members             int
	CreatedAt           time.Time
}

// NewOrganization is what an organization is made of.
type NewOrganization struct {
	Name                string
	Domains             []string
	SharesConversations bool
	ForceDomains        bool // take a public mail provider as a domain all the same
}

// OrganizationChanges are new values; nil leaves a field as it is.
type OrganizationChanges struct {
	Name                *string
	Domains             *[]string
	SharesConversations *bool
	ForceDomains        bool
}
