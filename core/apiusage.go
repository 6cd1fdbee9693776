package core

import (
	"context"
	"time"
)

// A Usage is what a token has asked for in the running minute, by all processes.
type Usage struct {
	Requests int
	Limit    int           // that it may make in a minute: a setting
	Left     time.Duration // until the next minute
}

// CountRequests adds a number of requests to those of a token, known by the hash
// of its secret, in the running minute. The database's clock says which one it is.
func (d *Desk) CountRequests(ctx context.Context, secretHash []byte, n int) (_ Usage, err error) {
	defer wrap(&err, "count requests")
	counted, err := one[struct {
		Requests, Limit int
		Left            time.Duration
	}](ctx, d.pool, `
		with counted as (
			insert into api_usage as u (secret_hash, minute, requests) values ($1, date_trunc('minute', clock_timestamp()), $2)
			on conflict (secret_hash, minute) do update set requests = u.requests + excluded.requests
			returning requests, minute)
		select c.requests, i.api_requests_a_minute as "limit", greatest(c.minute + interval '1 minute' - clock_timestamp(), interval '0') as left
		from counted c, instance i`, secretHash, n)
	return Usage(counted), err
}
