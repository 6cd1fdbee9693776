package core

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseAway tells of any error whether the database was not there: it could
// not be reached, was lost on the way, is stopping, starting, or has no room. What
// failed so may do well later. A time that ran out does not say whose fault it is.
func DatabaseAway(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch class := refused.Code[:min(2, len(refused.Code))]; class {
		case "08", "53", "58": // connection, resources, system error
			return true
		}
		return strings.HasPrefix(refused.Code, "57P") || refused.Code == "25006" // shutdown, start; a standby by now
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
