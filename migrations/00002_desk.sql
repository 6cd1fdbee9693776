-- +goose Up

create table own_domains (
    domain text primary key
);
comment on table own_domains is 'Domains that are or ever were ours: valid tokens at them stay accepted, and nobody relays through us.';

create table mailboxes (
    id         bigint generated always as identity primary key,
    address    text not null,
    name       text not null,
    created_at timestamptz not null default now(),
    constraint mailboxes_address_taken unique (address)
);
comment on table mailboxes is 'Our own addresses. The oldest is the first mailbox, which also answers to postmaster and abuse.';
comment on constraint mailboxes_address_taken on mailboxes is 'One address is one mailbox.';

create table conversations (
    id           bigint generated always as identity primary key,
    subject      text not null,
    status       text not null default 'new',
    priority     text not null default 'normal',
    type         text not null default 'question',
    tags         text[] not null default '{}',
    requester_id bigint not null references users,
    assignee_id  bigint references users on delete set null,
    team_id      bigint references teams on delete set null,
    mailbox_id   bigint not null,
    channel      text not null,
    root         text not null,
    merged_into  bigint references conversations,
    merged_at    timestamptz,
    trashed_at   timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    completed_at timestamptz,
    closed_at    timestamptz,
    constraint conversations_root_taken unique (root),
    constraint conversations_status_known check (status in ('new', 'open', 'pending', 'completed', 'closed')),
    constraint conversations_priority_known check (priority in ('low', 'normal', 'high', 'urgent')),
    constraint conversations_type_known check (type in ('question', 'task', 'problem', 'incident')),
    constraint conversations_channel_known check (channel in ('mail', 'helpcenter', 'agent', 'api')),
    constraint conversations_not_into_itself check (merged_into <> id)
);
comment on table conversations is 'What a requester wants, and all that was said about it.';
comment on column conversations.mailbox_id is 'No foreign key: every new conversation would lock the same row of mailboxes, and those are never deleted.';
comment on column conversations.root is 'The pseudo-root: a random Message-ID that every mail of the conversation refers to. It locates and proves nothing.';
comment on column conversations.updated_at is 'Last activity; the order of the list.';
comment on constraint conversations_root_taken on conversations is 'A root names one conversation.';
comment on constraint conversations_status_known on conversations is 'mail-law section 8.';
comment on constraint conversations_priority_known on conversations is 'behaviour section 5.';
comment on constraint conversations_type_known on conversations is 'behaviour section 5.';
comment on constraint conversations_channel_known on conversations is 'How it began.';
comment on constraint conversations_not_into_itself on conversations is 'A survivor is found by following merged_into; a circle would never end.';
create index conversations_by_activity on conversations (updated_at desc, id desc) where merged_into is null and trashed_at is null;
create index conversations_of_requester on conversations (requester_id, updated_at desc);
create index conversations_of_assignee on conversations (assignee_id) where assignee_id is not null;
create index conversations_merged on conversations (merged_into) where merged_into is not null;
create index conversations_completed on conversations (completed_at) where status = 'completed';

create table conversation_links (
    conversation_id bigint not null references conversations on delete cascade,
    other_id        bigint not null references conversations on delete cascade,
    relation        text not null,
    created_at      timestamptz not null default now(),
    primary key (conversation_id, other_id, relation),
    constraint conversation_links_relation_known check (relation in ('mention', 'may_belong', 'follow_up', 'also_names', 'split'))
);
comment on table conversation_links is 'Links that only staff see. Kept once, from the younger to the older; read both ways.';
comment on constraint conversation_links_relation_known on conversation_links is 'mention: opened by an answer to a mention mail of the other. may_belong: located, but not allowed in. follow_up: of a closed one. also_names: a mail named several.';
create index conversation_links_back on conversation_links (other_id);

create table participants (
    conversation_id bigint not null references conversations on delete cascade,
    address         text not null,
    user_id         bigint references users on delete cascade,
    via             text not null,
    by_staff        boolean not null default false,
    created_at      timestamptz not null default now(),
    primary key (conversation_id, address),
    constraint participants_via_known check (via in ('mail', 'agent', 'api', 'merge', 'requester', 'split'))
);
comment on table participants is 'People in CC, by address, and by account when the address has one.';
comment on column participants.by_staff is 'Put there by staff; taking away a staff role removes exactly these.';
comment on constraint participants_via_known on participants is 'How somebody came in.';
create index participants_of_user on participants (user_id) where user_id is not null;
-- Every new account looks for its bare address in these two.
create index participants_bare on participants (address) where user_id is null;

