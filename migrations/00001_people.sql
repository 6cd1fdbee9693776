-- +goose Up

create table instance (
    only_row              boolean primary key default true,
    instance_id           bytea not null,
    name                  text not null default 'Postdesk',
    timezone              text not null default 'UTC',
    accepts_unknown       boolean not null default true,
    max_collaborators     integer,
    max_seats             integer,
    flood_ten_minutes     integer not null default 10,
    flood_hour            integer not null default 20,
    flood_day             integer not null default 50,
    automatic_hour        integer not null default 600,
    suspended_days        integer not null default 30,
    close_completed_hours integer default 96,
    created_at            timestamptz not null default now(),
    constraint instance_only_one check (only_row),
    constraint instance_id_length check (octet_length(instance_id) = 16)
);
comment on table instance is 'The one row of settings that every process and every command of this instance shares.';
comment on column instance.instance_id is 'Random; part of every token, so that tokens of another instance are never ours.';
comment on column instance.max_collaborators is 'Null: unlimited. Written by serve, read by every command.';
comment on column instance.close_completed_hours is 'Null: completed conversations stay completed.';
comment on constraint instance_only_one on instance is 'Two rows of settings would contradict each other.';
comment on constraint instance_id_length on instance is 'The token format fixes 16 bytes.';

create table keys (
    number     smallint primary key,
    secret     bytea not null,
    wrapped    boolean not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    constraint keys_number_range check (number between 0 and 15)
);
comment on table keys is 'Secrets that tokens are made with. Here, and not in a file, so that every process and every restore reads the same tokens.';
comment on column keys.wrapped is 'True: encrypted under POSTDESK_SECRET.';
comment on constraint keys_number_range on keys is 'A token has four bits for it.';

create table organizations (
    id                   bigint generated always as identity primary key,
    name                 text not null,
    shares_conversations boolean not null default false,
    created_at           timestamptz not null default now(),
    constraint organizations_name_given check (name <> '')
);
comment on table organizations is 'Companies that customers belong to.';
comment on constraint organizations_name_given on organizations is 'A nameless organization cannot be picked from a list.';

create table organization_domains (
    domain          text primary key,
    organization_id bigint not null references organizations on delete cascade
);
comment on table organization_domains is 'A domain belongs to one organization: the primary key says so. A-labels, lower case.';
create index organization_domains_of on organization_domains (organization_id);

create table roles (
    role                    text primary key,
    may_reply               boolean not null,
    may_merge               boolean not null,
    may_view_suspended      boolean not null,
    may_manage_people       boolean not null,
    may_write_articles      boolean not null,
    may_publish_articles    boolean not null,
    may_manage_categories   boolean not null,
    case_access             text not null default 'all',
    constraint roles_known check (role in ('customer', 'collaborator', 'agent', 'admin', 'owner')),
    constraint roles_case_access_known check (case_access in ('own', 'teams', 'all'))
);
comment on table roles is 'The toggles of each role. What no toggle can give is in core/policy.go.';
comment on constraint roles_known on roles is 'The five role types of the product.';
comment on constraint roles_case_access_known on roles is 'Which conversations a role sees.';
insert into roles values
    ('customer',     false, false, false, false, false, false, false, 'own'),
    ('collaborator', false, false, false, false, false, false, false, 'all'),
    ('agent',        true,  true,  true,  true,  true,  true,  true,  'all'),
    ('admin',        true,  true,  true,  true,  true,  true,  true,  'all'),
    ('owner',        true,  true,  true,  true,  true,  true,  true,  'all');

create table users (
    id                   bigint generated always as identity primary key,
    name                 text not null,
    role                 text not null,
    enabled              boolean not null,
    password_hash        text,
    organization_id      bigint references organizations on delete set null,
    organization_by_hand boolean not null default false,
    timezone             text,
    locale               text not null default 'en',
    phone                text not null default '',
    tags                 text[] not null default '{}',
    signature            text not null default '',
    account_mailed_at    timestamptz,
    invited_at           timestamptz,
    credential_version   integer not null default 1,
    created_at           timestamptz not null default now(),
    constraint users_known_by_name check (name <> ''),
    constraint users_role_known check (role in ('customer', 'collaborator', 'agent', 'admin', 'owner'))
);
comment on table users is 'Everybody: customers, collaborators, agents, admins, owners.';
comment on column users.organization_by_hand is 'Set by a person: joining by domain never overwrites it, not even with none.';
comment on column users.timezone is 'Null: the instance''s.';
comment on column users.account_mailed_at is 'When a customer was last asked by mail to set a password. Null: the first answer tells where to do so.';
comment on column users.invited_at is 'An invite waits for its answer: not enabled yet, and counted by the limits. Null once accepted, enabled or revoked.';
comment on column users.credential_version is 'Raised by disable, role change and password change. Sessions carry the number they began with and die when it moves.';
comment on constraint users_role_known on users is 'No foreign key to roles: every new customer would lock the same row there.';
comment on constraint users_known_by_name on users is 'The local part of the address stands in for an unknown name.';
create index users_of_organization on users (organization_id) where organization_id is not null;
create index users_staff on users (role) where role <> 'customer';

