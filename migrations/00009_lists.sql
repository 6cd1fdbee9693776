-- +goose Up

-- The lists of the agent area, each along an index in its own order. Pages are found
-- by (updated_at, id), so a page far down costs what the first one does. What they
-- include is for the counts beside the list, which then read no conversation.
create index conversations_by_status on conversations (status, updated_at desc, id desc) include (assignee_id) where merged_into is null and trashed_at is null;
create index conversations_by_assignee on conversations (assignee_id, updated_at desc, id desc) include (status, team_id)
    where merged_into is null and trashed_at is null and assignee_id is not null;
create index conversations_by_team on conversations (team_id, updated_at desc, id desc) include (status, assignee_id, requester_id)
    where merged_into is null and trashed_at is null and team_id is not null;
create index conversations_of_nobody on conversations (updated_at desc, id desc) include (status)
    where merged_into is null and trashed_at is null and assignee_id is null and status in ('new', 'open', 'pending');
create index conversations_in_trash on conversations (updated_at desc, id desc) where merged_into is null and trashed_at is not null;
comment on index conversations_by_status is 'The list by status, and its count.';
comment on index conversations_by_assignee is 'Mine, and what somebody with access to their own conversations sees.';
comment on index conversations_by_team is 'My teams, and what somebody with access to those of their teams sees.';
comment on index conversations_of_nobody is 'Unassigned: few among very many, so that a walk by activity would be long.';
comment on index conversations_in_trash is 'The trash.';

create index messages_warned_of on messages (conversation_id) where warnings <> '{}';
comment on index messages_warned_of is 'Lists mark conversations in which somebody may not be whom they seem. Few messages carry a warning, and the others cost it nothing.';
create index events_made_by on events (actor_id, user_id) where kind = 'created' and user_id is not null and actor_id is not null;
comment on index events_made_by is 'Whom somebody made by hand: those they see whatever their case access (core: seesUser).';

create table search_entries (
    conversation_id bigint not null,
    post            bigint not null,
    words           tsvector not null,
    primary key (conversation_id, post)
);
comment on table search_entries is 'What the search of the agent area finds: one row for each message (post is its id) and note (minus its id) of a conversation, with the words of it, of the subject and of the people. Kept by triggers in the transaction that writes the words, so that words which move or go are never found where they were. A row of its own, so that neither messages nor their filing carry the vector, and a walk through the newest conversations reads it without parsing.';
comment on column search_entries.post is 'No foreign keys: triggers take the row away, and a key would be checked once more for each mail.';

-- +goose StatementBegin
do $do$
declare
    fold     text := 'lower(words)';
    borrowed text;
begin
    -- As in 00006: a server with the locale "C" borrows a collation that folds letters beyond ASCII.
    if lower('Ä') <> 'ä' then
        select format('lower(words collate pg_catalog.%I)', collname) into borrowed from pg_collation
        where collname in ('und-x-icu', 'C.UTF-8', 'C.utf8', 'en_US.utf8')
          and collencoding in (-1, (select encoding from pg_database where datname = current_database()))
        order by collname = 'und-x-icu' desc, collname limit 1;
        fold := coalesce(borrowed, fold);
    end if;
    execute format($body$
        create function search_fold(words text) returns text
        language plpgsql immutable strict cost 100 as $f$
        declare folded text := %s;
        begin
            if octet_length(folded) > length(folded) then
                folded := translate(replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđıħ', 'oldih');
                folded := regexp_replace(normalize(folded, nfkd), '[\u0300-\u036f]+', '', 'g');
                -- Scripts that put no spaces between words: each letter is a word, and a word a phrase.
                folded := regexp_replace(folded, '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g');
            end if;
            -- The signs that make addresses, paths, numbers and tags of words. replace is many times faster than translate.
            return replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(folded,
                '@', ' '), '.', ' '), '/', ' '), ':', ' '), '-', ' '), '_', ' '), '&', ' '), '<', ' '), '+', ' '), '~', ' '), '\', ' ');
        end $f$;
    $body$, fold);
end $do$;
-- +goose StatementEnd
comment on function search_fold(text) is 'Words as they are compared: lower case, without accents, addresses in pieces, Chinese and Japanese in letters.';

-- +goose StatementBegin
create function search_vector(about text, words text) returns tsvector
language sql immutable parallel safe as $$
    select to_tsvector('pg_catalog.simple', search_fold(left(about, 4000) || ' ' || left(words, 50000)))
$$;
-- +goose StatementEnd
comment on function search_vector(text, text) is 'Never fails: 54,000 characters make less than half of the megabyte that a tsvector holds, whatever they are.';

-- +goose StatementBegin
create function search_about(given bigint) returns text
language plpgsql stable parallel safe as $$
begin
    return (select c.subject || ' ' || u.name || ' ' || coalesce((select string_agg(a.address, ' ') from addresses a where a.user_id = c.requester_id), '')
        || coalesce((select string_agg(' ' || p.address || ' ' || coalesce(n.name, ''), '')
            from participants p left join users n on n.id = p.user_id where p.conversation_id = c.id), '')
    from conversations c join users u on u.id = c.requester_id where c.id = given);
end $$;
-- +goose StatementEnd
comment on function search_about(bigint) is 'Subject, requester and participants of a conversation. In PL/pgSQL, which keeps its plan: SQL plans at each call, and mails wait for that.';

