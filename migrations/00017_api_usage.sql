-- +goose Up

create unlogged table api_usage (
    secret_hash bytea not null,
    minute      timestamptz not null,
    requests    integer not null,
    primary key (secret_hash, minute)
);
comment on table api_usage is 'Requests of each API token by the minute, from all processes, so that the rate holds for the instance and not for each of them. Unlogged: after a crash nobody misses the count of a minute. Tidied after minutes.';
