-- +goose Up

-- pg_restore works with an empty search path: what a generated column calls is bound
-- when it is written, as here, or is not found there. A dump could not be restored.

-- +goose StatementBegin
create or replace function article_search(locale text, title text, headings text, plain text) returns tsvector
language sql immutable parallel safe
return setweight(to_tsvector(article_config(locale), title), 'A') || setweight(to_tsvector('simple', title), 'A')
    || setweight(to_tsvector(article_config(locale), headings), 'B') || setweight(to_tsvector('simple', headings), 'B')
    || setweight(to_tsvector(article_config(locale), left(plain, 100000)), 'C') || setweight(to_tsvector('simple', left(plain, 100000)), 'C');
-- +goose StatementEnd
