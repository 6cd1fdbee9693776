package core

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
)

// userMerge merges two locked customers.
type userMerge struct {
	actor      Actor
	into, from User
	moved      movedThings
}

// movedThings are what went over, as user_merges keeps it: the way back moves
// exactly that.
type movedThings struct {
	Addresses []movedAddress     `json:"addresses"`
	Rows      map[string][]int64 `json:"rows"`    // ids by table and column
	Last      lastRows           `json:"last"`    // what is newer came since
	Read      []int64            `json:"read"`    // messages that the other could read as requester
	CC        json.RawMessage    `json:"cc"`      // places in CC that were doubles
	Named     json.RawMessage    `json:"named"`   // suggestions of who is there already
	Primary   Address            `json:"primary"` // the survivor's
	Filled    filledFields       `json:"filled"`
	// The shell is in no organization: what it had.
	Organization       OrganizationID `json:"organization"`
	OrganizationByHand bool           `json:"organization_by_hand"`
}

// lastRows are the newest rows there were.
type lastRows struct {
	Conversation int64 `json:"conversation"`
	Message      int64 `json:"message"`
	Note         int64 `json:"note"`
	Delivery     int64 `json:"delivery"`
}

type movedAddress struct {
	Address Address `json:"address"`
	Primary bool    `json:"primary"`
}

// filledFields are what the survivor lacked and got.
type filledFields struct {
	Phone        string         `json:"phone"`
	Timezone     string         `json:"timezone"`
	Organization OrganizationID `json:"organization"`
	ByHand       bool           `json:"by_hand"`
	Tags         []string       `json:"tags"`
}

// A userColumn refers to a person and follows the person, row by row.
type userColumn struct {
	table, column string
	unless        string // rows t that stay, for the person $2
}

func (c userColumn) key() string { return c.table + "." + c.column }

// movedColumns gives what goes over by id. Participants and reply addresses go by
// address, see moveByAddress. What else refers to people is
// ended (sessions, tokens, links), of staff only (assignments, teams, followers,
// drafts, reads), or tells who did something under which account (audit,
// released_by, created_by), which no merge rewrites.
func movedColumns() []userColumn {
	return []userColumn{
		{table: "conversations", column: "requester_id"},
		{table: "messages", column: "author_id"},
		{table: "notes", column: "author_id"},
		{table: "notes", column: "user_id"},
		{table: "events", column: "actor_id"},
		{table: "events", column: "user_id"},
		{table: "deliveries", column: "author_id"},
		{table: "deliveries", column: "user_id"},
		// Of a former colleague.
		{table: "mentions", column: "user_id", unless: `exists (select from mentions o where o.note_id = t.note_id and o.user_id = $2)`},
	}
}

func (m *userMerge) merge(ctx context.Context, tx pgx.Tx) error {
	if err := lockConversationsOf(ctx, tx, m.from.ID); err != nil {
		return err
	}
	for _, i := range m.from.Addresses {
		m.moved.Addresses = append(m.moved.Addresses, movedAddress{i.Address, i.Primary})
	}
	m.moved.Primary = m.into.Primary()
	var err error
	if m.moved.Last, err = one[lastRows](ctx, tx, `
		select (select coalesce(max(id), 0) from conversations) as conversation, (select coalesce(max(id), 0) from messages) as message,
			(select coalesce(max(id), 0) from notes) as note, (select coalesce(max(id), 0) from deliveries) as delivery`); err != nil {
		return err
	}
	if m.moved.Read, err = readableTo(ctx, tx, m.from.ID); err != nil {
		return err
	}
	if err := m.endAccount(ctx, tx); err != nil {
		return err
	}
	if err := m.fillFields(ctx, tx); err != nil {
		return err
	}
	if err := m.moveRows(ctx, tx); err != nil {
		return err
	}
	if err := m.moveByAddress(ctx, tx); err != nil {
		return err
	}
	return m.record(ctx, tx)
}

