package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// watch collects what must not happen in a tab: errors and breaches of the content
// policy in the console, exceptions that nobody caught, requests to another host,
// requests that fail, and dialogs.
type watch struct {
	host string

	mu       sync.Mutex
	faults   []string
	expected []int64 // statuses of refusals that the flow is about to cause
}

// expect lets one answer of this status pass. One that never comes is a fault.
func (w *watch) expect(status int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, status)
}

// fault notes something that is wrong.
func (w *watch) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// all is everything that was wrong.
func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.faults)
	for _, status := range w.expected {
		all = append(all, fmt.Sprintf("no answer was %d, which was expected", status))
	}
	return all
}

// take is all, once.
func (w *watch) take() []string {
	all := w.all()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults, w.expected = nil, nil
	return all
}

// see takes the browser's events as they come; it must not wait for anything.
func (w *watch) see(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			// A look-up that newer letters, or going on, leave behind is no fault.
			if said := spoken(e.Args); !strings.Contains(said, "htmx:sendAbort") && !strings.Contains(said, "htmx:afterRequest") {
				w.fault("console: %s", said)
			}
		}
	case *runtime.EventExceptionThrown:
		w.fault("exception: %s %s", e.ExceptionDetails.Text, spoken([]*runtime.RemoteObject{e.ExceptionDetails.Exception}))
	case *log.EventEntryAdded:
		// What the network says is judged by its answers, below.
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level == log.EntryLevelError {
			w.fault("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		w.fault("dialog: %s", e.Message)
	case *network.EventRequestWillBeSent:
		w.asked(e.Request.URL)
	case *network.EventResponseReceived:
		w.answered(e.Response.Status, e.Response.URL)
	case *network.EventLoadingFailed:
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" { // what is left behind by going on
			w.fault("a %s failed: %s %s", e.Type, e.ErrorText, e.BlockedReason)
		}
	}
}

func (w *watch) asked(address string) {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "data" || u.Scheme == "about" || u.Scheme == "blob") {
		return
	}
	if err != nil || u.Host != w.host {
		w.fault("request to another host: %s", address)
	}
}

func (w *watch) answered(status int64, address string) {
	if status < 400 {
		return
	}
	w.mu.Lock()
	at := slices.Index(w.expected, status)
	if at >= 0 {
		w.expected = slices.Delete(w.expected, at, at+1)
	}
	w.mu.Unlock()
	if at < 0 {
		w.fault("%s answered %d", address, status)
	}
}

// spoken is what a console would show of some values.
func spoken(args []*runtime.RemoteObject) (all string) {
	for _, a := range args {
		if a != nil {
			all += fmt.Sprintf("%s %s ", a.Description, a.Value)
		}
	}
	return all
}
