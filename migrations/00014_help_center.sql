-- +goose Up

-- +goose StatementBegin
create function article_config(locale text) returns regconfig language sql immutable parallel safe as $$
    select case split_part(split_part(lower(locale), '-', 1), '_', 1)
        when 'da' then 'danish' when 'de' then 'german' when 'en' then 'english' when 'es' then 'spanish'
        when 'fi' then 'finnish' when 'fr' then 'french' when 'hu' then 'hungarian' when 'it' then 'italian'
        when 'nb' then 'norwegian' when 'nl' then 'dutch' when 'no' then 'norwegian' when 'pt' then 'portuguese'
        when 'ro' then 'romanian' when 'ru' then 'russian' when 'sv' then 'swedish' when 'tr' then 'turkish'
        else 'simple' end::regconfig
$$;
-- +goose StatementEnd
comment on function article_config is 'How words of a language are stemmed. Every PostgreSQL brings these along; another language is searched word by word.';

-- +goose StatementBegin
create function article_search(locale text, title text, headings text, plain text) returns tsvector language sql immutable parallel safe as $$
    select setweight(to_tsvector(article_config(locale), title), 'A') || setweight(to_tsvector('simple', title), 'A')
        || setweight(to_tsvector(article_config(locale), headings), 'B') || setweight(to_tsvector('simple', headings), 'B')
        || setweight(to_tsvector(article_config(locale), left(plain, 100000)), 'C') || setweight(to_tsvector('simple', left(plain, 100000)), 'C')
$$;
-- +goose StatementEnd
comment on function article_search is 'Every word stands in it twice: stemmed, and as it is written, for words that are not typed to their end. A tsvector takes 1 MB, so a very long text is cut.';

-- +goose StatementBegin
create function word_grams(word text) returns text[] language sql immutable parallel safe as $$
    select array(select distinct substr('  ' || word || ' ', i, 3) from generate_series(1, length(word) + 1) i order by 1)
$$;
-- +goose StatementEnd
comment on function word_grams is 'The trigrams of a word: two that are alike share most of them. Own ones, since pg_trgm is an extension that a server may lack.';

create table categories (
    id          bigint generated always as identity primary key,
    title       text not null,
    description text not null default '',
    position    integer not null default 0,
    created_at  timestamptz not null default now()
);
comment on table categories is 'The shelves of the Help Center.';
comment on column categories.position is 'The order that people gave; equal ones stand by id.';

create table sections (
    id          bigint generated always as identity primary key,
    category_id bigint not null references categories,
    title       text not null,
    description text not null default '',
    position    integer not null default 0,
    visibility  text not null default 'public',
    created_at  timestamptz not null default now(),
    constraint sections_visibility_known check (visibility in ('public', 'signed_in', 'staff'))
);
comment on table sections is 'Groups of articles within a category. Who may read an article is decided here and by its status, nowhere else.';
comment on constraint sections_visibility_known on sections is 'behaviour section 6: everybody, who is signed in, or staff.';
create index sections_of_category on sections (category_id, position);

create table articles (
    id           bigint generated always as identity primary key,
    section_id   bigint not null references sections,
    title        text not null,
    slug         text not null,
    body         text not null,
    headings     text not null,
    plain        text not null,
    locale       text not null default 'en',
    status       text not null default 'draft',
    position     integer not null default 0,
    author_id    bigint references users,
    revision     integer not null default 1,
    published_at timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    deleted_at   timestamptz,
    search       tsvector generated always as (article_search(locale, title, headings, plain)) stored,
    constraint articles_status_known check (status in ('draft', 'published')),
    constraint articles_published_then check (status = 'draft' or published_at is not null)
);
alter table articles alter column search set storage external; -- a search weighs many: reading them packed took half of its time
comment on table articles is 'What the Help Center tells. The text in the row is the newest revision: of a published article it is what the public reads.';
comment on column articles.slug is 'The title in the address, for people; the id finds the article.';
comment on column articles.headings is 'Of the body, as plain text, for the search.';
comment on column articles.plain is 'The body as plain text, for the search and for previews.';
comment on column articles.revision is 'The number of the text in the row. Who saves says which one they read: nobody overwrites what they have not seen.';
comment on column articles.updated_at is 'When the text last changed.';
comment on column articles.deleted_at is 'Gone for everybody; kept, as its revisions are, to be brought back.';
comment on constraint articles_status_known on articles is 'behaviour section 6.';
comment on constraint articles_published_then on articles is 'What is published was published at some time: the sitemap and the lists say when.';
create index articles_of_section on articles (section_id, position, id) include (status) where deleted_at is null; -- with what counts the articles of all sections, which stand on the first page
create index articles_recent on articles (updated_at desc, id desc) where deleted_at is null;
create index articles_found on articles using gin (search) where deleted_at is null;
create index articles_titled on articles using gin (ts_filter(search, '{a,b}')) where deleted_at is null; -- for what stands beside an article: the index above knows no weights, so every text with the words was read

