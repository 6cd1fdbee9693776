-- +goose Up

alter table drafts add column kind text not null default 'reply';
alter table drafts add column status text not null default '';
alter table drafts add column revision integer not null default 1;
alter table drafts add constraint drafts_kind_known check (kind in ('reply', 'note'));
comment on table drafts is 'Unsent replies and notes, each of one person, sent by nobody but them.';
comment on column drafts.kind is 'What it becomes: a reply to the customer, or a note.';
comment on column drafts.status is 'Chosen for the conversation after the reply; empty: as usual.';
comment on column drafts.revision is 'Counts what was saved. A window that knows an older one writes over nothing: its words become a draft of their own.';
comment on constraint drafts_kind_known on drafts is 'A note must never be mistaken for a reply.';

alter table messages add column form text;
alter table notes add column form text;
comment on column messages.form is 'The key of the form that made it: sent twice, it is made once.';
comment on column notes.form is 'The key of the form that made it: sent twice, it is made once.';
create index messages_of_form on messages (author_id, form) where form is not null;
create index notes_of_form on notes (author_id, form) where form is not null;
