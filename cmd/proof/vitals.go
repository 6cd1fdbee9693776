package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Vitals are what a gateway has of what it must not keep.
type vitals struct {
	goroutines, files, connections int
	heap, resident                 int64 // octets; the heap after a collection
}

func (v vitals) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %d connections, heap %.1f MiB, resident %.0f MiB",
		v.goroutines, v.files, v.connections, float64(v.heap)/(1<<20), float64(v.resident)/(1<<20))
}

// readVitals asks the gateway's internal listener, after a collection if wanted.
func readVitals(ctx context.Context, g *gateway, collect bool) (v vitals, err error) {
	if collect {
		if _, err := get(ctx, "http://"+g.at.metrics+"/debug/pprof/heap?gc=1"); err != nil {
			return v, err
		}
	}
	page, err := get(ctx, "http://"+g.at.metrics+"/metrics")
	if err != nil {
		return v, err
	}
	metrics := parseMetrics(page)
	for _, name := range []string{"go_goroutines", "process_open_fds", "postdesk_smtp_connections", "go_memstats_heap_alloc_bytes", "process_resident_memory_bytes"} {
		if _, ok := metrics[name]; !ok {
			return v, fmt.Errorf("/metrics has no %s", name)
		}
	}
	return vitals{
		goroutines: int(metrics["go_goroutines"]), files: int(metrics["process_open_fds"]), connections: int(metrics["postdesk_smtp_connections"]),
		heap: int64(metrics["go_memstats_heap_alloc_bytes"]), resident: int64(metrics["process_resident_memory_bytes"]),
	}, nil
}

// parseMetrics reads the lines without labels, and those with by their whole name.
func parseMetrics(page string) map[string]float64 {
	metrics := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(page))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && name != "#" {
			metrics[name] = n
		}
	}
	return metrics
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	return string(body), err
}

// awaitQuiet returns when no connection is open and no mail waits to be filed.
func awaitQuiet(ctx context.Context, g *gateway, db *database) (v vitals, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := db.awaitFiled(ctx, 50*time.Millisecond); err != nil {
		return v, err
	}
	return awaitEmpty(ctx, g)
}

// awaitEmpty returns when no connection is open.
func awaitEmpty(ctx context.Context, g *gateway) (v vitals, err error) {
	for end := time.Now().Add(time.Minute); ; pause(100) {
		if v, err = readVitals(ctx, g, false); err != nil {
			return v, err
		}
		if v.connections == 0 {
			return readVitals(ctx, g, true)
		}
		if time.Now().After(end) {
			return v, fmt.Errorf("%d connections stay open whose clients have gone", v.connections)
		}
	}
}
