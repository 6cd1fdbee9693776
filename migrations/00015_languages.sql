-- +goose Up

alter table instance
    add column language  text not null default 'en',
    add column accent    text,
    add column logo      bytea,
    add column logo_type text,
    add column logo_hash text,
    add constraint instance_accent_is_a_colour check (accent ~ '^#[0-9a-f]{6}$'),
    add constraint instance_logo_is_whole check (num_nulls(logo, logo_type, logo_hash) in (0, 3)),
    add constraint instance_logo_is_small check (octet_length(logo) <= 262144);
comment on column instance.language is 'What customers read who have chosen no language, and whose browser asks for none that is spoken.';
comment on column instance.accent is 'The colour of buttons and links on public pages and in mails. Null: the program''s own.';
comment on column instance.logo is 'Null: the program''s own mark.';
comment on column instance.logo_hash is 'Names the bytes in addresses and entity tags, so that browsers keep them.';
comment on constraint instance_accent_is_a_colour on instance is 'It is written into a style sheet as it is.';
comment on constraint instance_logo_is_whole on instance is 'Bytes without their type could not be served.';
comment on constraint instance_logo_is_small on instance is 'Every first visit loads it.';

-- 'en' stood there for everybody who had chosen nothing.
alter table users alter column locale set default '';
update users set locale = '' where locale = 'en';
comment on column users.locale is 'The language that the person has chosen (RFC 5646). Empty: none; mail then is in the instance''s.';

alter table mailbox_texts add column locale text not null default 'en';
alter table mailbox_texts alter column locale drop default;
alter table mailbox_texts drop constraint mailbox_texts_pkey;
alter table mailbox_texts add primary key (mailbox_id, kind, locale);
comment on column mailbox_texts.locale is 'Each language has a text of its own: who reads German gets the German standard text where only the English one was changed.';
