-- +goose NO TRANSACTION
-- +goose Up

-- Whether a mail may lose its source is asked by its files, which are read from there.
create index concurrently if not exists attachments_of_mail on attachments (inbound_id) where inbound_id is not null;
comment on index attachments_of_mail is 'The files that are read from a raw mail: such a mail keeps its bytes.';

alter table instance
    add column if not exists keep_source_days integer,
    add column if not exists keep_sent_days integer;
comment on column instance.keep_source_days is 'How long the bytes of filed mail are kept, where no file is read from them. Null: for ever.';
comment on column instance.keep_sent_days is 'How long the bytes and the tries of mail that was sent or failed are kept. Null: for ever.';
alter table instance drop constraint if exists instance_keeps_a_week;
-- A mail on its way is tried for five days, and its report comes after that.
alter table instance add constraint instance_keeps_a_week check (least(keep_source_days, keep_sent_days) >= 7);
comment on constraint instance_keeps_a_week on instance is 'What came or left this week is still being worked with.';

create table if not exists retention (
    kind     text primary key,
    upto     bigint not null default 0,
    round_at timestamptz not null default now(),
    constraint retention_kind_known check (kind in ('source', 'sent'))
);
comment on table retention is 'How far old rows were walked through, by what is removed of them. An index of what may be old would cost every mail; a walk over the primary key costs nobody. Whoever removes holds the row: one process at a time.';
comment on column retention.upto is 'Ids up to here were looked at in this round.';
comment on column retention.round_at is 'When this round began. The next one finds what could not go yet: mail that was suspended or queued then, or whose files are gone by now.';
comment on constraint retention_kind_known on retention is 'The source of filed mail; the bytes and tries of mail that left.';
insert into retention (kind) values ('source'), ('sent') on conflict do nothing;
