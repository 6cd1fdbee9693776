-- +goose Up

-- Who wrote, did and was sent what. A merge of two people moves their rows, and took
-- two to four seconds for reading five tables as a whole, at 500,000 messages; along
-- these it takes some milliseconds a table. Their price, measured there: 10,000 mails
-- with a message, an event, a note and a delivery each took 2.0 to 2.6 s to write
-- without them and 2.5 to 3.9 s with them on a busy machine, so about 0.1 ms a mail.
create index messages_of_author on messages (author_id);
create index notes_of_author on notes (author_id);
create index events_of_actor on events (actor_id) where actor_id is not null;
create index deliveries_to on deliveries (user_id) where user_id is not null;
create index deliveries_of_author on deliveries (author_id) where author_id is not null;
comment on index messages_of_author is 'A merge of people moves what they said; who is deleted is taken out of it.';
comment on index notes_of_author is 'As messages_of_author.';
comment on index events_of_actor is 'As messages_of_author. Most events of mail have no actor, and are not in it.';
comment on index deliveries_to is 'What was mailed to somebody: for a merge, and for who is deleted.';
comment on index deliveries_of_author is 'As messages_of_author. Automatic mails have no author, and are not in it.';

-- Two are left out on purpose: inbound (from_address) and tokens (user_id) would cost
-- every mail something and help only who deletes a person, which reads all texts for
-- the person's addresses anyway.
