package core

// A Team is a group of staff, for assignment and access.
type Team struct {
	ID      TeamID
	Title   string
	Members []UserID
}
