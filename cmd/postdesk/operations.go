package main

import (
	"net/http"
	"time"
)

// operations are settings for who runs this program, not for what it does.
type operations struct {
	ACMEDirectory string        `help:"The CA that --acme-host asks." env:"POSTDESK_ACME_DIRECTORY" default:"https://acme-v02.api.letsencrypt.org/directory" name:"acme-directory" placeholder:"URL"`
	ACMECA        string        `help:"Certificates that the server of --acme-directory is believed by, instead of the system's." env:"POSTDESK_ACME_CA" name:"acme-ca" placeholder:"FILE"`
	RedirectAddr  string        `help:"Where plain HTTP is led on to --public-url, and the HTTP-01 challenges of ACME are answered: :80." env:"POSTDESK_REDIRECT_ADDR" name:"redirect-addr" placeholder:"ADDR"`
	StopDelay     time.Duration `help:"How long /readyz says no before the listeners close, so that a balancer sends nobody here any more. Comes on top of the 30 s in which a stop ends." env:"POSTDESK_STOP_DELAY" default:"0s" name:"stop-delay"`
}

// redirect leads plain HTTP to the panel.
func redirect(publicURL string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use "+publicURL, http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, publicURL+r.URL.RequestURI(), http.StatusFound)
	})
}
