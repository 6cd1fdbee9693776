-- +goose Up

alter table deliveries add column domain text not null generated always as (split_part(recipient, '@', -1)) stored;
comment on column deliveries.domain is 'Where the mail goes without a relay, and what staff pause by.';
create index deliveries_due_to on deliveries (domain, due_at) where state = 'queued';
create index deliveries_failed on deliveries (failed_at) where state = 'failed';

alter table deliveries add column claimed_until timestamptz;
comment on column deliveries.claimed_until is 'While a courier holds the mail: the end of its lease. Null once the try is recorded or the mail is given back.';
comment on column deliveries.tries is 'Recorded tries since schedule_from: the place in the schedule of attempts. Both begin again when staff send or retry a mail.';

create table destinations (
    name         text primary key,
    paused_at    timestamptz,
    paused_by    bigint references users on delete set null,
    failures     integer not null default 0,
    failed_until timestamptz,
    problem      text not null default '',
    constraint destinations_name_given check (name <> '')
);
comment on table destinations is 'What is known of where mail goes: a domain, or * for all of it. A row is missing where nothing is.';
comment on column destinations.paused_at is 'Staff let nothing go there until they resume it.';
comment on column destinations.failures is 'How often in a row no server there could be spoken to.';
comment on column destinations.failed_until is 'Nothing is tried before: after failures the courier waits for the destination as a whole. With a relay all mail has one destination, *.';
comment on column destinations.problem is 'What the last failure was, in words.';
comment on constraint destinations_name_given on destinations is 'Everything is *.';

create table signing_keys (
    id           bigint generated always as identity primary key,
    domain       text not null,
    selector     text not null,
    private      bytea not null,
    wrapped      boolean not null,
    public       bytea not null,
    created_at   timestamptz not null default now(),
    activated_at timestamptz,
    retired_at   timestamptz,
    constraint signing_keys_selector_taken unique (domain, selector)
);
comment on table signing_keys is 'DKIM keys of our domains (RFC 6376): here, so that every process and every restore signs alike.';
comment on column signing_keys.private is 'PKCS #8; empty once the key is retired: nobody signs with it again, whoever reads a backup neither.';
comment on column signing_keys.public is 'PKIX: what the record says can be told without POSTDESK_SECRET.';
comment on column signing_keys.wrapped is 'True: encrypted under POSTDESK_SECRET.';
comment on column signing_keys.activated_at is 'Null: its record is still to be published.';
comment on column signing_keys.retired_at is 'Signs nothing from then on; its record stays published until the last mail that it signed has arrived.';
comment on constraint signing_keys_selector_taken on signing_keys is 'A selector names one key for ever: verifiers may remember the old one.';
create unique index signing_keys_active on signing_keys (domain) where activated_at is not null and retired_at is null;
create unique index signing_keys_next on signing_keys (domain) where activated_at is null and retired_at is null;

create table mailbox_texts (
    mailbox_id bigint not null references mailboxes on delete cascade,
    kind       text not null,
    subject    text not null,
    body       text not null,
    updated_at timestamptz not null default now(),
    updated_by bigint references users on delete set null,
    primary key (mailbox_id, kind)
);
comment on table mailbox_texts is 'What the mails of a mailbox say, where staff changed it. A missing row is the text that the program brings.';
