package core

// Settings are what every process and command of an instance shares.
type Settings struct {
	Name                string
	Timezone            string
	AcceptsUnknown      bool // mail of unknown senders opens conversations
	MaxCollaborators    *int // nil: unlimited
	MaxSeats            *int // agents, admins, owners
	FloodTenMinutes     int  // new conversations from one address and origin class
	FloodHour           int
	FloodDay            int
	AutomaticHour       int  // automatic mails in all
	SuspendedDays       int  // kept
	CloseCompletedHours *int // nil: completed stays completed
}

// SettingsChanges are new values; nil leaves a setting as it is. A pointer to
// nil makes a limit unlimited.
type SettingsChanges struct {
	Name                *string
	Timezone            *string
	AcceptsUnknown      *bool
	FloodTenMinutes     *int
	FloodHour           *int
	FloodDay            *int
	AutomaticHour       *int
	SuspendedDays       *int
	CloseCompletedHours **int
}
