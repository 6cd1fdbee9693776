-- +goose Up

create table conversation_merges (
    id           bigint generated always as identity primary key,
    merged_id    bigint not null references conversations on delete cascade,
    survivor_id  bigint not null references conversations on delete cascade,
    requester_id bigint not null,
    moved        jsonb not null,
    created_at   timestamptz not null default now(),
    undone_at    timestamptz
);
comment on table conversation_merges is 'What went over in a merge of conversations, for the way back. Only ids and statuses stand in it, never words or addresses.';
comment on column conversation_merges.requester_id is 'Whose conversation the merged one was: only they get back as messages what became private. No foreign key: it is compared, never followed.';
comment on column conversation_merges.moved is 'core.movedWords: the rows that stood in the merged one, with where they came from before.';
comment on column conversation_merges.created_at is 'The time of the transaction: people, links and suggestions that the merge brought have the same.';
create unique index conversation_merges_standing on conversation_merges (merged_id) where undone_at is null;
create index conversation_merges_of_survivor on conversation_merges (survivor_id) where undone_at is null;

create table made_private (
    message_id      bigint primary key,
    note_id         bigint not null references notes on delete cascade,
    conversation_id bigint not null references conversations on delete cascade,
    requester_id    bigint not null,
    by_staff        boolean not null,
    elided_private  boolean not null,
    deliveries      bigint[] not null,
    created_at      timestamptz not null default now()
);
comment on table made_private is 'Messages that became notes, with what a note has no column for. The undo of the merge that did it makes them messages again, for the same requester alone (mail-law section 2).';
comment on column made_private.message_id is 'Its number while it was a message: links to it and mails of it find it again.';
comment on column made_private.conversation_id is 'Where it was public.';
comment on column made_private.requester_id is 'Who could read it there. No foreign key: it is compared, never followed.';
comment on column made_private.deliveries is 'The mails that carried it.';
create index made_private_notes on made_private (note_id);
create index made_private_in on made_private (conversation_id);

create table conversation_splits (
    id           bigint generated always as identity primary key,
    source_id    bigint not null references conversations on delete cascade,
    made_id      bigint not null references conversations on delete cascade,
    requester_id bigint not null,
    messages     bigint[] not null,
    created_at   timestamptz not null default now()
);
comment on table conversation_splits is 'Messages that were split off, and who could read them where they stood: a merge back shows that person nothing new, so they stay messages.';
comment on column conversation_splits.requester_id is 'The requester of the source. No foreign key: it is compared, never followed.';
create index conversation_splits_from on conversation_splits (made_id);
create index conversation_splits_of on conversation_splits (source_id);

create table saved_replies (
    id         bigint generated always as identity primary key,
    name       text not null,
    text       text not null,
    language   text not null default '',
    visibility text not null,
    team_id    bigint references teams on delete cascade,
    owner_id   bigint not null references users on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint saved_replies_visibility_known check (visibility in ('everyone', 'team', 'mine')),
    constraint saved_replies_team_named check ((visibility = 'team') = (team_id is not null)),
    constraint saved_replies_name_given check (name <> '' and text <> '')
);
comment on table saved_replies is 'Words that agents use again, with placeholders that are filled when they are put into the composer.';
comment on column saved_replies.owner_id is 'Who wrote it. The account of a member of staff is never removed, only anonymised: shared replies stay.';
comment on constraint saved_replies_visibility_known on saved_replies is 'For everybody who answers, for one team, or for the author alone.';
comment on constraint saved_replies_team_named on saved_replies is 'A team''s reply is of one team, and goes with it.';
comment on constraint saved_replies_name_given on saved_replies is 'Nobody finds a reply without a name, and one without words says nothing.';
create unique index saved_replies_shared_name on saved_replies (lower(name), coalesce(team_id, 0)) where visibility <> 'mine';
create unique index saved_replies_own_name on saved_replies (lower(name), owner_id) where visibility = 'mine';

create index conversations_tags on conversations using gin (tags) where tags <> '{}';
