package main

import (
	"fmt"
	"net"

	"postdesk/core"
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

// listening is where a started gateway can be reached.
type listening struct {
	SMTP, HTTP, Metrics string // empty for a part that does not run
	PublicURL           string
	SetupLink           string // while there is no owner
	Relay               bool
	Restored            string // why everything outgoing is held, empty: it is not
	Held                int    // mails that are held though there is a relay, core.MostHeld at most
}

func (at listening) tell(c console) {
	fmt.Fprintf(c.out, "listening smtp=%s http=%s metrics=%s\n", at.SMTP, at.HTTP, at.Metrics)
	if at.HTTP != "" {
		fmt.Fprintf(c.out, "The panel is at %s\n", at.PublicURL)
	}
	if !at.Relay {
		fmt.Fprintln(c.out, "No relay is set: outgoing mail is held and can be read in the panel.")
	}
	if at.Restored != "" {
		fmt.Fprintf(c.out, "All outgoing mail is held until an admin lets it go, at %s/admin/outbox/held or by: postdesk outbox release\nWhy: %s\n", at.PublicURL, at.Restored)
	}
	if at.Held > 0 {
		fmt.Fprintf(c.out, "%s held until an admin sends or discards them: %s/admin/outbox/held\n", core.MailsAre(at.Held), at.PublicURL)
	}
	if at.SetupLink != "" {
		fmt.Fprintf(c.out, "Make the owner's account here, once: %s\n", at.SetupLink)
	}
}