// lockConversationsOf locks what somebody asked or is in CC of: mail to it waits.
func lockConversationsOf(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		select from conversations where requester_id = $1 or id in (select conversation_id from participants where user_id = $1)
		order by id for no key update`, id)
	return err
}

// readableTo gives the messages of a person's conversations.
func readableTo(ctx context.Context, tx pgx.Tx, id UserID) ([]int64, error) {
	return value[[]int64](ctx, tx, `
		select coalesce(array_agg(m.id order by m.id), '{}') from messages m join conversations c on c.id = m.conversation_id
		where c.requester_id = $1`, id)
}

// endAccount ends what the other's password and links open. Its reply addresses
// go on: they are the person's. The password stays where no address leads to it.
func (m *userMerge) endAccount(ctx context.Context, tx pgx.Tx) error {
	if err := endSessions(ctx, tx, m.from.ID); err != nil {
		return err
	}
	if err := dropLinkMail(ctx, tx, m.from.ID, "the account was merged into another"); err != nil {
		return err
	}
	shell, err := one[struct {
		Organization OrganizationID
		ByHand       bool
	}](ctx, tx, `select coalesce(organization_id, 0) as organization, organization_by_hand as by_hand from users where id = $1`, m.from.ID)
	if err != nil {
		return err
	}
	m.moved.Organization, m.moved.OrganizationByHand = shell.Organization, shell.ByHand
	_, err = tx.Exec(ctx, `
		with unlinked as (update links set revoked_at = now() where user_id = @from and consumed_at is null and revoked_at is null)
		update users set enabled = false, merged_into = @into, organization_id = null where id = @from`,
		pgx.StrictNamedArgs{"from": m.from.ID, "into": m.into.ID})
	return err
}

// fillFields fills what the survivor lacks. None by hand is not nothing.
func (m *userMerge) fillFields(ctx context.Context, tx pgx.Tx) error {
	byHand, err := value[bool](ctx, tx, `select organization_by_hand from users where id = $1`, m.into.ID)
	if err != nil {
		return err
	}
	f := &m.moved.Filled
	tags, added := unitedTags(m.into.Tags, m.from.Tags)
	f.Tags = added
	if m.into.Phone == "" {
		f.Phone = m.from.Phone
	}
	if m.into.Timezone == "" {
		f.Timezone = m.from.Timezone
	}
	if m.into.Organization == 0 && !byHand {
		f.Organization, f.ByHand = m.moved.Organization, m.moved.OrganizationByHand
	}
	_, err = tx.Exec(ctx, `
		update users set tags = @tags, phone = coalesce(nullif(@phone, ''), phone), timezone = coalesce(nullif(@timezone, ''), timezone),
			organization_id = coalesce(nullif(@organization::bigint, 0), organization_id), organization_by_hand = organization_by_hand or @by_hand
		where id = @id`,
		pgx.StrictNamedArgs{"id": m.into.ID, "tags": tags, "phone": f.Phone, "timezone": f.Timezone, "organization": f.Organization, "by_hand": f.ByHand})
	return err
}

// moveRows moves what is remembered by id.
func (m *userMerge) moveRows(ctx context.Context, tx pgx.Tx) error {
	m.moved.Rows = map[string][]int64{}
	for _, c := range movedColumns() {
		sql := `with moved as (update ` + c.table + ` t set ` + c.column + ` = $2 where t.` + c.column + ` = $1`
		if c.unless != "" {
			sql += ` and not ` + c.unless
		}
		ids, err := value[[]int64](ctx, tx, sql+` returning t.id) select coalesce(array_agg(id order by id), '{}') from moved`, m.from.ID, m.into.ID)
		if err != nil {
			return err
		}
		m.moved.Rows[c.key()] = ids
	}
	return nil
}

// moveByAddress moves the addresses, and what was made for one of them. A place
// in CC is left where the survivor is requester or in CC already, and so is the
// suggestion to put the person there.
func (m *userMerge) moveByAddress(ctx context.Context, tx pgx.Tx) error {
	// Whoever reads an address to put somebody in CC holds it until they have.
	if _, err := tx.Exec(ctx, `update addresses set user_id = $2, is_primary = false where user_id = $1`, m.from.ID, m.into.ID); err != nil {
		return err
	}
	var err error
	if m.moved.CC, err = value[json.RawMessage](ctx, tx, `
		with doubles as (
			delete from participants p using conversations c
			where c.id = p.conversation_id and (
				p.user_id in ($1, $2) and c.requester_id = $2
				or p.user_id = $1 and exists (select from participants o where o.conversation_id = p.conversation_id and o.user_id = $2))
			returning p.*)
		select coalesce(jsonb_agg(to_jsonb(doubles)), '[]') from doubles`, m.from.ID, m.into.ID); err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, `
		with cc as (update participants set user_id = $2 where user_id = $1)
		update tokens set user_id = $2 where user_id = $1`, m.from.ID, m.into.ID); err != nil {
		return err
	}
	m.moved.Named, err = value[json.RawMessage](ctx, tx, `
		with known as (
			delete from participant_suggestions s using conversations c
			where c.id = s.conversation_id and s.address in (select address from addresses where user_id = $1)
				and (c.requester_id = $1 or exists (select from participants p where p.conversation_id = c.id and p.user_id = $1))
			returning s.*)
		select coalesce(jsonb_agg(to_jsonb(known)), '[]') from known`, m.into.ID)
	return err
}

// record tells the merge in both journeys and in the audit.
func (m *userMerge) record(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `
		insert into user_merges (survivor_id, merged_id, by_id, moved) values ($1, $2, nullif($3::bigint, 0), $4)`,
		m.into.ID, m.from.ID, m.actor.ID, m.moved); err != nil {
		return err
	}
	if err := recordUser(ctx, tx, m.actor, "merged", m.into.ID, map[string]any{"user": m.from.ID, "name": m.from.Name,
		"addresses": addressesOf(m.moved.Addresses)}); err != nil {
		return err
	}
	return tellJourney(ctx, tx, m.actor, "merged_into", m.from.ID, map[string]any{"user": m.into.ID, "name": m.into.Name})
}

// tellJourney tells an act in the journey of the other whom it concerns: the audit
// has it once.
func tellJourney(ctx context.Context, tx pgx.Tx, actor Actor, act string, user UserID, detail map[string]any) error {
	_, err := tx.Exec(ctx, `
		insert into events (user_id, kind, actor_id, detail) values (@user, @act, nullif(@actor::bigint, 0), @detail)`,
		pgx.StrictNamedArgs{"user": user, "act": act, "actor": actor.ID, "detail": detail})
	return err
}

func addressesOf(moved []movedAddress) []string {
	texts := make([]string, len(moved))
	for i, a := range moved {
		texts[i] = a.Address.String()
	}
	return texts
}