-- +goose StatementBegin
create function search_renew(ids bigint[]) returns void
language plpgsql as $$
begin
    delete from search_entries where conversation_id = any(ids);
    insert into search_entries (conversation_id, post, words)
    select w.conversation_id, w.post, search_vector(about.about, w.text)
    from (select unnest(ids) as id) given cross join lateral (select search_about(given.id) as about offset 0) about
    join lateral (
        select m.conversation_id, m.id as post, m.text from messages m where m.conversation_id = given.id
        union all
        select n.conversation_id, -n.id, n.text from notes n where n.conversation_id = given.id) w on true
    where about.about is not null;
end $$;
-- +goose StatementEnd
comment on function search_renew(bigint[]) is 'Writes the entries of conversations again: what they are about has changed.';

-- +goose StatementBegin
create function search_follow_words() returns trigger
language plpgsql as $$
declare
    sign int := case when tg_table_name = 'notes' then -1 else 1 end;
begin
    if tg_op <> 'INSERT' then
        delete from search_entries where conversation_id = old.conversation_id and post = sign * old.id;
    end if;
    if tg_op <> 'DELETE' then
        insert into search_entries (conversation_id, post, words)
        values (new.conversation_id, sign * new.id, search_vector(search_about(new.conversation_id), new.text));
    end if;
    return null;
end $$;
-- +goose StatementEnd
comment on function search_follow_words() is 'One message or note was written, changed, moved or taken away.';

-- +goose StatementBegin
create function search_follow_people() returns trigger
language plpgsql as $$
begin
    perform search_renew(array(
        select id from conversations where requester_id = any(ids)
        union select conversation_id from participants where user_id = any(ids)))
    from (select array_remove(array[
        case when tg_op <> 'INSERT' then case when tg_table_name = 'users' then (to_jsonb(old) ->> 'id')::bigint else (to_jsonb(old) ->> 'user_id')::bigint end end,
        case when tg_op <> 'DELETE' then case when tg_table_name = 'users' then (to_jsonb(new) ->> 'id')::bigint else (to_jsonb(new) ->> 'user_id')::bigint end end], null) as ids) whose;
    return null;
end $$;
create function search_follow_subject() returns trigger
language plpgsql as $$
begin
    perform search_renew(array[new.id]);
    return null;
end $$;
create function search_follow_participants() returns trigger
language plpgsql as $$
begin
    perform search_renew(array(select distinct conversation_id from changed));
    return null;
end $$;
-- +goose StatementEnd
comment on function search_follow_people() is 'Somebody is called otherwise, or has other addresses.';
comment on function search_follow_subject() is 'A conversation has another subject or requester.';
comment on function search_follow_participants() is 'Others are in CC.';

insert into search_entries (conversation_id, post, words)
select w.conversation_id, w.post, search_vector(about.about, w.text)
from (select id, search_about(id) as about from conversations offset 0) about -- once each
join (select conversation_id, id as post, text from messages
    union all
    select conversation_id, -id, text from notes where conversation_id is not null) w on w.conversation_id = about.id;

create index search_entries_words on search_entries using gin (words) with (fastupdate = on, gin_pending_list_limit = 1024);
comment on index search_entries_words is 'New words are gathered first and sorted in by the thousand: filing a mail waits for none of them. A search reads what is gathered one by one, so that is kept to one megabyte.';

-- Their price, measured: thrice 1,000 first mails each way in turns (a conversation, its
-- message, event and acknowledgement, in SQL alone, among 500,000 messages, on a busy
-- machine) took PostgreSQL 0.9 to 1.0 ms of processor time a mail with these triggers,
-- and 0.3 to 0.5 ms without. Half a millisecond a mail.
create trigger messages_are_found after insert or delete or update of text, conversation_id on messages
    for each row execute function search_follow_words();
create trigger notes_are_found after insert on notes
    for each row when (new.conversation_id is not null) execute function search_follow_words();
create trigger notes_are_found_changed after update of text, conversation_id on notes
    for each row when (new.conversation_id is not null and old.conversation_id is not null) execute function search_follow_words();
create trigger notes_are_lost after delete on notes
    for each row when (old.conversation_id is not null) execute function search_follow_words();
create trigger conversations_are_found after update of subject, requester_id on conversations
    for each row when (old.subject <> new.subject or old.requester_id <> new.requester_id) execute function search_follow_subject();
create trigger participants_come_found after insert on participants
    referencing new table as changed for each statement execute function search_follow_participants();
create trigger participants_change_found after update on participants
    referencing new table as changed for each statement execute function search_follow_participants();
create trigger participants_go_found after delete on participants
    referencing old table as changed for each statement execute function search_follow_participants();
create trigger users_are_found after update of name on users
    for each row when (old.name <> new.name) execute function search_follow_people();
-- A first mail makes an account with its primary address before there is a conversation.
create trigger addresses_are_found after insert on addresses
    for each row when (not new.is_primary) execute function search_follow_people();
create trigger addresses_are_found_changed after update of address, user_id on addresses
    for each row when (old.address <> new.address or old.user_id <> new.user_id) execute function search_follow_people();
create trigger addresses_are_lost after delete on addresses
    for each row execute function search_follow_people();
