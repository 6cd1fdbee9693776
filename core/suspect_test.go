package core_test

import (
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestAMailThatMayHaveEndedProcessesIsClaimedAlone(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	for _, from := range []string{"first@acme.test", "deadly@acme.test", "beside@acme.test", "last@acme.test"} {
		accepted(t, d, from)
	}
	d.Exec(t, `update inbound set due_at = now() - interval '1 minute',
		tries = case envelope_from when 'deadly@acme.test' then 3 when 'beside@acme.test' then 3 else 2 end`)
	for _, want := range [][]string{{"deadly@acme.test"}, {"beside@acme.test"}, {"first@acme.test", "last@acme.test"}, nil} {
		claims, err := d.ClaimInbound(t.Context(), 10)
		if err != nil || len(claims) != len(want) {
			t.Fatalf("claimed %d mails (%v), want %q", len(claims), err, want)
		}
		for i, claim := range claims {
			if claim.Envelope.From != want[i] || claim.Suspect() != (len(want) == 1) {
				t.Errorf("claimed %s, suspect is %v, want %q", claim.Envelope.From, claim.Suspect(), want)
			}
		}
	}
}
