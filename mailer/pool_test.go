package mailer

import (
	"testing"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

func TestAConnectionThatDiedWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	host := smarthost(t, sink.URL(), nil)
	for range 3 {
		if got := send(t, host, "cara@customer.test"); got.Outcome != core.Sent {
			t.Fatalf("%+v", got)
		}
		_ = host.lane(core.Everywhere).dialogue.conn.Close()
	}
	if total, _ := sink.Connections(); total != 3 {
		t.Errorf("%d connections", total)
	}
}
