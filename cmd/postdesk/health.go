package main

import (
	"context"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"postdesk/core"
	"postdesk/smtpd"
)

// withHealth answers /healthz and /readyz before the panel does. Metrics and
// profiles are on the internal listener only.
func withHealth(desk *core.Desk, panel http.Handler) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, desk)
	mux.Handle("/", panel)
	return mux
}

func addHealth(mux *http.ServeMux, desk *core.Desk) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if desk.Ready(ctx) != nil {
			w.Header().Set("Retry-After", "5")
			http.Error(w, "the database cannot be reached", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
}

// meters are what /metrics shows.
type meters struct{ registry *prometheus.Registry }

func newMeters(desk *core.Desk) meters {
	m := meters{prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), queueCollector{desk})
	return m
}

func (m meters) countSMTP(s *smtpd.Server) {
	counter := func(name, help string, value func(smtpd.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(s.Stats())) })
	}
	m.registry.MustRegister(
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

func (m meters) handler(desk *core.Desk) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, desk)
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// queueCollector counts what waits, by state, when it is asked.
type queueCollector struct{ desk *core.Desk }

func (q queueCollector) inbound() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_inbound", "Mails that are not filed, by state.", []string{"state"}, nil)
}

func (q queueCollector) outbound() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_outbound", "Outgoing mails that were not sent, by state.", []string{"state"}, nil)
}

func (q queueCollector) unanswered() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_automatic_held_back_last_hour", "Acknowledgements held back in the last hour by the brake on all automatic mail.", nil, nil)
}

func (q queueCollector) unverified() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_unverified_last_hour", "First contacts of the last hour that got no acknowledgement because nothing proves their sender.", nil, nil)
}

func (q queueCollector) suspended() *prometheus.Desc {
	return prometheus.NewDesc("postdesk_suspended_last_hour", "Mails suspended in the last hour that nobody has judged.", nil, nil)
}

func (q queueCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- q.inbound()
	ch <- q.outbound()
	ch <- q.unanswered()
	ch <- q.unverified()
	ch <- q.suspended()
}

func (q queueCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	waiting, err := q.desk.Waiting(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(q.inbound(), err)
		return
	}
	for state, n := range waiting.Inbound {
		ch <- prometheus.MustNewConstMetric(q.inbound(), prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(q.unanswered(), prometheus.GaugeValue, float64(waiting.Alarms.Unanswered))
	ch <- prometheus.MustNewConstMetric(q.unverified(), prometheus.GaugeValue, float64(waiting.Alarms.Unverified))
	ch <- prometheus.MustNewConstMetric(q.suspended(), prometheus.GaugeValue, float64(waiting.Alarms.Suspended))
	for state, n := range waiting.Outbound {
		ch <- prometheus.MustNewConstMetric(q.outbound(), prometheus.GaugeValue, float64(n), state)
	}
}