create table addresses (
    address     text primary key,
    user_id     bigint not null references users on delete cascade,
    is_primary  boolean not null,
    verified_at timestamptz,
    created_at  timestamptz not null default now()
);
comment on table addresses is 'Who an address is. Canonical form, so that the primary key means one person per address, in any spelling.';
comment on column addresses.verified_at is 'Null for a first mail of unproven origin, and for what a customer added, until the address proves itself.';
create unique index addresses_one_primary on addresses (user_id) where is_primary;
create index addresses_of on addresses (user_id);
comment on index addresses_one_primary is 'Mail to a person goes to one address.';

create table teams (
    id         bigint generated always as identity primary key,
    title      text not null,
    created_at timestamptz not null default now(),
    constraint teams_title_taken unique (title)
);
comment on table teams is 'Groups of staff, for assignment and access.';
comment on constraint teams_title_taken on teams is 'Two teams of one name cannot be told apart in a list.';

create table team_members (
    team_id bigint not null references teams on delete cascade,
    user_id bigint not null references users on delete cascade,
    primary key (team_id, user_id)
);
comment on table team_members is 'Who is in which team.';
create index team_members_of on team_members (user_id);

create table links (
    secret_hash bytea primary key,
    purpose     text not null,
    user_id     bigint references users on delete cascade,
    address     text,
    created_by  bigint references users on delete set null,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    consumed_at timestamptz,
    revoked_at  timestamptz,
    constraint links_purpose_known check (purpose in ('setup', 'verify', 'invite', 'reset', 'sign_in')),
    constraint links_of_somebody check ((user_id is null) = (purpose = 'setup'))
);
comment on table links is 'Single-use links, known by the hash of their secret only.';
comment on constraint links_purpose_known on links is 'A link of one purpose does nothing for another.';
comment on constraint links_of_somebody on links is 'Only the set-up link of an empty instance belongs to nobody yet.';
create index links_of on links (user_id, purpose) where consumed_at is null and revoked_at is null;

create table sessions (
    token  text primary key,
    data   bytea not null,
    expiry timestamptz not null
);
comment on table sessions is 'Signed-in browsers, by the hash of their cookie.';
create index sessions_expiry on sessions (expiry);

create table api_tokens (
    secret_hash  bytea primary key,
    user_id      bigint not null references users on delete cascade,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz
);
comment on table api_tokens is 'Tokens of the API, by hash. Deleted by disable, role change and password change.';
create index api_tokens_of on api_tokens (user_id);

create table api_answers (
    user_id    bigint not null references users on delete cascade,
    key        text not null,
    request    bytea not null,
    status     integer,
    body       bytea,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);
comment on table api_answers is 'Answers to requests with an Idempotency-Key, so that a repeated request is not done twice.';
comment on column api_answers.request is 'Digest of the request: the same key for another request is a mistake worth telling.';
comment on column api_answers.status is 'Null while the first request still runs.';

create table sign_in_attempts (
    subject text not null,
    at      timestamptz not null default now()
);
comment on table sign_in_attempts is 'Failed sign-ins and asked resets by address and by client, so that several processes slow a guesser down together.';
create index sign_in_attempts_recent on sign_in_attempts (subject, at);

create table audit (
    id       bigint generated always as identity primary key,
    actor_id bigint references users on delete set null,
    act      text not null,
    object   text not null,
    detail   jsonb not null default '{}',
    at       timestamptz not null default now()
);
comment on table audit is 'Every administrative act, for those who answer for it.';
create index audit_newest on audit (at desc);

create table certificates (
    name text primary key,
    data bytea not null
);
comment on table certificates is 'What ACME brought, where every process finds it.';
