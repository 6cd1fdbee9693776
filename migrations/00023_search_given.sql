-- +goose Up

-- +goose StatementBegin
create or replace function search_follow_words() returns trigger
language plpgsql as $$
declare
    sign int := case when tg_table_name = 'notes' then -1 else 1 end;
begin
    if tg_op <> 'INSERT' then
        delete from search_entries where conversation_id = old.conversation_id and post = sign * old.id;
    elsif exists (select from search_entries where conversation_id = new.conversation_id and post = sign * new.id) then
        return null; -- given with the words
    end if;
    if tg_op <> 'DELETE' then
        insert into search_entries (conversation_id, post, words)
        values (new.conversation_id, sign * new.id, search_vector(search_about(new.conversation_id), new.text));
    end if;
    return null;
end $$;
-- +goose StatementEnd
comment on function search_follow_words() is 'One message or note was written, changed, moved or taken away. Who files a mail gives the entry with it, in one statement: reading 4 KiB of words takes the database 0.6 ms and the gateway a tenth of it.';
