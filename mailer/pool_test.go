package mailer

import (
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

func TestConnectionsAreFewAndUsedAgain(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	host := smarthost(t, sink.URL(), nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 15 {
				if got := send(t, host, "cara@customer.test"); got.Outcome != core.Sent {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	all.Wait()
	total, atOnce := sink.Connections()
	if atOnce > maxConnections+1 || total > 40 { // one may be closing while the next opens
		t.Errorf("%d connections, %d at once", total, atOnce)
	}
	used := map[int]int{}
	for _, m := range sink.WaitFor(t, 120) {
		used[m.Connection]++
	}
	for connection, n := range used {
		if n > maxTransacts {
			t.Errorf("connection %d carried %d mails", connection, n)
		}
	}
}

func TestAConnectionThatDiedWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	host := smarthost(t, sink.URL(), nil)
	for range 3 {
		if got := send(t, host, "cara@customer.test"); got.Outcome != core.Sent {
			t.Fatalf("%+v", got)
		}
		for _, d := range host.pool.idle {
			_ = d.conn.Close()
		}
	}
}
