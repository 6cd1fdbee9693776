package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"postdesk/core"
)

// operating reads a page for operators.
func operating(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("operating/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// described are the metrics of a whole process, as "name label label".
func described(m *meters) (all []string) {
	parts := regexp.MustCompile(`fqName: "([a-z_]+)".*constLabels: \{(.*)\}, variableLabels: \{(.*?)\}`)
	for _, c := range m.ours {
		ch := make(chan *prometheus.Desc, 50)
		c.Describe(ch)
		close(ch)
		for d := range ch {
			found := parts.FindStringSubmatch(d.String())
			labels := strings.FieldsFunc(found[3], func(r rune) bool { return r == ',' })
			if name, _, ok := strings.Cut(found[2], "="); ok {
				labels = append(labels, name)
			}
			slices.Sort(labels)
			all = append(all, strings.TrimSpace(found[1]+" "+strings.Join(labels, " ")))
		}
	}
	slices.Sort(all)
	return all
}

func TestEachMetricStandsInTheDocumentationAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	m := newMeters()
	m.countDatabase(nil, nil) // nobody looks
	m.countSMTP(nil)
	m.countRestored(nil)
	m.countRoom(nil)
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(postdesk_[a-z_]+)` \\| (?:gauge|counter|histogram) \\|([^|]*)\\|").FindAllStringSubmatch(operating(t, "metrics.md"), -1) {
		labels := strings.FieldsFunc(row[2], func(r rune) bool { return strings.ContainsRune("`, ", r) })
		slices.Sort(labels)
		told = append(told, strings.TrimSpace(row[1]+" "+strings.Join(labels, " ")))
	}
	slices.Sort(told)
	if are := described(m); !slices.Equal(are, told) {
		for _, d := range are {
			if !slices.Contains(told, d) {
				t.Errorf("metrics.md does not tell of %s", d)
			}
		}
		for _, d := range told {
			if !slices.Contains(are, d) {
				t.Errorf("metrics.md tells of %s, which is not there", d)
			}
		}
	}
}

// scrape is what a look at the metrics shows.
func scrape(m *meters) string {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, _ := io.ReadAll(w.Body)
	return string(body)
}

func TestEventsOfTheLogAreCounted(t *testing.T) {
	t.Parallel()
	m := newMeters()
	log := m.log(slog.New(slog.NewJSONHandler(io.Discard, nil))).With("some", "key")
	log.Info("mail accepted", "bytes", 2<<20, "seconds", 0.002)
	log.Info("mail filed", "rule", core.RuleMention, "effect", core.EffectOpen, "suspension", core.Suspension(""), "seconds", 0.02)
	log.Info("mail suspended", "rule", core.RuleFiltered, "effect", core.EffectSuspend, "suspension", core.SuspendedForged, "seconds", 0.02)
	log.Error("mail parked", "error", errors.New("no"))
	log.Info("mail sent", "purpose", core.PurposeReply, "outcome", core.Sent, "code", 250, "seconds", 0.3, "to", "cara@acme.test", "perhaps_delivered", false)
	log.Info("mail deferred", "purpose", core.PurposeReply, "outcome", core.Later, "code", 0, "seconds", 0.0, "to", "cara@acme.test", "perhaps_delivered", true)
	log.Info("old data removed", "kind", core.OldSources, "rows", 7)
	log.Info("something else", "bytes", 1)
	m.pages.answered("/agent/conversations/{id}", "GET", 200, 20*time.Millisecond)
	m.pages.answered("", "BREW", 404, time.Millisecond)
	shown := scrape(m)
	for _, line := range []string{
		"postdesk_mails_accepted_total 1", `postdesk_mail_bytes_bucket{le="1.048576e+06"} 0`, `postdesk_mail_bytes_bucket{le="4.194304e+06"} 1`,
		`postdesk_accept_seconds_bucket{le="0.001"} 0`, `postdesk_accept_seconds_bucket{le="0.0025"} 1`,
		`postdesk_mails_filed_total{effect="open",rule="mention",suspension=""} 1`,
		`postdesk_mails_filed_total{effect="suspend",rule="filtered",suspension="forged"} 1`, "postdesk_filing_seconds_count 2",
		"postdesk_mails_parked_total 1", `postdesk_delivery_tries_total{code="2xx",outcome="sent",purpose="reply"} 1`,
		`postdesk_delivery_tries_total{code="none",outcome="later",purpose="reply"} 1`, `postdesk_delivery_seconds_count{outcome="sent"} 1`,
		"postdesk_deliveries_perhaps_total 1", `postdesk_pruned_total{kind="source"} 7`,
		`postdesk_http_requests_total{code="200",method="GET",route="/agent/conversations/{id}"} 1`,
		`postdesk_http_requests_total{code="404",method="other",route="none"} 1`,
	} {
		if !strings.Contains(shown, "\n"+line+"\n") {
			t.Errorf("not shown: %s", line)
		}
	}
	if strings.Contains(shown, `outcome="later"} 1`) && strings.Contains(shown, `postdesk_delivery_seconds_count{outcome="later"}`) {
		t.Error("a try without a dialogue has a time")
	}
	if strings.Contains(shown, "acme.test") {
		t.Error("an address is shown")
	}
}

func TestWhatWaitsIsAskedOnceForManyLooksAndItsFaultHidesNothingElse(t *testing.T) {
	t.Parallel()
	m := newMeters()
	asked := 0
	m.register(newBacklog(func(context.Context) (core.Waiting, error) {
		asked++
		return core.Waiting{Inbound: map[string]int{"received": 3}, InboundOldest: 61,
			Outbound: []core.WaitingFor{{State: "queued", Destination: "acme.test", Mails: 2}}}, nil
	}))
	for range 5 {
		shown := scrape(m)
		for _, line := range []string{`postdesk_inbound{state="received"} 3`, "postdesk_inbound_oldest_seconds 61", "postdesk_database_up 1",
			`postdesk_outbound{destination="acme.test",state="queued"} 2`} {
			if !strings.Contains(shown, "\n"+line+"\n") {
				t.Errorf("not shown: %s", line)
			}
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	away := newMeters()
	away.register(newBacklog(func(context.Context) (core.Waiting, error) { return core.Waiting{}, errors.New("away") }))
	shown := scrape(away)
	if !strings.Contains(shown, "\npostdesk_database_up 0\n") || !strings.Contains(shown, "\npostdesk_mails_accepted_total 0\n") || strings.Contains(shown, "postdesk_inbound{") {
		t.Errorf("while the database is away: %s", shown)
	}
}
