package core

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Kinds of events in the life of a conversation. Others (of mail) have a
// sentence of their own in their detail, under "text".
const (
	eventSubject     = "subject"
	eventStatus      = "status"
	eventPriority    = "priority"
	eventType        = "type"
	eventTags        = "tags"
	eventAssignee    = "assignee"
	eventTeam        = "team"
	eventRequester   = "requester"
	eventLetIn       = "participant_added"
	eventTakenOut    = "participant_removed"
	eventMerged      = "merged"      // others came in
	eventMergedInto  = "merged_into" // this one went
	eventMadePrivate = "made_private"
	eventTrashed     = "trashed"
	eventRestored    = "restored"
	eventUnmerged    = "unmerged"    // one went out again
	eventUnmergedOf  = "unmerged_of" // this one did
	eventSplitOff    = "split_off"   // words went to a new one
	eventSplitFrom   = "split_from"  // this is the new one
)

// insertEvent writes down what happened to a conversation. Actor and inbound may
// be 0.
func insertEvent(ctx context.Context, tx pgx.Tx, id ConversationID, kind string, actor UserID, detail map[string]any, inbound InboundID) error {
	touch(tx, id)
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into events (conversation_id, kind, actor_id, detail, inbound_id)
		values ($1, $2, nullif($3, 0), coalesce(nullif($4, 'null')::jsonb, '{}'), nullif($5, 0))`,
		id, kind, actor, string(text), inbound)
	return err
}

// eventSentence says an event in words, to follow the name of who did it.
func eventSentence(kind string, detail map[string]any) string {
	if text, ok := detail["text"].(string); ok {
		return text
	}
	from, to := detail["from"], detail["to"]
	switch kind {
	case eventSubject, eventStatus, eventPriority, eventType, eventTags:
		return fmt.Sprintf("changed %s from %s to %s", kind, inWords(from), inWords(to))
	case eventAssignee, eventTeam:
		if to == "" {
			return "took the " + kind + " away"
		}
		return fmt.Sprintf("made %s the %s", to, kind)
	case eventRequester:
		return fmt.Sprintf("changed the requester from %s to %s", from, to)
	case eventLetIn:
		return fmt.Sprintf("added %s in CC", to)
	case eventTakenOut:
		return fmt.Sprintf("took %s out of CC", from)
	case eventMerged:
		return fmt.Sprintf("merged %s into this conversation", inWords(from))
	case eventMergedInto:
		return fmt.Sprintf("merged this conversation into %s", to)
	case eventMadePrivate:
		return fmt.Sprintf("made %v message(s) private, because the requester has not read them before", detail["count"])
	case eventUnmerged:
		return fmt.Sprintf("undid the merge of %s into this conversation", from)
	case eventUnmergedOf:
		return fmt.Sprintf("undid the merge of this conversation into %s", to)
	case eventSplitOff:
		return fmt.Sprintf("split %v message(s) off into %s", detail["count"], to)
	case eventSplitFrom:
		return fmt.Sprintf("split this conversation off from %s", from)
	case eventTrashed:
		return "moved the conversation to the trash"
	case eventRestored:
		return "took the conversation out of the trash"
	}
	return strings.ReplaceAll(kind, "_", " ")
}

func inWords(v any) string {
	switch v := v.(type) {
	case []any:
		words := make([]string, len(v))
		for i, word := range v {
			words[i] = fmt.Sprint(word)
		}
		return inWords(strings.Join(words, ", "))
	case nil:
		return "none"
	case string:
		if v == "" {
			return "none"
		}
	}
	return fmt.Sprint(v)
}
