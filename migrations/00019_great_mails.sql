-- +goose Up

create table inbound_uploads (
    id         bigint generated always as identity primary key,
    touched_at timestamptz not null default now()
);
comment on table inbound_uploads is 'Great mails in parts, on their way in or stored. One that no mail refers to is rubbish an hour after its last part.';
comment on column inbound_uploads.touched_at is 'When its last part came: an upload is slow, and still alive.';

create table inbound_parts (
    upload_id bigint not null,
    ordinal   integer not null,
    bytes     bytea not null,
    primary key (upload_id, ordinal),
    constraint inbound_parts_of_upload foreign key (upload_id) references inbound_uploads on delete cascade
);
comment on table inbound_parts is 'The bytes of a great mail behind its beginning, which stands in inbound.raw. All parts but the last have the same size, so that any place of the mail is found.';
comment on constraint inbound_parts_of_upload on inbound_parts is 'Parts go with their upload.';
-- As inbound.raw: mostly encoded, and written once.
alter table inbound_parts alter bytes set storage external;

alter table inbound add column upload_id bigint;
alter table inbound add constraint inbound_upload_kept foreign key (upload_id) references inbound_uploads;
comment on column inbound.upload_id is 'A great mail: raw is its beginning, and the rest stands in inbound_parts. Null again when raw is deleted.';
comment on constraint inbound_upload_kept on inbound is 'An upload that a mail refers to cannot be swept away, whoever thinks that it was cut off.';
create unique index inbound_of_upload on inbound (upload_id) where upload_id is not null;

-- +goose StatementBegin
create function inbound_raw(mail inbound) returns bytea language sql stable as $$
    select mail.raw || coalesce(
        (select string_agg(bytes, ''::bytea order by ordinal) from inbound_parts where upload_id = mail.upload_id), ''::bytea)
$$;
-- +goose StatementEnd
comment on function inbound_raw(inbound) is 'A mail as it came, byte for byte, wherever it stands: select inbound_raw(i) from inbound i. The gateway itself reads great mails in pieces.';
