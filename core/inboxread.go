package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// MarkRead remembers that the actor has seen the conversation as it is now.
func (d *Desk) MarkRead(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer wrap(&err, "mark conversation %d read", id)
	if err := actor.Can(DoView); err != nil {
		return err
	}
	return d.markRead(ctx, seesConversation, actor.sightOf(id))
}

// markRead remembers that @actor has seen the conversation @id, if they see it at all.
func (d *Desk) markRead(ctx context.Context, sees string, args pgx.StrictNamedArgs) error {
	tag, err := d.pool.Exec(ctx, `
		insert into conversation_reads (conversation_id, user_id, read_at)
		select c.id, @actor, now() from conversations c where c.id = @id and `+sees+`
		on conflict (conversation_id, user_id) do update set read_at = excluded.read_at`, args)
	return affected(tag.RowsAffected(), err)
}

// Follow makes the actor hear of what happens in the conversation, or no more.
// Agents and above: collaborators hear by CC and by mention only.
func (d *Desk) Follow(ctx context.Context, actor Actor, id ConversationID, follow bool) (err error) {
	defer wrap(&err, "follow conversation %d", id)
	if err := actor.Can(DoChange); err != nil {
		return err
	}
	sql := `with seen as (select c.id from conversations c where c.id = @id and ` + seesConversation + `), `
	if follow {
		sql += `done as (insert into followers (conversation_id, user_id) select id, @actor from seen on conflict do nothing)`
	} else {
		sql += `done as (delete from followers using seen where conversation_id = seen.id and user_id = @actor)`
	}
	tag, err := d.pool.Exec(ctx, sql+` select id from seen`, actor.sightOf(id))
	return affected(tag.RowsAffected(), err)
}

// affected turns a statement that met no row into ErrNotFound.
func affected(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
