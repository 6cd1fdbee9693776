package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// A colleague is somebody with an account, in front of a browser and with a token
// for scripts. Cookies are the same for every gateway: all are on this machine.
type colleague struct {
	id, email, token string
	browser          *http.Client
}

const staffPassword = "a password that nobody types"

// employ makes an account by the program's own command, on the fleet's database.
func (f *fleet) employ(ctx context.Context, role, email string) (c *colleague, err error) {
	return f.employBy(ctx, f.workshop.binary, role, email)
}

// employBy uses another program than that under test.
func (f *fleet) employBy(ctx context.Context, program, role, email string) (c *colleague, err error) {
	c = &colleague{email: email}
	g := newGateway(f.workshop, "command", f.resolver)
	g.binary, g.database = program, f.server.url("postdesk")
	if c.id, err = g.command(ctx, staffPassword+"\n", "user", "create", "--role", role, "--email", email, "--password-stdin"); err != nil {
		return nil, err
	}
	if c.token, err = g.command(ctx, "", "token", "create", "--email", email); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	c.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, err
}

// signIn signs the browser in at one gateway.
func (c *colleague) signIn(ctx context.Context, g *gateway) error {
	status, err := c.submit(ctx, g, "/signin", url.Values{"email": {c.email}, "password": {staffPassword}})
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("the sign-in answers %d", status)
	}
	return err
}

// submit sends a form of the panel.
func (c *colleague) submit(ctx context.Context, g *gateway, path string, form url.Values) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.at.http+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(c.browser, r, nil)
}

// sees tells whether the panel of a gateway shows its inbox to the browser.
func (c *colleague) sees(ctx context.Context, g *gateway) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.at.http+"/agent", nil)
	if err != nil {
		return false, err
	}
	status, err := c.do(c.browser, r, nil)
	return status == http.StatusOK, err
}

// call calls the API of a gateway, and reads what it answers into out.
func (c *colleague) call(ctx context.Context, g *gateway, method, path string, in map[string]string, out any) (status int, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+g.at.http+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	return c.do(http.DefaultClient, r, out)
}

// do gives an error for answers that tell of a fault of the server.
func (c *colleague) do(client *http.Client, r *http.Request, out any) (status int, err error) {
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusInternalServerError {
		err = fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, answer.Status, said)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(said, out)
	}
	return answer.StatusCode, err
}

// A stream is what an open list of conversations hears.
type stream struct {
	changed chan string   // the numbers of conversations, or *
	ended   chan struct{} // by the gateway
	close   func()
}

// open opens the list of a gateway, and returns once it hears.
func (c *colleague) open(ctx context.Context, g *gateway) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.at.http+"/agent/events", nil)
	if err != nil {
		cancel()
		return nil, err
	}
	r.Header.Set("Accept", "text/event-stream")
	answer, err := c.browser.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the stream of changes answers %s", answer.Status)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	s := &stream{changed: make(chan string, 1000), ended: make(chan struct{}), close: cancel}
	go func() {
		defer close(s.ended)
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				s.changed <- data
			}
		}
	}()
	return s, nil
}

// hears waits until a change of the conversation is told, by its number or as part
// of much.
func (s *stream) hears(ctx context.Context, id string, within time.Duration) error {
	late := time.After(within)
	for {
		select {
		case data := <-s.changed:
			for word := range strings.FieldsSeq(data) {
				if word == id || word == "*" {
					return nil
				}
			}
		case <-s.ended:
			return fmt.Errorf("the stream ended before conversation %s was told", id)
		case <-late:
			return fmt.Errorf("conversation %s was not told within %s", id, within)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
