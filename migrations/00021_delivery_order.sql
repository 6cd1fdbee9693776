-- +goose NO TRANSACTION
-- +goose Up

-- What a killed run left half made is of no use to anybody.
drop index concurrently if exists deliveries_of_thread;

-- Whether a mail has one before it, in its conversation and to its reader, is asked
-- for each mail that is about to go out. Not locked against writers while it is made:
-- the tables of a running desk are in use.
create index concurrently deliveries_of_thread on deliveries (conversation_id, recipient, id) where state = 'queued';

comment on index deliveries_of_thread is 'Mails of a conversation go to a reader in the order in which they were written: this finds the one before.';
