-- +goose Up

create table continuity (
    only_row boolean primary key default true,
    system text,
    timeline bigint,
    beat bigint not null default 0,
    beat_at timestamptz not null default now(),
    restored_at timestamptz,
    restored_why text,
    constraint continuity_only_one check (only_row),
    constraint continuity_says_why check ((restored_at is null) = (restored_why is null))
) with (fillfactor = 10);
insert into continuity default values;
comment on table continuity is 'By what this database finds out that it was restored from a backup: what looks unsent may have been sent long ago then, and nothing goes out before an admin lets it. A table of its own, because it is written every few seconds.';
comment on column continuity.system is 'The server''s system identifier when it was last looked at; null before the first time. A dump that was loaded elsewhere stands on another one.';
comment on column continuity.timeline is 'The server''s timeline when it was last looked at. A restore to a point in time begins a new one; so does the promotion of a standby, which has lost no beat.';
comment on column continuity.beat is 'Counts the looks. A process that has seen a higher one knows that this database has forgotten something.';
comment on column continuity.restored_at is 'Since when all outgoing mail is held because of a restore; null: it is not.';
comment on constraint continuity_only_one on continuity is 'It is about the one database.';
comment on constraint continuity_says_why on continuity is 'An admin who is to let mail go must know why it was held.';
