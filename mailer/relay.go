package mailer

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Security says how a connection to a relay is protected.
type Security string

// The ways, as the scheme of --relay names them.
const (
	Opportunistic Security = "smtp"          // STARTTLS if offered
	StartTLS      Security = "smtp+starttls" // STARTTLS or nothing, certificate checked
	ImplicitTLS   Security = "smtps"         // TLS from the first byte, certificate checked
)

// A Relay is what --relay says about where outgoing mail goes.
type Relay struct {
	Security Security
	Host     string
	Port     string
	User     string // empty: no AUTH
	Password string
}

// ParseRelay reads smtp://user:pass@host:port, smtp+starttls:// or smtps://.
// Without a port it is 25, 587 or 465. The error names the fault in words and
// never holds the password.
func ParseRelay(s string) (Relay, error) {
	relay, err := parseRelay(strings.TrimSpace(s))
	if err != nil {
		return Relay{}, fmt.Errorf("relay: %w", err)
	}
	return relay, nil
}

func parseRelay(s string) (Relay, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Relay{}, errors.New("expected smtp://, smtp+starttls:// or smtps:// and a host")
	}
	relay := Relay{Security: Security(strings.ToLower(scheme))}
	defaultPort := map[Security]string{Opportunistic: "25", StartTLS: "587", ImplicitTLS: "465"}[relay.Security]
	if defaultPort == "" {
		return Relay{}, errors.New("unknown scheme: use smtp://, smtp+starttls:// or smtps://")
	}
	hostport := strings.TrimSuffix(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		hostport = strings.TrimSuffix(rest[at+1:], "/")
		if err := relay.signIn(rest[:at]); err != nil {
			return Relay{}, err
		}
	}
	if strings.ContainsAny(hostport, "/?#") {
		return Relay{}, errors.New("nothing may follow the port; write / ? # @ and : in a password as %2F %3F %23 %40 and %3A")
	}
	return relay, relay.place(hostport, defaultPort)
}

// signIn reads user:password. The words of net/url's errors would repeat them.
func (r *Relay) signIn(s string) error {
	user, password, _ := strings.Cut(s, ":")
	var err, err2 error
	r.User, err = url.PathUnescape(user)
	r.Password, err2 = url.PathUnescape(password)
	switch {
	case err != nil || err2 != nil:
		return errors.New("a % in the user name or password must be written as %25")
	case r.User == "":
		return errors.New("there is an @ but no user name before it")
	case r.Password == "":
		return errors.New("there is a user name but no password")
	case strings.ContainsAny(r.User+r.Password, "\r\n\x00"):
		return errors.New("the user name or password holds a line end or NUL")
	}
	return nil
}

func (r *Relay) place(hostport, defaultPort string) error {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), defaultPort
	}
	number, err := strconv.Atoi(port)
	switch {
	case host == "" || strings.ContainsAny(host, " \t\r\n[]"):
		return errors.New("the host is missing or not a host name")
	case strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return errors.New("the host is not a host name; an IPv6 address stands in [ ]")
	case err != nil || number < 1 || number > 65535:
		return errors.New("the port is not a number from 1 to 65535")
	}
	r.Host, r.Port = host, port
	return nil
}

// String writes the relay without its password.
func (r Relay) String() string {
	user := ""
	if r.User != "" {
		user = url.PathEscape(r.User) + ":***@"
	}
	return string(r.Security) + "://" + user + r.address()
}

func (r Relay) address() string { return net.JoinHostPort(r.Host, r.Port) }
