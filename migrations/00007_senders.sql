-- +goose Up

alter table sender_list add column note text not null default '';
comment on column sender_list.pattern is 'An address, a domain with all that is below it, or * (block list only). Canonical.';
create index sender_list_newest on sender_list (list, created_at desc);

alter table passing_addresses
    add column note       text not null default '',
    add column created_by bigint references users on delete set null;

create table passing_declined (
    address    text primary key,
    created_by bigint references users on delete set null,
    created_at timestamptz not null default now()
);
comment on table passing_declined is 'Addresses that admins do not want to be asked about again.';

alter table inbound
    add column suspended_at timestamptz,
    add column removed_at   timestamptz,
    add column removed_by   bigint references users on delete set null,
    add column passes_for   text;
comment on column inbound.suspended_at is 'When it was suspended last: what the daily digest counts by.';
comment on column inbound.removed_at is 'When the raw mail went: by hand, or after its time.';
comment on column inbound.removed_by is 'Null where only its time was over.';
comment on column inbound.passes_for is 'It looks as if From passed on the mail of this address: the panel offers to name From (mail-law: passed on).';
update inbound set suspended_at = received_at where state = 'suspended';
create index inbound_suspended_since on inbound (suspended_at) where state = 'suspended' and raw is not null;
create index inbound_passing on inbound (from_address, id) where passes_for is not null;

alter table users add column suspended_digest boolean not null default true;
comment on column users.suspended_digest is 'For admins: the daily digest of suspended mail.';

create table suspended_digests (
    user_id     bigint not null references users on delete cascade,
    day         date not null,
    since       timestamptz not null,
    upto        timestamptz not null,
    delivery_id bigint references deliveries on delete set null,
    primary key (user_id, day)
);
comment on table suspended_digests is 'One look a day at what was suspended, for each admin; the primary key keeps a second process from a second mail.';
comment on column suspended_digests.day is 'In the person''s own zone.';
comment on column suspended_digests.delivery_id is 'Null when there was nothing new.';
create index suspended_digests_mailed on suspended_digests (delivery_id) where delivery_id is not null;
