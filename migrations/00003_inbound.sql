-- +goose Up

create table inbound (
    id               bigint generated always as identity primary key,
    digest           bytea not null,
    state            text not null default 'received',
    attempts         integer not null default 0,
    tries            integer not null default 0,
    due_at           timestamptz not null,
    received_at      timestamptz not null,
    client_ip        inet,
    helo             text not null,
    tls              boolean not null,
    envelope_from    text not null,
    recipients       text[] not null,
    size             bigint not null,
    arrivals         integer not null default 1,
    last_error       text not null default '',
    from_address     text,
    from_name        text,
    subject          text,
    message_id       text,
    content_digest   bytea,
    kind             text,
    origin           text,
    rule             text,
    suspension       text,
    reason           text,
    trace            jsonb,
    opened           boolean not null default false,
    automatic_skipped text,
    conversation_id  bigint references conversations on delete set null,
    post_id          bigint references messages on delete set null,
    note_id          bigint references notes on delete set null,
    delivery_id      bigint,
    duplicate_of     bigint references inbound,
    released_at      timestamptz,
    released_by      bigint references users on delete set null,
    released_from    text,
    release_requester text,
    raw              bytea,
    constraint inbound_digest_taken unique (digest),
    constraint inbound_state_known check (state in ('received', 'success', 'suspended', 'rejected', 'failed')),
    constraint inbound_suspension_told check ((state = 'suspended') <= (suspension is not null))
) with (fillfactor = 80);
comment on table inbound is 'Every accepted mail and what became of it. The insert is the promise of the 250.';
comment on column inbound.digest is 'SHA-256 over client, sender, recipients and bytes: a repeated transmission is the same row (mail-law section 7).';
comment on column inbound.due_at is 'While received: when it may be claimed. Claiming moves it ahead, so a crashed process needs no rescue.';
comment on column inbound.attempts is 'Counts claims, and fences them: only the last claimer may finish.';
comment on column inbound.tries is 'Claims since it came, or since staff released or replayed it: a mail that ends no claim fails in the end.';
comment on column inbound.arrivals is 'How often the same mail came.';
comment on column inbound.opened is 'It opened a conversation: what the brake of mail-law section 5 counts.';
comment on column inbound.automatic_skipped is 'Why no acknowledgement was sent, where one was due.';
comment on column inbound.released_from is 'The rule that staff released it from. It alone is left out, however often the mail is run again.';
comment on column inbound.raw is 'The mail as it came, byte for byte. Null after a suspended mail was deleted.';
comment on constraint inbound_digest_taken on inbound is 'Accepting is idempotent.';
comment on constraint inbound_state_known on inbound is 'received, then exactly one terminal state.';
comment on constraint inbound_suspension_told on inbound is 'Suspended without a reason could never be judged.';
-- Mail is mostly encoded or small: compressing it costs more than it saves, and parts are read from the middle.
alter table inbound alter raw set storage external;
create index inbound_due on inbound (due_at) where state = 'received';
create index inbound_by_message_id on inbound (message_id) where message_id is not null;
create index inbound_openers on inbound (from_address, received_at) where opened;
create index inbound_suspended on inbound (id) where state = 'suspended' and raw is not null;
create index inbound_skipped on inbound (received_at) where automatic_skipped is not null;
create index inbound_failed on inbound (id) where state = 'failed';
create index inbound_of_message on inbound (post_id) where post_id is not null;
create index inbound_in on inbound (conversation_id) where conversation_id is not null;

alter table messages add constraint messages_of_known_mail foreign key (inbound_id) references inbound;
alter table notes add constraint notes_of_known_mail foreign key (inbound_id) references inbound;
alter table drafts add constraint drafts_of_known_mail foreign key (inbound_id) references inbound;
alter table events add constraint events_of_known_mail foreign key (inbound_id) references inbound;
alter table attachments add constraint attachments_of_known_mail foreign key (inbound_id) references inbound;
comment on constraint messages_of_known_mail on messages is 'The original is one click away.';
comment on constraint notes_of_known_mail on notes is 'The original is one click away.';
comment on constraint drafts_of_known_mail on drafts is 'The original is one click away.';
comment on constraint events_of_known_mail on events is 'The original is one click away.';
comment on constraint attachments_of_known_mail on attachments is 'The bytes are read from there.';

create table sender_list (
    list       text not null,
    pattern    text not null,
    created_by bigint references users on delete set null,
    created_at timestamptz not null default now(),
    primary key (list, pattern),
    constraint sender_list_known check (list in ('block', 'safe')),
    constraint sender_list_star_blocks_only check (pattern <> '*' or list = 'block')
);
comment on table sender_list is 'Blocked and safe senders: an address, a domain, or * (block list only). The safe list wins.';
comment on constraint sender_list_known on sender_list is 'Two lists.';
comment on constraint sender_list_star_blocks_only on sender_list is 'A safe list of everybody is no list.';

create table passing_addresses (
    address    text primary key,
    created_at timestamptz not null default now()
);
comment on table passing_addresses is 'Addresses that pass on other people''s mail: a group, a web form, a forwarding mailbox (mail-law: passed on).';
