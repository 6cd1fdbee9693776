-- +goose Up

create table sign_ins (
    id         bigint generated always as identity primary key,
    user_id    bigint not null references users on delete cascade,
    client     text not null default '',
    browser    text not null default '',
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    credential_version integer not null
);
comment on table sign_ins is 'Browsers where somebody is signed in, so that people see theirs and end one. A session whose row is gone is over at its next request.';
comment on column sign_ins.credential_version is 'What the person''s was at the sign-in: when that moves, this session is over.';
comment on column sign_ins.client is 'The network address at the sign-in.';
comment on column sign_ins.browser is 'What the browser calls itself, cut; shown to its owner only.';
comment on column sign_ins.seen_at is 'Kept to within five minutes.';
create index sign_ins_of on sign_ins (user_id, seen_at desc);

alter table links add column leads_to text not null default '';
alter table deliveries add column leads_to text not null default '';
comment on column links.leads_to is 'The page that somebody wanted to see when they asked for a sign-in link. Not in the mail: a stranger may have chosen it.';
comment on column deliveries.leads_to is 'For the link that is minted when the mail is composed.';

alter table users add column anonymised_at timestamptz;
alter table users add column merged_into bigint references users;
comment on column users.anonymised_at is 'The person was deleted: nothing of them is left in this row, and what they wrote stays.';
comment on column users.merged_into is 'The same person as that one. Kept, with no address and nothing to do, for the way back.';
alter table users add constraint users_gone_are_shut check (not enabled or anonymised_at is null and merged_into is null);
alter table users add constraint users_not_into_themselves check (merged_into <> id);
comment on constraint users_gone_are_shut on users is 'Nobody comes back through an account that is deleted or merged away.';
comment on constraint users_not_into_themselves on users is 'The survivor is somebody else.';
create index users_merged on users (merged_into) where merged_into is not null;

create table user_merges (
    id          bigint generated always as identity primary key,
    survivor_id bigint not null references users on delete cascade,
    merged_id   bigint not null references users on delete cascade,
    by_id       bigint references users on delete set null,
    moved       jsonb not null,
    created_at  timestamptz not null default now(),
    undone_at   timestamptz,
    constraint user_merges_of_two check (survivor_id <> merged_id)
);
comment on table user_merges is 'Two accounts that were found to be one person.';
comment on column user_merges.moved is 'What went over, by table: the way back moves exactly that.';
comment on constraint user_merges_of_two on user_merges is 'It takes two.';
create index user_merges_of on user_merges (survivor_id) where undone_at is null;
create index user_merges_away on user_merges (merged_id) where undone_at is null;

create index audit_by_actor on audit (actor_id, at desc, id desc);
create index audit_of_object on audit (object, at desc, id desc);
create index audit_of_family on audit (split_part(act, '.', 1), at desc, id desc);

create index deliveries_of_invites on deliveries (user_id, id desc) where purpose = 'invite';
