package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Tags stand on conversations and nowhere else. To rename one is to write it anew
// on each conversation, in steps: no transaction holds more than a few hundred.

// A TagUse is a tag with how many conversations have it.
type TagUse struct {
	Tag           string // in its commonest spelling
	Conversations int
}

// mostTagsListed is how many tags a list has.
const mostTagsListed = 500

// tagsAtOnce is how many conversations one transaction changes.
const tagsAtOnce = 500

// Tags lists the tags of all conversations by name, those that hold what is
// sought, 500 at most. Spellings that differ by case are one tag. ErrForbidden.
func (d *Desk) Tags(ctx context.Context, actor Actor, sought string) (_ []TagUse, err error) {
	defer wrap(&err, "tags")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	return rows[TagUse](ctx, d.pool, `
		select mode() within group (order by tag) as tag, count(distinct c.id)::int as conversations
		from conversations c, unnest(c.tags) tag where c.tags <> '{}' and lower(tag) like lower($1)
		group by lower(tag) order by lower(tag) limit $2`, likePattern(cleanLine(sought, 50)), mostTagsListed)
}

// RenameTag gives a tag another name on all conversations, and tells on how many.
// Where another tag has that name already, the two become one: only if merge says
// so, else Invalid of "to" tells how many have it. ErrForbidden, ErrConflict if no
// conversation has the tag.
func (d *Desk) RenameTag(ctx context.Context, actor Actor, from, to string, merge bool) (changed int, err error) {
	defer d.attempt(ctx, &err, actor, "rename the", "tag "+cleanLine(from, 50))
	if err := actor.Can(DoAdminister); err != nil {
		return 0, err
	}
	if to = cleanLine(to, 50); to == "" || strings.Contains(to, ",") {
		return 0, Invalid{Field: "to", Code: CodeInvalid, Problem: "A tag is a word or a few, without commas."}
	}
	if !merge && !strings.EqualFold(from, to) {
		_, has, err := d.spellings(ctx, to)
		if err != nil {
			return 0, err
		}
		if has > 0 {
			return 0, Invalid{Field: "to", Code: CodeDuplicate, Problem: fmt.Sprintf("There is “%s” already, on %d of the conversations. Rename again to make the two one.", to, has)}
		}
	}
	return d.replaceTag(ctx, actor, "tag.renamed", from, to)
}

// DeleteTag takes a tag off all conversations, and tells how many had it. ErrForbidden,
// ErrConflict if none has.
func (d *Desk) DeleteTag(ctx context.Context, actor Actor, tag string) (changed int, err error) {
	defer d.attempt(ctx, &err, actor, "delete the", "tag "+cleanLine(tag, 50))
	if err := actor.Can(DoAdminister); err != nil {
		return 0, err
	}
	return d.replaceTag(ctx, actor, "tag.deleted", tag, "")
}

// spellings are how a tag is written on conversations, and how many have it.
func (d *Desk) spellings(ctx context.Context, tag string) (written []string, has int, err error) {
	found, err := one[struct {
		Written []string
		Has     int
	}](ctx, d.pool, `
		select coalesce(array_agg(distinct tag), '{}') as written, count(distinct c.id)::int as has
		from conversations c, unnest(c.tags) tag where c.tags <> '{}' and lower(tag) = lower($1)`, cleanLine(tag, 50))
	return found.Written, found.Has, err
}

// replaceTag goes on until no conversation is left. What is done of it stays done
// if it breaks off: it can be asked for again.
func (d *Desk) replaceTag(ctx context.Context, actor Actor, act, from, to string) (changed int, err error) {
	written, has, err := d.spellings(ctx, from)
	if err != nil {
		return 0, err
	}
	others := slices.DeleteFunc(slices.Clone(written), func(tag string) bool { return tag == to })
	if has == 0 || len(others) == 0 {
		return 0, refuse(ErrConflict, "No conversation has this tag, or it is called that already.")
	}
	detail := map[string]any{"conversations": has}
	if to != "" {
		detail["name"] = map[string]any{"from": from, "to": to}
	}
	after := ConversationID(0)
	for {
		step := []struct{ ID ConversationID }{}
		err := d.tx(ctx, func(tx pgx.Tx) (err error) {
			if err := stillActs(ctx, tx, actor); err != nil {
				return err
			}
			if after == 0 {
				if err := audit(ctx, tx, actor, act, "tag "+cleanLine(from, 50), detail); err != nil {
					return err
				}
			}
			step, err = rows[struct{ ID ConversationID }](ctx, tx, replaceTagSQL, pgx.StrictNamedArgs{
				"written": written, "others": others, "to": to, "after": after, "most": tagsAtOnce, "kind": eventTags, "actor": actor.ID})
			return err
		})
		if err != nil || len(step) == 0 {
			return changed, err
		}
		changed, after = changed+len(step), step[len(step)-1].ID
	}
}

// replaceTagSQL changes the next few, in the order of their ids, as everything that
// locks several. Each keeps what its tags were as an event.
const replaceTagSQL = `
	with next as materialized (
		select id, tags from conversations where tags <> '{}' and tags && @others::text[] and id > @after order by id limit @most for no key update),
	new as (
		select n.id, n.tags, array(
			select distinct t collate "C" from (
				select t from unnest(n.tags) t where t <> all(@written::text[]) and lower(t) <> lower(@to)
				union all select @to where @to <> '') x(t) order by 1) as becomes
		from next n),
	done as (
		update conversations c set tags = new.becomes from new where c.id = new.id),
	told as (
		insert into events (conversation_id, kind, actor_id, detail)
		select id, @kind, @actor, jsonb_build_object('from', tags, 'to', becomes) from new)
	select id from new order by id`
