package core

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// WarnNobodyTold goes with a note by mail that seems to mention somebody.
const WarnNobodyTold = "Nobody was told of it: "

// mentionedInNote finds whom an agent's note by mail mentions, as in the panel. What
// is not proven to be theirs makes no mail. There is nobody to ask again, so a
// mention that names several people, or nobody, is a warning with the note.
func (a *arrival) mentionedInNote(ctx context.Context, tx pgx.Tx, text string, dec Decision) (mentioned []UserID, problem string, err error) {
	if !a.author.Actor.Role.Agent() || !dec.Verified || a.facts.Kind != KindHuman {
		return nil, "", nil
	}
	own := unquoted(text)
	mentioned, err = mentionedIn(ctx, tx, own)
	if several := (Invalid{}); errors.As(err, &several) {
		return nil, WarnNobodyTold + several.Problem, nil
	}
	if err == nil && len(mentioned) == 0 && mentionLike.MatchString(own) {
		problem = WarnNobodyTold + "no colleague is called what stands after the @."
	}
	return mentioned, problem, err
}

// unquoted is a text without its quoted lines: who is named there was named by
// somebody else.
func unquoted(text string) string {
	var own strings.Builder
	for line := range strings.Lines(text) {
		if !isQuoted(line) {
			own.WriteString(line)
		}
	}
	return own.String()
}
