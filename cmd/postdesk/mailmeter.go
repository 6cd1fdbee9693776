package main

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// mailMeter counts what the log tells of mails: each event is one line there
// (operating/logs.md), so that both say the same.
type mailMeter struct {
	accepted prometheus.Counter
	byForm   prometheus.Counter
	bytes    prometheus.Histogram
	toReply  prometheus.Histogram
	filed    *prometheus.CounterVec
	filing   prometheus.Histogram
	parked   prometheus.Counter
	givenUp  prometheus.Counter
	held     *prometheus.CounterVec
	tries    *prometheus.CounterVec
	tried    *prometheus.HistogramVec
	perhaps  prometheus.Counter
	broken   *prometheus.CounterVec
	pruned   *prometheus.CounterVec
	unsigned prometheus.Counter
}

func newMailMeter() mailMeter {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return mailMeter{
		accepted: counter("postdesk_mails_accepted_total", "Mails that got their 250, a repeated transmission again."),
		byForm:   counter("postdesk_contact_forms_total", "Contact forms taken."),
		bytes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "postdesk_mail_bytes",
			Help: "Size of accepted mails.", Buckets: []float64{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}}),
		toReply: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "postdesk_accept_seconds",
			Help: "From the last byte of a mail until it is committed and the 250 is written.", Buckets: shortBuckets}),
		filed: counters("postdesk_mails_filed_total", "Mails that came to their place, by the rule that decided and what it did.", "rule", "effect", "suspension"),
		filing: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "postdesk_filing_seconds",
			Help: "From the arrival of a mail until it is filed or suspended. One that staff run again counts from its arrival.", Buckets: longBuckets}),
		parked:   counter("postdesk_mails_parked_total", "Tries to file a mail that failed and come again."),
		givenUp:  counter("postdesk_mails_given_up_total", "Mails that no try could file. They stand in the mail log as failed."),
		held:     counters("postdesk_mails_held_total", "Outgoing mails composed and held.", "purpose"),
		tries:    counters("postdesk_delivery_tries_total", "Tries to deliver, by what the mail is for and what came of it.", "purpose", "outcome", "code"),
		tried:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "postdesk_delivery_seconds", Help: "How long the next server took for one mail.", Buckets: longBuckets}, []string{"outcome"}),
		perhaps:  counter("postdesk_deliveries_perhaps_total", "Tries whose connection was lost after the final dot: the mail may have arrived, and is sent again."),
		unsigned: counter("postdesk_mails_unsigned_total", "Mails that left without the signature that they should have."),
		broken:   counters("postdesk_worker_faults_total", "Faults of what works in the background.", "worker"),
		pruned:   counters("postdesk_pruned_total", "Rows whose time was over, by what went.", "kind"),
	}
}

var (
	shortBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30}
	longBuckets  = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600}
)

func (m mailMeter) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.accepted, m.byForm, m.bytes, m.toReply, m.filed, m.filing, m.parked, m.givenUp, m.held, m.tries,
		m.tried, m.perhaps, m.unsigned, m.broken, m.pruned}
}

// count counts one line, by its message; what is no event of ours is passed over.
func (m mailMeter) count(r slog.Record) {
	switch r.Message {
	case "mail accepted":
		l := lineOf(r)
		m.accepted.Inc()
		m.bytes.Observe(l.number("bytes"))
		m.toReply.Observe(l.number("seconds"))
	case "contact form accepted":
		m.byForm.Inc()
	case "mail filed", "mail suspended":
		l := lineOf(r)
		m.filed.WithLabelValues(l.text("rule"), l.text("effect"), l.text("suspension")).Inc()
		m.filing.Observe(l.number("seconds"))
	case "mail parked":
		m.parked.Inc()
	case "mail given up":
		m.givenUp.Inc()
	case "mail held":
		m.held.WithLabelValues(lineOf(r).text("purpose")).Inc()
	case "mail sent", "mail deferred", "mail failed":
		m.tryOf(lineOf(r))
	case "mail not signed":
		m.unsigned.Inc()
	case "worker failed":
		m.broken.WithLabelValues(lineOf(r).text("worker")).Inc()
	case "housekeeping failed":
		m.broken.WithLabelValues(lineOf(r).text("task")).Inc()
	case "old data removed":
		l := lineOf(r)
		m.pruned.WithLabelValues(l.text("kind")).Add(l.number("rows"))
	}
}

func (m mailMeter) tryOf(l line) {
	outcome := l.text("outcome")
	m.tries.WithLabelValues(l.text("purpose"), outcome, codeClass(l.number("code"))).Inc()
	if took := l.number("seconds"); took > 0 { // it came to a dialogue
		m.tried.WithLabelValues(outcome).Observe(took)
	}
	if l["perhaps_delivered"].Kind() == slog.KindBool && l["perhaps_delivered"].Bool() {
		m.perhaps.Inc()
	}
}

// codeClass is the class of an SMTP code: servers invent codes, and no label may
// grow by it.
func codeClass(code float64) string {
	switch {
	case code >= 200 && code < 300:
		return "2xx"
	case code >= 400 && code < 500:
		return "4xx"
	case code >= 500 && code < 600:
		return "5xx"
	}
	return "none"
}

// A line is what a line of the log says, by key.
type line map[string]slog.Value

func lineOf(r slog.Record) line {
	l := make(line, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool { l[a.Key] = a.Value; return true })
	return l
}

func (l line) text(key string) string {
	v, ok := l[key]
	if !ok {
		return ""
	}
	return v.String()
}

func (l line) number(key string) float64 {
	switch v := l[key]; v.Kind() {
	case slog.KindInt64:
		return float64(v.Int64())
	case slog.KindFloat64:
		return v.Float64()
	}
	return 0
}

// countingHandler counts the events of mail on their way into the log.
type countingHandler struct {
	slog.Handler
	mails mailMeter
}

// Handle counts a line and passes it on.
func (h countingHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mails.count(r)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps counting: what makes an event stands in its own line.
func (h countingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return countingHandler{h.Handler.WithAttrs(attrs), h.mails}
}

// WithGroup keeps counting.
func (h countingHandler) WithGroup(name string) slog.Handler {
	return countingHandler{h.Handler.WithGroup(name), h.mails}
}
