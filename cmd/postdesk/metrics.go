package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"postdesk/core"
	"postdesk/smtpd"
)

// meters are what /metrics shows: what happened in this process, counted as it
// happens, and what waits in the database, asked now and then. No label holds an
// address. operating/metrics.md tells of each.
type meters struct {
	registry *prometheus.Registry
	ours     []prometheus.Collector // without those of Go and the process
	mails    mailMeter
	pages    pageMeter
}

func newMeters() *meters {
	m := &meters{registry: prometheus.NewRegistry(), mails: newMailMeter(), pages: newPageMeter()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.register(m.mails.collectors()...)
	m.register(m.pages.requests, m.pages.seconds)
	m.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "postdesk_info", Help: "1, with the version that runs.",
		ConstLabels: prometheus.Labels{"version": version}}, func() float64 { return 1 }))
	return m
}

func (m *meters) register(all ...prometheus.Collector) {
	m.registry.MustRegister(all...)
	m.ours = append(m.ours, all...)
}

// log passes lines on, and counts the events of mail among them.
func (m *meters) log(log *slog.Logger) *slog.Logger {
	return slog.New(countingHandler{log.Handler(), m.mails})
}

// countDatabase shows what waits and how the pool does.
func (m *meters) countDatabase(desk *core.Desk, pool *pgxpool.Pool) {
	m.register(newBacklog(desk.Waiting))
	gauge := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(pool.Stat()) })
	}
	counter := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return value(pool.Stat()) })
	}
	m.register(
		gauge("postdesk_database_connections", "Connections to the database.", func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
		gauge("postdesk_database_connections_busy", "Connections that somebody works with.", func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		gauge("postdesk_database_connections_most", "How many there may be.", func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		counter("postdesk_database_waits_total", "How often somebody waited because all were busy, or none was there yet.",
			func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		counter("postdesk_database_wait_seconds_total", "How long they waited, summed up.",
			func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() }),
	)
}

// countSMTP shows what the front door does.
func (m *meters) countSMTP(s *smtpd.Server) {
	counter := func(name, help string, value func(smtpd.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(s.Stats())) })
	}
	m.register(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "postdesk_smtp_connections", Help: "Open SMTP connections."},
			func() float64 { return float64(s.Stats().Connections) }),
		counter("postdesk_smtp_accepted_total", "Mails accepted.", func(st smtpd.Stats) int64 { return st.Accepted }),
		counter("postdesk_smtp_refused_total", "Mails refused.", func(st smtpd.Stats) int64 { return st.Refused }),
		counter("postdesk_smtp_cut_off_total", "Mails cut off by their sender.", func(st smtpd.Stats) int64 { return st.CutOff }),
		counter("postdesk_smtp_tarpitted_total", "Answers to faults that were held back.", func(st smtpd.Stats) int64 { return st.Tarpitted }),
		refusalCollector{s},
	)
}

// refusalCollector counts what the front door refused: an attack shows here first.
type refusalCollector struct{ server *smtpd.Server }

func (r refusalCollector) desc() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_smtp_refusals_total", "Connections, recipients and mails that were refused, by reason.", []string{"reason"}, nil)
}

func (r refusalCollector) Describe(ch chan<- *prometheus.Desc) { ch <- r.desc() }

func (r refusalCollector) Collect(ch chan<- prometheus.Metric) {
	for reason, n := range r.server.Stats().Refusals {
		ch <- prometheus.MustNewConstMetric(r.desc(), prometheus.CounterValue, float64(n), reason)
	}
}

// handler is the internal listener: metrics, health and profiles.
func (m *meters) handler(h *health) http.Handler {
	mux := http.NewServeMux()
	h.add(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// pageMeter counts requests by the pattern of their route, never by their path,
// which may hold a secret.
type pageMeter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newPageMeter() pageMeter {
	return pageMeter{
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postdesk_http_requests_total",
			Help: "Answered requests."}, []string{"route", "method", "code"}),
		prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "postdesk_http_seconds",
			Help: "How long an answer took. Streams of changes are not in it.", Buckets: pageBuckets}, []string{"route"}),
	}
}

var pageBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// answered counts one request; took is 0 for a stream.
func (p pageMeter) answered(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	p.requests.WithLabelValues(route, knownMethod(method), strconv.Itoa(status)).Inc()
	if took > 0 {
		p.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// knownMethod keeps strangers from making labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return method
	}
	return "other"
}

// backlog asks the database what waits, at most every ten seconds, whoever looks,
// and tells how it went: while the database is away everything else is still shown.
type backlog struct {
	ask func(context.Context) (core.Waiting, error)

	once    chan struct{} // holds one while nobody asks
	asked   time.Time
	last    core.Waiting
	failure error
}

// askEvery bounds what looking at a busy instance costs it.
const askEvery = 10 * time.Second

func newBacklog(ask func(context.Context) (core.Waiting, error)) *backlog {
	b := &backlog{ask: ask, once: make(chan struct{}, 1)}
	b.once <- struct{}{}
	return b
}

func (b *backlog) current() (core.Waiting, error) {
	<-b.once
	defer func() { b.once <- struct{}{} }()
	if time.Since(b.asked) >= askEvery {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		b.last, b.failure = b.ask(ctx)
		b.asked = time.Now()
	}
	return b.last, b.failure
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// The gauges of what waits. Those of several processes over one database say the
// same: they are looked at one by one, not summed up.
var (
	upDesc             = desc("postdesk_database_up", "1 if the database answered when it was asked what waits.")
	inboundDesc        = desc("postdesk_inbound", "Received mails that are not filed, by state; 100,000 is that many or more.", "state")
	inboundOldestDesc  = desc("postdesk_inbound_oldest_seconds", "Since when the oldest of the mails to be filed next waits.")
	outboundDesc       = desc("postdesk_outbound", "Outgoing mails that wait, by state and domain: the 20 with the most, and other.", "state", "destination")
	outboundOldestDesc = desc("postdesk_outbound_oldest_seconds", "Since when the oldest of the queued mails that are due next waits.")
	unansweredDesc     = desc("postdesk_automatic_held_back_last_hour", "Acknowledgements held back in the last hour by the brake on all automatic mail.")
	unverifiedDesc     = desc("postdesk_unverified_last_hour", "First contacts of the last hour that got no acknowledgement because nothing proves their sender.")
	suspendedDesc      = desc("postdesk_suspended_last_hour", "Mails suspended in the last hour that nobody has judged.")
)

func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, inboundDesc, inboundOldestDesc, outboundDesc, outboundOldestDesc, unansweredDesc, unverifiedDesc, suspendedDesc} {
		ch <- d
	}
}

func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	w, err := b.current()
	if err != nil {
		gauge(upDesc, 0)
		return
	}
	gauge(upDesc, 1)
	for state, n := range w.Inbound {
		gauge(inboundDesc, float64(n), state)
	}
	gauge(inboundOldestDesc, w.InboundOldest)
	for _, to := range w.Outbound {
		gauge(outboundDesc, float64(to.Mails), to.State, to.Destination)
	}
	gauge(outboundOldestDesc, w.OutboundOldest)
	gauge(unansweredDesc, float64(w.Alarms.Unanswered))
	gauge(unverifiedDesc, float64(w.Alarms.Unverified))
	gauge(suspendedDesc, float64(w.Alarms.Suspended))
}
