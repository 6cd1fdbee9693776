-- +goose Up

create table deliveries (
    id                bigint generated always as identity primary key,
    purpose           text not null,
    state             text not null,
    recipient         text not null,
    user_id           bigint references users on delete set null,
    conversation_id   bigint references conversations on delete set null,
    post_id           bigint references messages on delete set null,
    mention_id        bigint references mentions on delete set null,
    inbound_id        bigint references inbound on delete set null,
    mailbox_id        bigint not null,
    author_id         bigint references users on delete set null,
    reply_token       bigint references tokens on delete set null,
    bounce_name       bigint not null,
    id_name           bigint not null,
    automatic         boolean not null,
    to_unproven       boolean not null default false,
    link_purpose      text,
    kind              text not null default '',
    subject           text,
    message_id        text,
    bytes             bytea,
    perhaps_delivered boolean not null default false,
    machine_answered_at timestamptz,
    attempts          integer not null default 0,
    tries             integer not null default 0,
    schedule_from     timestamptz not null default now(),
    due_at            timestamptz not null default now(),
    last_response     text not null default '',
    created_at        timestamptz not null default now(),
    composed_at       timestamptz,
    warned_at         timestamptz,
    sent_at           timestamptz,
    failed_at         timestamptz,
    constraint deliveries_bounce_name_taken unique (bounce_name),
    constraint deliveries_id_name_taken unique (id_name),
    constraint deliveries_state_known check (state in ('queued', 'sent', 'failed', 'held')),
    constraint deliveries_purpose_known check (purpose in ('reply', 'copy', 'acknowledgement', 'mention', 'staff_notice', 'verify', 'invite', 'reset')),
    constraint deliveries_link_known check (link_purpose in ('setup', 'verify', 'invite', 'reset', 'sign_in'))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
comment on table deliveries is 'One mail to one recipient, written in the transaction of its cause: this row is the queue, the record and what a bounce points to.';
comment on column deliveries.kind is 'Which form of copy, where a purpose has several.';
comment on column deliveries.to_unproven is 'Automatic mail to a sender of unproven origin: held, and discarded once a relay is set.';
comment on column deliveries.link_purpose is 'The mail holds a single-use link, minted when it is composed; the bytes go once it is sent or failed.';
comment on column deliveries.bytes is 'The finished mail, composed once and identical at every attempt.';
comment on column deliveries.due_at is 'While queued: when it may be claimed. Claiming moves it ahead; there is no sending state and nothing to rescue.';
comment on column deliveries.machine_answered_at is 'A machine answered this automatic mail within ten minutes (mail-law section 5).';
comment on column deliveries.attempts is 'Counts claims, and fences them.';
comment on column deliveries.tries is 'Claims since schedule_from: the place in the schedule of attempts. Both begin again when staff send or retry a mail.';
comment on constraint deliveries_bounce_name_taken on deliveries is 'A bounce address names one delivery.';
comment on constraint deliveries_id_name_taken on deliveries is 'A Message-ID of ours names one delivery.';
comment on constraint deliveries_state_known on deliveries is 'mail-law section 6.';
comment on constraint deliveries_purpose_known on deliveries is 'What the mail is for, as the API names it.';
comment on constraint deliveries_link_known on deliveries is 'A purpose of the table links.';
-- Small on purpose: only what waits is in it, so a claim never walks over history.
create index deliveries_due on deliveries (due_at) where state = 'queued';
create index deliveries_to_compose on deliveries (id) where bytes is null and state = 'held' and composed_at is null;
create index deliveries_held on deliveries (id) where state = 'held';
create index deliveries_in on deliveries (conversation_id) where conversation_id is not null;
create index deliveries_of_message on deliveries (post_id) where post_id is not null;
create index deliveries_with_link on deliveries (user_id) where link_purpose is not null and state in ('queued', 'held');
create index deliveries_automatic on deliveries (created_at) where automatic;
create index deliveries_automatic_to on deliveries (recipient, created_at) where automatic;

alter table inbound add constraint inbound_answers_known_delivery foreign key (delivery_id) references deliveries on delete set null;
comment on constraint inbound_answers_known_delivery on inbound is 'The delivery that a report or an answer at a bounce address is about.';

create table delivery_attempts (
    delivery_id bigint not null references deliveries on delete cascade,
    attempt     integer not null,
    at          timestamptz not null default now(),
    outcome     text not null,
    code        integer not null default 0,
    response    text not null,
    remote      text not null default '',
    primary key (delivery_id, attempt),
    constraint delivery_attempts_outcome_known check (outcome in ('sent', 'later', 'never'))
);
comment on table delivery_attempts is 'What each try brought, in the server''s words.';
comment on constraint delivery_attempts_outcome_known on delivery_attempts is 'core.Receipt has these three.';

create table suppressions (
    address     text primary key,
    reason      text not null,
    delivery_id bigint references deliveries on delete set null,
    created_at  timestamptz not null default now()
);
comment on table suppressions is 'Addresses that reported a permanent failure: mail to them fails at once until they write to us again (proven) or staff clears them.';

create table automatic_mutes (
    address    text primary key,
    created_at timestamptz not null default now()
);
comment on table automatic_mutes is 'Addresses where a machine answered three automatic mails in a row: they get no more until a human writes from there.';
