package core

// A View is one of the lists of the agent area.
type View string

// The views.
const (
	ViewAll        View = "all"
	ViewMine       View = "mine"       // assigned to me
	ViewTeam       View = "team"       // of my teams
	ViewUnassigned View = "unassigned" // nobody's yet
	ViewTrash      View = "trash"
)

// A ListFilter narrows the list of conversations. The zero filter is all of
// them, newest activity first.
type ListFilter struct {
	View      View
	Status    Status // empty: any
	Query     string // in subject, people and text; a number finds that conversation
	Requester UserID // 0: anybody's
	Page
}

// A ConversationRow is a line of the list.
type ConversationRow struct {
	Conversation
	Unread bool // activity since the reader last looked
}
