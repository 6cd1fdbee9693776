-- +goose Up

-- +goose StatementBegin
do $do$ begin
    -- The mails that fit in a row are read whole: packed, they are half to write. The parts of great ones stay as they came.
    alter table inbound alter raw set storage extended, alter raw set compression lz4;
exception when feature_not_supported then
    alter table inbound alter raw set storage external;
end $do$;
-- +goose StatementEnd
