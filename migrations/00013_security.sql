-- +goose Up

alter table instance add column api_requests_a_minute integer not null default 3000;
alter table instance add column staff_two_factor boolean not null default false;
alter table instance add constraint instance_api_rate_sane check (api_requests_a_minute between 60 and 1000000);
comment on column instance.api_requests_a_minute is 'How many requests one API token may make in a minute.';
comment on column instance.staff_two_factor is 'Staff without two-factor sign-in can do nothing on the pages of staff, nor by the API, until they have set it up.';
comment on constraint instance_api_rate_sane on instance is 'Too low a rate would shut out the scripts that could raise it again.';

create table two_factors (
    user_id      bigint primary key references users on delete cascade,
    secret       bytea not null,
    wrapped      boolean not null,
    last_step    bigint not null default 0,
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,
    constraint two_factors_secret_given check (octet_length(secret) >= 20)
);
comment on table two_factors is 'The second factor of a person: a secret that their device makes codes from (RFC 6238).';
comment on column two_factors.wrapped is 'True: the secret is encrypted under POSTDESK_SECRET.';
comment on column two_factors.last_step is 'The latest time step whose code was taken: a code signs in once (RFC 6238 section 5.2).';
comment on column two_factors.confirmed_at is 'Null: being set up. Only a code that the device shows proves that it has the secret.';
comment on constraint two_factors_secret_given on two_factors is '160 bits at least (RFC 4226 section 4, R6).';

create table backup_codes (
    user_id   bigint not null references two_factors on delete cascade,
    code_hash bytea not null,
    used_at   timestamptz,
    primary key (user_id, code_hash)
);
comment on table backup_codes is 'Ways in without the device, each once, by hash. They go with the second factor, and when new ones are made.';
comment on column backup_codes.used_at is 'Kept once used, so that the person can be told how many are left of how many.';

create table pending_sign_ins (
    secret_hash bytea primary key,
    user_id    bigint not null references users on delete cascade,
    credential_version integer not null,
    leads_to   text not null default '',
    tries      integer not null default 0,
    created_at timestamptz not null default now()
);
comment on table pending_sign_ins is 'Who has shown a password or a link and still owes the second factor. No session: whoever holds one can do nothing but give a code.';
comment on column pending_sign_ins.credential_version is 'What the person''s was: when that moves, the sign-in has to begin again.';
comment on column pending_sign_ins.tries is 'Wrong codes: after a few, the sign-in has to begin again.';
create index pending_sign_ins_of on pending_sign_ins (user_id);

alter table sign_ins add column second_factor_at timestamptz;
comment on column sign_ins.second_factor_at is 'When a code was last given in this session. Null: by one factor; such a session of a person with two is over.';

alter table api_tokens add column name text not null default '';
alter table api_tokens add column expires_at timestamptz;
comment on column api_tokens.name is 'What its owner calls it; empty for those that the command made.';
comment on column api_tokens.expires_at is 'Opens nothing from then on. Null: until it is ended.';

alter table users add column notices_off text[] not null default '{}';
comment on column users.notices_off is 'Kinds of staff notices that the person wants no mail of. What has to be told is sent whatever stands here.';

create index deliveries_left on deliveries (mailbox_id, sent_at desc) where state = 'sent';
comment on index deliveries_left is 'The last mail of a mailbox, for its health.';
