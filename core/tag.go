package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// mostTags are on one conversation.
const mostTags = 20

// ChangeTags puts tags on a conversation and takes others away, whatever others do
// to its tags meanwhile. Letter case does not tell tags apart: one that is used
// keeps its spelling. ErrNotFound, ErrForbidden, ErrConflict, Invalid of "tags".
func (d *Desk) ChangeTags(ctx context.Context, actor Actor, id ConversationID, add, remove []string) (err error) {
	defer d.attempt(ctx, &err, actor, "change the tags of", object("conversation", id))
	return d.change(ctx, actor, id, DoChange, func(tx pgx.Tx, c locked) error {
		if err := c.open(); err != nil {
			return err
		}
		tags := slices.DeleteFunc(slices.Clone(c.Tags), func(tag string) bool { return hasTag(remove, tag) })
		for _, tag := range cleanTags(add) {
			if !hasTag(tags, tag) {
				tags = append(tags, tag)
			}
		}
		if len(tags) > mostTags && len(tags) > len(c.Tags) {
			return Invalid{Field: "tags", Code: CodeInvalid, Problem: fmt.Sprintf("A conversation has %d tags at most.", mostTags)}
		}
		return setProperties(ctx, tx, actor, c, Changes{Tags: &tags})
	})
}

func hasTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) })
}

// UsedTags gives tags of conversations that the actor may view, the commonest first,
// 50 at most: those that begin like what is typed. ErrForbidden, ErrNotFound for
// customers.
func (d *Desk) UsedTags(ctx context.Context, actor Actor, beginning string) (_ []string, err error) {
	defer wrap(&err, "used tags")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	most := 1000 // of the newest conversations are looked at
	if beginning != "" {
		most = 5000
	}
	l := ListFilter{}.listing(actor)
	l.args["like"] = strings.TrimPrefix(likePattern(beginning), "%")
	found, err := plannedRows[struct{ Tag string }](ctx, d.pool, fmt.Sprintf(`
		select tag from %s seen join conversations c on c.id = seen.id, unnest(c.tags) tag
		where lower(tag) like lower(@like) group by tag order by count(*) desc, tag limit 50`, l.ids(false, most)), l.args)
	tags := make([]string, len(found))
	for i, f := range found {
		tags[i] = f.Tag
	}
	return tags, err
}