create table participant_suggestions (
    conversation_id bigint not null references conversations on delete cascade,
    address         text not null,
    name            text not null,
    named_by        text not null,
    verified        boolean not null,
    created_at      timestamptz not null default now(),
    primary key (conversation_id, address)
);
comment on table participant_suggestions is 'People whom a mail named in To or Cc and whom nobody let in yet. They get no mail (mail-law section 4).';

create table followers (
    conversation_id bigint not null references conversations on delete cascade,
    user_id         bigint not null references users on delete cascade,
    primary key (conversation_id, user_id)
);
comment on table followers is 'Staff who want to hear of a conversation: who replied, noted or pressed Follow.';

create table conversation_reads (
    conversation_id bigint not null references conversations on delete cascade,
    user_id         bigint not null references users on delete cascade,
    read_at         timestamptz not null,
    primary key (conversation_id, user_id)
);
comment on table conversation_reads is 'When somebody last looked: newer activity is bold in the list.';

create table messages (
    id              bigint generated always as identity primary key,
    conversation_id bigint not null references conversations on delete cascade,
    author_id       bigint not null references users,
    author_address  text not null default '',
    source          text not null,
    text            text not null,
    elided          text not null default '',
    elided_private  boolean not null default false,
    has_html        boolean not null default false,
    is_verified     boolean not null,
    by_staff        boolean not null default false,
    warnings        text[] not null default '{}',
    inbound_id      bigint,
    came_from       bigint references conversations on delete set null,
    created_at      timestamptz not null default now(),
    constraint messages_source_known check (source in ('mail', 'agent', 'helpcenter', 'api'))
);
comment on table messages is 'Words that a customer may read. Notes are another table, so that no query can mix them up.';
comment on column messages.text is 'What is new. Only this is ever quoted, mailed or shown to customers.';
comment on column messages.elided is 'The folded rest, for staff.';
comment on column messages.by_staff is 'Spoken in the name of the company.';
comment on column messages.came_from is 'The conversation it stood in before a merge.';
comment on constraint messages_source_known on messages is 'The way it was written.';
create index messages_in on messages (conversation_id, created_at);
create index messages_of_inbound on messages (inbound_id) where inbound_id is not null;

create table notes (
    id              bigint generated always as identity primary key,
    conversation_id bigint references conversations on delete cascade,
    user_id         bigint references users on delete cascade,
    organization_id bigint references organizations on delete cascade,
    author_id       bigint not null references users,
    source          text not null,
    text            text not null,
    elided          text not null default '',
    has_html        boolean not null default false,
    is_verified     boolean not null,
    was_message     boolean not null default false,
    warnings        text[] not null default '{}',
    inbound_id      bigint,
    came_from       bigint references conversations on delete set null,
    created_at      timestamptz not null default now(),
    constraint notes_one_subject check (num_nonnulls(conversation_id, user_id, organization_id) = 1),
    constraint notes_source_known check (source in ('mail', 'agent', 'helpcenter', 'api'))
);
comment on table notes is 'Words that a customer may never read.';
comment on column notes.was_message is 'A message once, made private by a merge or a change of requester. Never made public again by itself.';
comment on constraint notes_one_subject on notes is 'A note is about one conversation, one user or one organization.';
comment on constraint notes_source_known on notes is 'The way it was written.';
create index notes_in on notes (conversation_id, created_at) where conversation_id is not null;
create index notes_about_user on notes (user_id, created_at) where user_id is not null;
create index notes_about_organization on notes (organization_id, created_at) where organization_id is not null;
create index notes_of_inbound on notes (inbound_id) where inbound_id is not null;

create table mentions (
    id                  bigint generated always as identity primary key,
    note_id             bigint not null references notes on delete cascade,
    user_id             bigint not null references users on delete cascade,
    opened_conversation bigint references conversations on delete set null,
    created_at          timestamptz not null default now(),
    constraint mentions_once unique (note_id, user_id)
);
comment on table mentions is 'One person mentioned in one note.';
comment on column mentions.opened_conversation is 'What the first answer to the mention mail opened; further answers go there (mail-law: mention).';
comment on constraint mentions_once on mentions is 'Named twice in a note is told once.';
create index mentions_of_user on mentions (user_id);

