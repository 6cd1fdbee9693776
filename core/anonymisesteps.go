package core

import (
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// steps are the statements that erase, in order. Parameters: ids, texts (the
// addresses), names, touched (conversations), pattern (finds the addresses).
func (e *eraser) steps() []string {
	return append(append(eraseAccount(), eraseTraces()...), erasePerson)
}

// eraseAccount removes what was the person's own.
func eraseAccount() []string {
	return []string{
		`delete from addresses where user_id = any(@ids)`,
		`delete from links where user_id = any(@ids) or address = any(@texts)`,
		`delete from tokens where user_id = any(@ids) or address = any(@texts)`,
		`delete from sign_ins where user_id = any(@ids)`,
		`delete from pending_sign_ins where user_id = any(@ids)`,
		`delete from two_factors where user_id = any(@ids)`,
		`delete from api_answers where user_id = any(@ids)
			or exists (select from unnest(@texts::text[]) a where position(convert_to(a, 'UTF8') in coalesce(body, '')) > 0)`,
		`delete from conversation_reads where user_id = any(@ids)`,
		`delete from participants where user_id = any(@ids) or address = any(@texts)`,
		`delete from participant_suggestions where address = any(@texts)`,
		`delete from suppressions where address = any(@texts)`,
		`delete from automatic_mutes where address = any(@texts)`,
		// A block is a decision about mail to come: it stays.
		`delete from sender_list where list = 'safe' and pattern = any(@texts)`,
		`delete from passing_addresses where address = any(@texts)`,
		`delete from passing_declined where address = any(@texts)`,
		`delete from sign_in_attempts where subject ~* @pattern or subject = any(select k || id from unnest(@ids::bigint[]) id, unnest(array['address ', 'code ']) k)`,
		`delete from notes where user_id = any(@ids)`,
		`delete from events where user_id = any(@ids)`,
	}
}

// eraseTraces takes the name and the addresses out of what stays.
func eraseTraces() []string {
	return []string{
		`update messages set author_address = '' where author_id = any(@ids) or author_address = any(@texts)`,
		`update participant_suggestions set named_by = '` + DeletedName + `' where conversation_id = any(@touched) and named_by = any(@names)`,
		`update drafts d set cc = array(select a from unnest(d.cc) a where lower(a) <> all(@texts)) where exists (select from unnest(d.cc) a where lower(a) = any(@texts))`,
		`update inbound set from_address = null, from_name = null, client_ip = null, helo = '', release_requester = null,
				envelope_from = case when envelope_from = '' then '' else 'deleted@invalid' end,
				reason = ` + erased("reason") + `, last_error = ` + erased("last_error") + `, trace = (` + erased("trace::text") + `)::jsonb
			where from_address = any(@texts) and state <> 'received'`,
		`update inbound set reason = ` + erased("reason") + `, last_error = ` + erased("last_error") + `, trace = (` + erased("trace::text") + `)::jsonb,
				release_requester = ` + erased("release_requester") + `
			where state <> 'received' and concat_ws(' ', reason, last_error, trace, release_requester) ~* @pattern`,
		`update inbound set passes_for = null where passes_for = any(@texts) or from_address is null and passes_for is not null`,
		`update messages set warnings = ` + erasedEach("warnings") + ` where array_to_string(warnings, ' ') ~* @pattern`,
		`update notes set warnings = ` + erasedEach("warnings") + ` where array_to_string(warnings, ' ') ~* @pattern`,
		`update drafts set warnings = ` + erasedEach("warnings") + ` where array_to_string(warnings, ' ') ~* @pattern`,
		`update sender_list set note = ` + erased("note") + ` where note ~* @pattern`,
		`update article_feedback set words = ` + erased("words") + ` where words ~* @pattern`,
		`update passing_addresses set note = ` + erased("note") + ` where note ~* @pattern`,
		`update delivery_attempts set response = ` + erased("response") + ` where response ~* @pattern`,
		`update deliveries set subject = '` + DeletedName + ` mentioned you in a note' where author_id = any(@ids) and purpose = 'mention' and subject is not null`,
		// A copy of a mail to somebody else shows who else got it.
		`update deliveries set bytes = null where state in ('sent', 'failed') and (conversation_id = any(@touched) or author_id = any(@ids)
			or conversation_id is null and exists (select from unnest(@texts::text[]) a where position(convert_to(a, 'UTF8') in bytes) > 0))`,
		`update deliveries set recipient = '', bytes = null where user_id = any(@ids) or recipient = any(@texts)`,
		`update deliveries set last_response = ` + erased("last_response") + ` where last_response ~* @pattern`,
		`update suppressions set reason = ` + erased("reason") + ` where reason ~* @pattern`,
		`update events set detail = (` + erased("detail::text") + `)::jsonb where detail::text ~* @pattern`,
		`update events set detail = detail
				|| case when detail->>'from' = any(@names) then '{"from": "` + DeletedName + `"}'::jsonb else '{}' end
				|| case when detail->>'to' = any(@names) then '{"to": "` + DeletedName + `"}'::jsonb else '{}' end
			where conversation_id = any(@touched) and (detail->>'from' = any(@names) or detail->>'to' = any(@names))`,
		`update events set detail = detail - '{name,addresses,left}'::text[] where detail->'user' in (select to_jsonb(id) from unnest(@ids::bigint[]) id)`,
		`update audit set detail = detail - '{name,addresses,left}'::text[] where detail->'user' in (select to_jsonb(id) from unnest(@ids::bigint[]) id)`,
		// The act stays, what it wrote goes.
		`update audit set detail = coalesce((select jsonb_object_agg(key, value) from jsonb_each(detail)
				where key in ('role', 'act', 'link', 'user') or act = 'user.role'), '{}')
			where object = any(select 'user ' || id from unnest(@ids::bigint[]) id)`,
		`update audit set detail = (` + erased("detail::text") + `)::jsonb, object = ` + erased("object") + ` where concat_ws(' ', object, detail) ~* @pattern`,
		`update user_merges set moved = '{}' where survivor_id = any(@ids) or merged_id = any(@ids)`,
	}
}

// erasePerson leaves a row that what was said can point to. The role stays: whose
// words may be public depends on it (mail-law section 2, property 1).
const erasePerson = `
	update users set name = '` + DeletedName + `', anonymised_at = now(), password_hash = null, organization_id = null, organization_by_hand = false,
		timezone = null, locale = '', phone = '', tags = '{}', signature = '', account_mailed_at = null, notices_off = '{}'
	where id = any(@ids)`

// erased is a text without the addresses.
func erased(text string) string { return `regexp_replace(` + text + `, @pattern, '[deleted]', 'gi')` }

// erasedEach is erased for each text of an array.
func erasedEach(texts string) string {
	return `array(select ` + erased("w") + ` from unnest(` + texts + `) w)`
}

// addressPattern finds any of the addresses where it stands alone, in the regular
// expressions of PostgreSQL: ann@x.test does not stand in joann@x.test.
func addressPattern(addresses []string) string {
	if len(addresses) == 0 {
		return `(?!)`
	}
	quoted := make([]string, 0, len(addresses))
	for _, a := range addresses {
		quoted = append(quoted, regexp.QuoteMeta(a))
		if inJSON := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a); inJSON != a {
			quoted = append(quoted, regexp.QuoteMeta(inJSON))
		}
	}
	const part = `[[:alnum:]._%+'&*/=?^{|}~-]`
	return `(?<!` + part + `)(?:` + strings.Join(quoted, "|") + `)(?![[:alnum:]-]|\.[[:alnum:]])`
}

// args are the parameters that a statement names.
func (e *eraser) args(sql string) pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{}
	for name, v := range map[string]any{"ids": e.ids, "texts": e.texts, "names": e.names, "touched": e.touched, "pattern": e.pattern} {
		if strings.Contains(sql, "@"+name) {
			args[name] = v
		}
	}
	return args
}
