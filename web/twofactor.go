package web

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html/template"
	"image/png"
	"net/http"
	"net/url"
	"strings"

	"github.com/pquerna/otp"

	"postdesk/core"
)

// sessionPending is what a session holds between password and code. It opens
// nothing: only sessionSignIn does.
const sessionPending = "pending_sign_in"

// oweCode goes on to the page of the code where a sign-in is right so far; owes is
// false for every other error. The session gets a new id here, and again once the
// code is right.
func (s *server) oweCode(v *visit, err error, next string) (owes bool, _ error) {
	var needed core.SecondFactorNeeded
	if !errors.As(err, &needed) {
		return false, nil
	}
	if err := s.end(v); err != nil { // whoever was signed in here before
		return true, err
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return true, err
	}
	s.sessions.Remove(v.ctx(), sessionSignIn)
	s.sessions.Put(v.ctx(), sessionPending, needed.Pending)
	path := "/signin/code"
	if next = localPath(next); next != "" {
		path += "?next=" + url.QueryEscape(next)
	}
	return true, v.see(path, "")
}

type codePage struct {
	base
	Next string
}

func (s *server) codePage(v *visit) error {
	if v.actor.ID != 0 {
		return v.see(firstOf(localPath(v.query("next")), homeOf(v.actor)), "")
	}
	err := s.desk.Pending(v.ctx(), s.sessions.GetString(v.ctx(), sessionPending))
	if errors.Is(err, core.ErrExpired) {
		return s.signInAgain(v, localPath(v.query("next")))
	}
	if err != nil {
		return err
	}
	return s.showCode(v, http.StatusOK, localPath(v.query("next")), nil)
}

func (s *server) signInAgain(v *visit, next string) error {
	s.sessions.Remove(v.ctx(), sessionPending)
	path := "/signin"
	if next != "" {
		path += "?next=" + url.QueryEscape(next)
	}
	return v.see(path, "code-late")
}

func (s *server) showCode(v *visit, status int, next string, f faults) (err error) {
	p := codePage{Next: next}
	if p.base, err = s.page(v, v.t("Sign in"), ""); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "signincode", p)
}

// giveCode is the second half of a sign-in.
func (s *server) giveCode(v *visit) error {
	next := localPath(v.r.PostFormValue("next"))
	actor, version, taken, err := s.desk.GiveCode(v.ctx(), s.sessions.GetString(v.ctx(), sessionPending), v.field("code"), clientOf(v.r))
	if errors.Is(err, core.ErrExpired) {
		return s.signInAgain(v, next)
	}
	if f, status, ok := faultsOf(err); ok {
		return s.showCode(v, status, next, f.under("code"))
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, actor, version); err != nil {
		return err
	}
	said := ""
	if taken.Backup && taken.Left <= 3 {
		said, next = "codes-few", "/profile/two-factor"
	}
	return v.see(firstOf(next, homeOf(actor)), said)
}

// under puts what is wrong with the whole beside one field.
func (f faults) under(field string) faults {
	if own, whole := f[""]; whole {
		return faults{field: own}
	}
	return f
}

type twoFactorPage struct {
	base
	T         core.TwoFactor
	Enrolment core.Enrolment // while it is set up
	QR        template.URL   // an inline picture
	Codes     []string       // just made, shown once
	Text      template.URL   // the same as a file
	Next      string         // where the person was led here from
	Act       string         // which form has a fault
}

