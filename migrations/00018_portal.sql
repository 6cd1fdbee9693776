-- +goose Up

alter table inbound add column channel text not null default 'mail';
alter table inbound add column trapped boolean not null default false;
alter table inbound add constraint inbound_channel_known check (channel in ('mail', 'helpcenter'));
comment on column inbound.channel is 'How it came: by SMTP, or by the contact form, which proves nothing about who wrote it however the mail that was made of it looks.';
comment on column inbound.trapped is 'Of the contact form: a field was filled in that no person sees. It is suspended as spam.';
comment on constraint inbound_channel_known on inbound is 'Two ways lead here.';