create table drafts (
    id              bigint generated always as identity primary key,
    conversation_id bigint not null references conversations on delete cascade,
    user_id         bigint not null references users on delete cascade,
    source          text not null,
    text            text not null,
    cc              text[] not null default '{}',
    is_verified     boolean not null default true,
    warnings        text[] not null default '{}',
    inbound_id      bigint,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint drafts_source_known check (source in ('agent', 'mail'))
);
comment on table drafts is 'Unsent replies, each of one person, sent by nobody but them.';
comment on constraint drafts_source_known on drafts is 'Typed in the panel, or made of a mail that lacked a proof (mail-law: staff_draft).';
create index drafts_in on drafts (conversation_id, user_id);

create table events (
    id              bigint generated always as identity primary key,
    conversation_id bigint references conversations on delete cascade,
    user_id         bigint references users on delete cascade,
    organization_id bigint references organizations on delete cascade,
    kind            text not null,
    actor_id        bigint references users on delete set null,
    detail          jsonb not null default '{}',
    inbound_id      bigint,
    created_at      timestamptz not null default now(),
    constraint events_one_subject check (num_nonnulls(conversation_id, user_id, organization_id) = 1)
);
comment on table events is 'What happened to a conversation, user or organization: the journey. For staff.';
comment on constraint events_one_subject on events is 'An event happened to one thing.';
create index events_in on events (conversation_id, created_at) where conversation_id is not null;
create index events_about_user on events (user_id, created_at) where user_id is not null;
create index events_about_organization on events (organization_id, created_at) where organization_id is not null;

create table attachments (
    id           bigint generated always as identity primary key,
    message_id   bigint references messages on delete cascade,
    note_id      bigint references notes on delete cascade,
    draft_id     bigint references drafts on delete cascade,
    filename     text not null,
    content_type text not null,
    content_id   text not null default '',
    inline       boolean not null default false,
    size         bigint not null,
    sha256       bytea not null,
    inbound_id   bigint,
    ordinal      integer not null default 0,
    content      bytea,
    constraint attachments_one_owner check (num_nonnulls(message_id, note_id, draft_id) = 1),
    constraint attachments_content_somewhere check ((content is null) <> (inbound_id is null))
);
comment on table attachments is 'Files. One that came by mail is not stored again: it is read from the raw mail, by ordinal and digest.';
comment on constraint attachments_one_owner on attachments is 'A file goes where its words go: public with a message, private with a note.';
comment on constraint attachments_content_somewhere on attachments is 'Its bytes stand here or in the raw mail.';
alter table attachments alter content set storage external;
create index attachments_of_message on attachments (message_id) where message_id is not null;
create index attachments_of_note on attachments (note_id) where note_id is not null;
create index attachments_of_draft on attachments (draft_id) where draft_id is not null;

create table tokens (
    name            bigint primary key,
    purpose         smallint not null,
    address         text not null,
    user_id         bigint references users on delete cascade,
    conversation_id bigint references conversations on delete cascade,
    mention_id      bigint references mentions on delete cascade,
    mailbox_id      bigint not null,
    created_at      timestamptz not null default now(),
    revoked_at      timestamptz,
    constraint tokens_name_positive check (name >= 0),
    constraint tokens_of_conversation_or_mention check (num_nonnulls(conversation_id, mention_id) = 1)
);
comment on table tokens is 'What a reply address points to. The name is random, so that a restored database never mints an old one again.';
comment on column tokens.purpose is 'core.Purpose: participant, staff, mention.';
comment on column tokens.address is 'The person it was minted for, by address; user_id too when there is an account.';
comment on constraint tokens_name_positive on tokens is '63 bits.';
comment on constraint tokens_of_conversation_or_mention on tokens is 'A mention token names the mention, never its conversation.';
create unique index tokens_one_per_participant on tokens (conversation_id, address) where purpose = 1 and revoked_at is null;
create index tokens_bare on tokens (address) where user_id is null;
create index tokens_of_user on tokens (user_id) where revoked_at is null and user_id is not null;

-- Words are long and stored with every mail: pglz costs several times what lz4 does.
-- A PostgreSQL built without lz4 keeps pglz.
-- +goose StatementBegin
do $$ begin
    alter table messages alter text set compression lz4, alter elided set compression lz4;
    alter table notes alter text set compression lz4, alter elided set compression lz4;
exception when feature_not_supported then null;
end $$;
-- +goose StatementEnd
