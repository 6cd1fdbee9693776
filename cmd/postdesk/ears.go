package main

import (
	"fmt"
	"net"
)

// ears are the listeners of one process.
type ears struct{ smtp, http, plain, metrics net.Listener }

func listen(s settings) (e ears, err error) {
	open := func(flag, addr string, wanted bool) net.Listener {
		if err != nil || !wanted {
			return nil
		}
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err != nil {
			err = fmt.Errorf("%s %s: %w", flag, addr, err)
			return nil
		}
		return l
	}
	e.smtp = open("--smtp-addr", s.SMTPAddr, s.runs("smtp"))
	e.http = open("--http-addr", s.HTTPAddr, s.runs("web"))
	e.plain = open("--redirect-addr", s.RedirectAddr, s.RedirectAddr != "")
	e.metrics = open("--metrics-addr", s.MetricsAddr, true)
	if err != nil {
		e.close()
	}
	return e, err
}

func (e ears) close() {
	for _, l := range []net.Listener{e.smtp, e.http, e.plain, e.metrics} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}
