package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/coretest"
)

func TestAReadOnlyServerIsRefusedByName(t *testing.T) {
	t.Parallel()
	url := coretest.URL(t) + "&default_transaction_read_only=on"
	_, err := openDatabase(t.Context(), &databaseSettings{DatabaseURL: url}, false, nil)
	if err == nil || !strings.Contains(err.Error(), errStandby.Error()) {
		t.Errorf("got %v, want %q", err, errStandby)
	}
}

func TestADirectDatabaseAloneIsNoDatabase(t *testing.T) {
	t.Parallel()
	if _, err := directConfig(&databaseSettings{DirectDatabaseURL: coretest.URL(t)}); err == nil {
		t.Error("--direct-database-url was taken without --database-url")
	}
}

func TestAServerThatAcceptsAndSaysNothingIsPassedBy(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	living, err := pgx.ParseConfig(coretest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	at := silent.Addr().(*net.TCPAddr)
	url := fmt.Sprintf("host=%s,%s port=%d,%d user=%s dbname=%s sslmode=disable connect_timeout=1", at.IP, living.Host, at.Port, living.Port, living.User, living.Database)
	db, err := openDatabase(t.Context(), &databaseSettings{DatabaseURL: url}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.close()
	if _, err := db.pool.Exec(t.Context(), `create table here ()`); err != nil {
		t.Error(err)
	}
}

func TestAConnectionToAServerThatTakesNoWritesAnyMoreIsLetGo(t *testing.T) {
	t.Parallel()
	db, err := openDatabase(t.Context(), &databaseSettings{DatabaseURL: coretest.URL(t)}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.close()
	conn, err := db.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{`set default_transaction_read_only to on`, `create table nowhere ()`} {
		_, err = conn.Exec(t.Context(), sql)
	}
	if err == nil || !conn.Conn().IsClosed() {
		t.Errorf("the connection is still there after %v", err)
	}
}

func TestAMachineThatAcknowledgesNothingIsLetGo(t *testing.T) {
	t.Parallel()
	if err := boundSilenceOf(t.Context()); err != nil {
		t.Error(err)
	}
}

// boundSilenceOf dials with the bound: the system must know the option.
func boundSilenceOf(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := (&net.Dialer{Control: boundSilence, Timeout: time.Second}).DialContext(ctx, "tcp", l.Addr().String())
	if err == nil {
		err = c.Close()
	}
	return err
}