create table article_revisions (
    article_id bigint not null references articles on delete cascade,
    number     integer not null,
    kind       text not null,
    author_id  bigint references users,
    title      text not null,
    body       text not null,
    note       text not null default '',
    created_at timestamptz not null default now(),
    primary key (article_id, number),
    constraint article_revisions_kind_known check (kind in ('created', 'saved', 'edited', 'restored', 'proposed'))
);
comment on table article_revisions is 'Every text that an article ever had, with its author. Written once and never changed.';
comment on column article_revisions.note is 'What the author says about the change.';
comment on constraint article_revisions_kind_known on article_revisions is 'How the text came about: with the article, in a draft, in what the public reads, from an older revision, from an accepted proposal.';

create table article_proposals (
    id            bigint generated always as identity primary key,
    article_id    bigint not null references articles on delete cascade,
    base          integer not null,
    author_id     bigint not null references users,
    title         text not null,
    body          text not null,
    note          text not null default '',
    state         text not null default 'open',
    created_at    timestamptz not null default now(),
    decided_at    timestamptz,
    decided_by    bigint references users,
    answer        text not null default '',
    constraint article_proposals_state_known check (state in ('open', 'accepted', 'declined', 'withdrawn')),
    constraint article_proposals_decided check ((state = 'open') = (decided_at is null))
);
comment on table article_proposals is 'Revisions that somebody proposes who may not change what the public reads.';
comment on column article_proposals.base is 'The revision that it changes: with a newer one, accepting it unseen would undo what came between.';
comment on constraint article_proposals_state_known on article_proposals is 'Open until somebody with the right accepts or declines it, or its author takes it back.';
comment on constraint article_proposals_decided on article_proposals is 'What is decided was decided at some time, and only that.';
create index article_proposals_open on article_proposals (article_id) where state = 'open';

create table article_images (
    id           bigint generated always as identity primary key,
    article_id   bigint not null references articles on delete cascade,
    digest       bytea not null,
    content_type text not null,
    filename     text not null,
    width        integer not null,
    height       integer not null,
    size         integer not null,
    content      bytea not null,
    added_by     bigint references users,
    created_at   timestamptz not null default now(),
    constraint article_images_once unique (article_id, digest),
    constraint article_images_kind_known check (content_type in ('image/png', 'image/jpeg', 'image/gif', 'image/webp'))
);
comment on table article_images is 'Pictures of articles. Who may read one of the articles with a picture may see it.';
comment on column article_images.digest is 'SHA-256 of the bytes; its address, so that browsers may keep it for ever.';
comment on constraint article_images_once on article_images is 'The same picture twice in one article is one.';
comment on constraint article_images_kind_known on article_images is 'Pictures that cannot act: no SVG.';
create index article_images_by_digest on article_images (digest);

create table article_feedback (
    article_id bigint not null references articles on delete cascade,
    visitor    bytea not null,
    helpful    boolean not null,
    words      text not null default '',
    created_at timestamptz not null default now(),
    primary key (article_id, visitor)
);
comment on table article_feedback is 'Whether an article helped: one answer of each visitor, who may change it.';
comment on column article_feedback.visitor is 'A digest: it tells two visitors apart, and nobody who they are.';

create table article_words (
    word  text primary key,
    grams text[] not null generated always as (word_grams(word)) stored
);
comment on table article_words is 'Words of published articles: what somebody who mistyped may have meant. Only articles that the reader may see are found by them.';
create index article_words_alike on article_words using gin (grams);
