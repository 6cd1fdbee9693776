package mailer

import (
	"strings"
	"testing"
)

func TestARelayIsReadFromItsURL(t *testing.T) {
	t.Parallel()
	tests := map[string]Relay{
		"smtp://mail.test":           {Opportunistic, "mail.test", "25", "", ""},
		"smtp+starttls://mail.test/": {StartTLS, "mail.test", "587", "", ""},
		"smtps://mail.test":          {ImplicitTLS, "mail.test", "465", "", ""},
		"SMTPS://mail.test:2465":     {ImplicitTLS, "mail.test", "2465", "", ""},
		"smtp://[::1]:2525":          {Opportunistic, "::1", "2525", "", ""},
		"smtp://[::1]":               {Opportunistic, "::1", "25", "", ""},
		" smtp+starttls://me%40acme.test:p%3Aa%2Fs%25s:@m.test:25 ": {StartTLS, "m.test", "25", "me@acme.test", "p:a/s%s:"},
		"smtp://me@acme.test:p@ss@mail.test":                        {Opportunistic, "mail.test", "25", "me@acme.test", "p@ss"},
	}
	for url, want := range tests {
		got, err := ParseRelay(url)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
		if want.Password != "" && strings.Contains(got.String(), want.Password) {
			t.Errorf("%s shows its password", got)
		}
	}
}

func TestAFaultyRelayIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                                "expected smtp://",
		"mail.test:25":                    "expected smtp://",
		"mx":                              "expected smtp://",
		"http://mail.test":                "unknown scheme",
		"smtp://":                         "host",
		"smtp://:25":                      "host",
		"smtp://a b":                      "host",
		"smtp://::1:25:x":                 "IPv6",
		"smtp://mail.test:0":              "port",
		"smtp://mail.test:99999":          "port",
		"smtp://mail.test:x":              "port",
		"smtp://mail.test/queue":          "nothing may follow",
		"smtp://me:s3cret@":               "host",
		"smtp://me:s3cret%@mail.test":     "%25",
		"smtp://me:s3cret%0a@mail.test":   "line end",
		"smtp://:s3cret@mail.test":        "no user name",
		"smtp://me@mail.test":             "no password",
		"smtp://me:s3cret/x@mail.test:x":  "port",
		"smtp://me:s3cret@mail.test?x=1":  "nothing may follow",
		"smtp://me:s3cret#@mail.test:1x5": "port",
	}
	for url, want := range tests {
		_, err := ParseRelay(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
}

func FuzzParseRelay(f *testing.F) {
	f.Add("smtp://me:pass@mail.test:25")
	f.Add("smtps://[::1]")
	f.Add("smtp+starttls://%40:%@h")
	f.Fuzz(func(t *testing.T, s string) {
		relay, err := ParseRelay(s)
		if err != nil {
			return
		}
		if relay.Host == "" || strings.ContainsAny(relay.Host+relay.Port+relay.User+relay.Password, "\r\n") {
			t.Errorf("%q is read as %+v", s, relay)
		}
	})
}
