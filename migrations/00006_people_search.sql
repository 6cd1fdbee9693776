-- +goose Up

-- +goose StatementBegin
do $do$
declare
    fold     text := 'lower(words)';
    spelled  text;
    borrowed text;
begin
    -- Not safe in parallel workers: to start some costs more than any search here.
    -- A server with the locale "C" folds no letter beyond ASCII: it borrows a
    -- collation that does.
    if lower('Ä') <> 'ä' then
        select format('lower(words collate pg_catalog.%I)', collname) into borrowed from pg_collation
        where collname in ('und-x-icu', 'C.UTF-8', 'C.utf8', 'en_US.utf8')
          and collencoding in (-1, (select encoding from pg_database where datname = current_database()))
        order by collname = 'und-x-icu' desc, collname limit 1;
        fold := coalesce(borrowed, fold);
    end if;
    spelled := format($q$translate(%s, '!"#$%%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))$q$, fold);
    execute format($body$
        create function search_text(words text) returns text
        language plpgsql immutable strict cost 100 as $f$
        begin return %1$s; end $f$;
        create function search_words(words text) returns tsvector
        language plpgsql immutable strict cost 100 as $f$
        begin return array_to_tsvector(array_remove(string_to_array(%1$s, ' '), '')); end $f$;
        create function search_query(words text) returns tsquery
        language plpgsql immutable strict cost 100 as $f$
        declare named text[] := array_remove(string_to_array(%1$s, ' '), '');
        begin
            return case when cardinality(named) > 0 then ('''' || array_to_string(named, ''' & ''') || ''':*')::tsquery end;
        end $f$;
    $body$, spelled);
end $do$;
-- +goose StatementEnd

comment on function search_text(text) is 'Words in lower case, with spaces for the signs between them: as people and addresses are compared with what is typed.';
comment on function search_words(text) is 'The words of a name or an address, for the index.';
comment on function search_query(text) is 'Finds the words that are typed, of which the last may go on. Null for none.';

create index addresses_words on addresses using gin (search_words(address));
create index users_words on users using gin (search_words(name));
create index addresses_beginning on addresses (address text_pattern_ops);
comment on index addresses_beginning is 'The first ten that begin like what is typed, in their order, however many there are.';