// Steps tells how a secret is grouped to be typed.
func (p twoFactorPage) Steps() string {
	var b strings.Builder
	for i, r := range p.Enrolment.Secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (s *server) twoFactor(v *visit) error {
	return s.showTwoFactor(v, http.StatusOK, twoFactorPage{}, nil)
}

func (s *server) showTwoFactor(v *visit, status int, p twoFactorPage, f faults) (err error) {
	if p.T, err = s.desk.TwoFactor(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Enrolment.URL != "" {
		if p.QR, err = qrOf(p.Enrolment.URL); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, v.t("Two-factor sign-in"), "profile"); err != nil {
		return err
	}
	p.Next = firstOf(localPath(v.field("next")), localPath(v.query("next")))
	if len(p.Codes) > 0 {
		p.Text = codesFile(v, p.Instance, p.Codes)
	}
	p.Faults = f
	v.w.Header().Set("Cache-Control", "no-store")
	return s.render(v, status, "twofactor", p)
}

// qrOf draws the picture that a device takes the secret from. It stands in the
// page itself, so that no address ever holds the secret.
func qrOf(text string) (template.URL, error) {
	key, err := otp.NewKeyFromURL(text)
	if err != nil {
		return "", err
	}
	drawn, err := key.Image(232, 232)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// codesFile is the backup codes as a file to keep.
func codesFile(v *visit, instance string, codes []string) template.URL {
	text := v.t("Backup codes of {address} at {desk}. Each works once.", "address", v.actor.Address, "desk", instance) + "\r\n\r\n" + strings.Join(codes, "\r\n") + "\r\n"
	return template.URL("data:text/plain;charset=utf-8;base64," + base64.StdEncoding.EncodeToString([]byte(text)))
}

// actOnTwoFactor sets it up in two steps, makes new backup codes, or turns it off.
func (s *server) actOnTwoFactor(v *visit) error {
	password, code, client := v.r.PostFormValue("password"), v.field("code"), clientOf(v.r)
	p := twoFactorPage{Act: v.field("do")}
	var err error
	switch p.Act {
	case "begin":
		p.Enrolment, err = s.desk.BeginTwoFactor(v.ctx(), v.actor, password, client)
	case "confirm":
		return s.confirmTwoFactor(v, p, code)
	case "codes":
		p.Codes, err = s.desk.NewBackupCodes(v.ctx(), v.actor, password, code, client)
	case "off":
		if err = s.desk.TurnOffTwoFactor(v.ctx(), v.actor, password, code, client); err == nil {
			return v.see("/profile/two-factor", "two-factor-off")
		}
	default:
		return core.ErrNotFound
	}
	return s.afterTwoFactor(v, p, err)
}

func (s *server) confirmTwoFactor(v *visit, p twoFactorPage, code string) (err error) {
	if p.Codes, err = s.desk.ConfirmTwoFactor(v.ctx(), v.actor, s.current(v.ctx()), code, clientOf(v.r)); err == nil {
		if v.actor, err = s.actor(v.ctx()); err != nil { // with two factors now, so that the page shows all there is
			return err
		}
		return s.afterTwoFactor(v, p, nil)
	}
	if errors.Is(err, core.ErrForbidden) || errors.Is(err, core.ErrRate) {
		again, gone := s.desk.EnrolmentAgain(v.ctx(), v.actor, v.field("secret"))
		if gone != nil {
			err = gone
		}
		p.Enrolment = again
	}
	return s.afterTwoFactor(v, p, err)
}

// afterTwoFactor shows the page in any case: what it shows is shown once.
func (s *server) afterTwoFactor(v *visit, p twoFactorPage, err error) error {
	if f, status, ok := faultsOf(err); ok {
		if errors.Is(err, core.ErrForbidden) {
			f = f.under("code")
		}
		return s.showTwoFactor(v, status, p, f)
	}
	if err != nil {
		return err
	}
	return s.showTwoFactor(v, http.StatusOK, p, nil)
}

// firstSecure leads staff who must set up two-factor sign-in to where they do.
func firstSecure(v *visit) error {
	next := ""
	if v.r.Method == http.MethodGet {
		next = "?next=" + url.QueryEscape(localPath(v.r.URL.RequestURI()))
	}
	return v.see("/profile/two-factor"+next, "codes-first")
}

// forStaff tells the pages that are for staff alone.
func forStaff(path string) bool {
	return strings.HasPrefix(path, "/agent") || strings.HasPrefix(path, "/admin") || strings.HasPrefix(path, "/frame")
}

// resetTwoFactor helps somebody who lost their device.
func (s *server) resetTwoFactor(v *visit) error {
	return s.onUser(v, "codes-reset", nil, func(id core.UserID) error { return s.desk.ResetTwoFactor(v.ctx(), v.actor, id) })
}
