package core_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"postdesk/core"
	"postdesk/core/coretest"
)

// device makes the codes of a secret, as an authenticator does.
type device struct{ secret string }

func (d device) at(t *testing.T, when time.Time) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(d.secret, uint64(when.Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// secured is a person with two factors, in an open session.
type secured struct {
	actor   core.Actor
	session core.SessionID
	device  device
	codes   []string
}

// secure turns two-factor on. The code that it used is spent: later ones are of
// the next step, unless the clock of the row is set back.
func secure(t *testing.T, d coretest.Desk, email string) secured {
	t.Helper()
	actor, version, err := d.SignIn(t.Context(), email, goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	session, err := d.BeginSession(t.Context(), actor, version, "", "")
	if err != nil {
		t.Fatal(err)
	}
	begun, err := d.BeginTwoFactor(t.Context(), actor, goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	s := secured{session: session, device: device{begun.Secret}}
	if s.codes, err = d.ConfirmTwoFactor(t.Context(), actor, session, s.device.at(t, time.Now()), ""); err != nil {
		t.Fatal(err)
	}
	forgetStep(t, d, actor.ID)
	if s.actor, err = d.ActorOf(t.Context(), session); err != nil || !s.actor.TwoFactor {
		t.Fatalf("the session that turned it on: %+v, %v", s.actor, err)
	}
	return s
}

func forgetStep(t *testing.T, d coretest.Desk, id core.UserID) {
	t.Helper()
	d.Exec(t, `update two_factors set last_step = 0 where user_id = $1`, id)
}

// owe gives the password and gets the pending sign-in.
func owe(t *testing.T, d coretest.Desk, email string) string {
	t.Helper()
	actor, _, err := d.SignIn(t.Context(), email, goodPassword, "")
	var needed core.SecondFactorNeeded
	if !errors.As(err, &needed) || actor.ID != 0 {
		t.Fatalf("the password alone: %+v, %v", actor, err)
	}
	return needed.Pending
}

func staffDesk(t *testing.T) (coretest.Desk, core.Actor) {
	d := coretest.OpenDesk(t, core.Config{Secret: "a secret of the instance"})
	owner := d.Owner(t, "olive@desk.test")
	for email, role := range map[string]core.Role{"ann@desk.test": core.RoleAgent, "cara@acme.test": core.RoleCustomer} {
		id, err := d.CreateAccount(t.Context(), core.NewUser{Email: email, Name: "Person", Role: role}, nil)
		if err != nil {
			t.Fatal(err)
		}
		d.KnowsPassword(t, id)
	}
	return d, owner
}

func TestASignInWithTwoFactorsTakesPasswordAndCode(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	ctx := t.Context()
	ann := secure(t, d, "ann@desk.test")
	if len(ann.codes) != 10 {
		t.Fatalf("%d backup codes", len(ann.codes))
	}
	pending := owe(t, d, "ann@desk.test")
	if _, _, _, err := d.GiveCode(ctx, pending, "000000x", ""); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a wrong code: %v", err)
	}
	code := ann.device.at(t, time.Now())
	actor, version, taken, err := d.GiveCode(ctx, pending, code[:3]+" "+code[3:], "")
	if err != nil || actor.ID != ann.actor.ID || taken.Backup || taken.Left != 10 {
		t.Fatalf("%+v, %+v, %v", actor, taken, err)
	}
	if _, err := d.BeginSession(ctx, actor, version, "", ""); err != nil {
		t.Errorf("after the code: %v", err)
	}
	if _, _, _, err := d.GiveCode(ctx, pending, code, ""); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the pending sign-in again: %v", err)
	}
	again := owe(t, d, "ann@desk.test")
	if _, _, _, err := d.GiveCode(ctx, again, code, ""); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("the same code again: %v", err)
	}
	if _, _, taken, err = d.GiveCode(ctx, again, strings.ToUpper(ann.codes[0]), ""); err != nil || !taken.Backup || taken.Left != 9 {
		t.Errorf("a backup code: %+v, %v", taken, err)
	}
	if _, _, _, err = d.GiveCode(ctx, owe(t, d, "ann@desk.test"), ann.codes[0], ""); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("the backup code again: %v", err)
	}
}

// TestNoSessionBeginsWithOneFactorWhereTwoAreAsked: not with an actor who was read
// before two-factor was turned on, nor with one who owes the code.
func TestNoSessionBeginsWithOneFactorWhereTwoAreAsked(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	ctx := t.Context()
	early, version, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := d.BeginSession(ctx, early, version, "", "")
	if err != nil {
		t.Fatal(err)
	}
	secure(t, d, "ann@desk.test")
	if _, err := d.ActorOf(ctx, before); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a session from before: %v", err)
	}
	if _, err := d.BeginSession(ctx, early, version, "", ""); !errors.Is(err, core.ErrExpired) {
		t.Errorf("who gave the password before: %v", err)
	}
}

func TestOfManyWhoPressABackupCodeAtOnceOneGetsIn(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	ann := secure(t, d, "ann@desk.test")
	const many = 32
	pendings, errs := make([]string, many), make([]error, many)
	for i := range many {
		pendings[i] = owe(t, d, "ann@desk.test")
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range many {
		all.Go(func() { _, _, _, errs[i] = d.GiveCode(ctx, pendings[i], ann.codes[3], "") })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a loser hears: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d got in", won)
	}
}

func TestAPendingSignInEndsWithWrongCodesDisableResetAndTime(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	ann := secure(t, d, "ann@desk.test")
	for _, c := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"too late", func(t *testing.T) {
			d.Exec(t, `update pending_sign_ins set created_at = now() - interval '11 minutes'`)
		}},
		{"five wrong codes", func(t *testing.T) { d.Exec(t, `update pending_sign_ins set tries = 5`) }},
		{"the password changed", func(t *testing.T) {
			d.Exec(t, `update users set credential_version = credential_version + 1 where id = $1`, ann.actor.ID)
		}},
		{"disabled", func(t *testing.T) {
			if err := d.DisableUser(ctx, owner, ann.actor.ID); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		pending := owe(t, d, "ann@desk.test")
		if err := d.Pending(ctx, pending); err != nil {
			t.Errorf("%s: before: %v", c.name, err)
		}
		c.do(t)
		forgetStep(t, d, ann.actor.ID)
		if _, _, _, err := d.GiveCode(ctx, pending, ann.device.at(t, time.Now()), ""); !errors.Is(err, core.ErrExpired) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := d.Pending(ctx, pending); !errors.Is(err, core.ErrExpired) {
			t.Errorf("%s: after: %v", c.name, err)
		}
		d.Exec(t, `update users set enabled = true where id = $1`, ann.actor.ID)
	}
	if _, _, _, err := d.GiveCode(ctx, "", "123456", ""); !errors.Is(err, core.ErrExpired) {
		t.Errorf("no pending sign-in at all: %v", err)
	}
}

// TestLinksAskForTheCodeToo: neither a mailed sign-in link nor a reset of the
// password stands for the second factor.
func TestLinksAskForTheCodeToo(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	ctx := t.Context()
	cara := secure(t, d, "cara@acme.test")
	for _, purpose := range []core.LinkPurpose{core.LinkSignIn, core.LinkReset} {
		actor, _, err := d.AcceptLink(ctx, link(t, d, purpose, cara.actor), core.AcceptForm{Password: goodPassword + "!"})
		var needed core.SecondFactorNeeded
		if !errors.As(err, &needed) || actor.ID != 0 {
			t.Fatalf("%s: %+v, %v", purpose, actor, err)
		}
		forgetStep(t, d, cara.actor.ID)
		if actor, _, _, err = d.GiveCode(ctx, needed.Pending, cara.device.at(t, time.Now()), ""); err != nil || actor.ID != cara.actor.ID {
			t.Errorf("%s and the code: %v", purpose, err)
		}
	}
	_, _, err := d.SignIn(ctx, "cara@acme.test", goodPassword+"!", "")
	if needed := (core.SecondFactorNeeded{}); !errors.As(err, &needed) {
		t.Errorf("the reset did not set the password: %v", err)
	}
}

// TestTheDeviceIsAskedForAfterTheRightPasswordOnly is S7.
func TestTheDeviceIsAskedForAfterTheRightPasswordOnly(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	secure(t, d, "ann@desk.test")
	_, _, secured := d.SignIn(t.Context(), "ann@desk.test", "not the password", "192.0.2.1")
	_, _, plain := d.SignIn(t.Context(), "cara@acme.test", "not the password", "192.0.2.2")
	_, _, nobody := d.SignIn(t.Context(), "nobody@acme.test", "not the password", "192.0.2.3")
	if secured == nil || secured.Error() != plain.Error() || secured.Error() != nobody.Error() {
		t.Errorf("%v, %v, %v", secured, plain, nobody)
	}
}

func TestGuessingCodesIsSlowedAndToldAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	ctx := t.Context()
	ann := secure(t, d, "ann@desk.test")
	wrong := func() error {
		_, _, _, err := d.GiveCode(ctx, owe(t, d, "ann@desk.test"), "12345", "")
		return err
	}
	for range 10 {
		if err := wrong(); !errors.Is(err, core.ErrForbidden) {
			t.Fatal(err)
		}
	}
	if n := d.Text(t, `select count(*)::text from deliveries where kind = 'security' and user_id = $1`, ann.actor.ID); n != "2" { // turned on, and guessed at
		t.Errorf("%s mails", n)
	}
	d.Exec(t, `insert into sign_in_attempts (subject, at) select 'code ' || $1::bigint, now() from generate_series(1, 60)`, ann.actor.ID)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, _, _, err := d.GiveCode(short, owe(t, d, "ann@desk.test"), "123456", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a guess does not wait: %v", err)
	}
	for i := range 11 {
		_, _, _, err := d.GiveCode(ctx, owe(t, d, "ann@desk.test"), "12345", "203.0.113.7")
		if i == 0 && err == nil {
			t.Error("a wrong code was taken")
		}
		if errors.Is(err, core.ErrRate) {
			break
		}
		if i == 10 {
			t.Errorf("one client may guess on: %v", err)
		}
		d.Exec(t, `delete from sign_in_attempts where subject like 'code %'`)
	}
}

func TestTwoFactorIsTurnedOffWithPasswordAndCode(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	ann := secure(t, d, "ann@desk.test")
	on := func(v bool) {
		t.Helper()
		if _, err := d.UpdateSettings(ctx, owner, core.SettingsChanges{StaffTwoFactor: &v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.TurnOffTwoFactor(ctx, ann.actor, "wrong", ann.codes[0], ""); fault(t, err).Field != "password" {
		t.Errorf("without the password: %v", err)
	}
	if err := d.TurnOffTwoFactor(ctx, ann.actor, goodPassword, "123", ""); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("without a code: %v", err)
	}
	old := ann.codes
	codes, err := d.NewBackupCodes(ctx, ann.actor, goodPassword, old[1], "")
	if err != nil || len(codes) != 10 {
		t.Fatalf("%d, %v", len(codes), err)
	}
	if err := d.TurnOffTwoFactor(ctx, ann.actor, goodPassword, old[2], ""); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an old backup code: %v", err)
	}
	on(true)
	if err := d.TurnOffTwoFactor(ctx, ann.actor, goodPassword, codes[0], ""); !errors.Is(err, core.ErrConflict) {
		t.Errorf("staff who must: %v", err)
	}
	on(false)
	if err := d.TurnOffTwoFactor(ctx, ann.actor, goodPassword, codes[1], ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.SignIn(ctx, "ann@desk.test", goodPassword, ""); err != nil {
		t.Errorf("one factor again: %v", err)
	}
}

// TestStaffWhoMustUseTwoFactorsDoNothingBefore: by pages and by the API, but their
// own profile.
func TestStaffWhoMustUseTwoFactorsDoNothingBefore(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	actor, version, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	session, err := d.BeginSession(ctx, actor, version, "", "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.CreateToken(ctx, "ann@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	must := true
	if _, err := d.UpdateSettings(ctx, owner, core.SettingsChanges{StaffTwoFactor: &must}); err != nil {
		t.Fatal(err)
	}
	byPage, err := d.ActorOf(ctx, session)
	if err != nil {
		t.Fatal(err)
	}
	byAPI, err := d.ActorByToken(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []core.Actor{byPage, byAPI} {
		for do := core.DoView; do <= core.DoManageCategories; do++ {
			if err := who.Can(do); !errors.Is(err, core.ErrTwoFactor) || !errors.Is(err, core.ErrForbidden) {
				t.Errorf("deed %d: %v", do, err)
			}
		}
		if err := who.Can(core.DoUsePortal); err != nil {
			t.Error(err)
		}
	}
	secure(t, d, "ann@desk.test")
	if byAPI, err = d.ActorByToken(ctx, token); err != nil || byAPI.Can(core.DoView) != nil {
		t.Errorf("the token after the set-up: %+v, %v", byAPI, err)
	}
	if cara, _, err := d.SignIn(ctx, "cara@acme.test", goodPassword, ""); err != nil || cara.Unsecured {
		t.Errorf("a customer: %+v, %v", cara, err)
	}
}

func TestWhoMayResetWhoseTwoFactor(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	roles := core.Roles()
	actors, subjects := map[core.Role]core.Actor{core.RoleOwner: owner}, map[core.Role]core.Actor{}
	for _, role := range roles {
		if role != core.RoleOwner {
			actors[role] = d.Person(t, role, "by-"+string(role)+"@desk.test")
		}
		subjects[role] = d.Person(t, role, "of-"+string(role)+"@desk.test")
	}
	for _, by := range roles {
		for _, of := range roles {
			d.Exec(t, `insert into two_factors (user_id, secret, wrapped, confirmed_at) values ($1, decode(repeat('00', 20), 'hex'), false, now()) on conflict do nothing`, subjects[of].ID)
			err := d.ResetTwoFactor(ctx, actors[by], subjects[of].ID)
			may := by.Admin() && of.Rank() < by.Rank()
			if may != (err == nil) || !may && !errors.Is(err, core.ErrForbidden) {
				t.Errorf("%s of %s: %v", by, of, err)
			}
		}
	}
	if err := d.ResetTwoFactor(ctx, owner, subjects[core.RoleAgent].ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("of somebody without: %v", err)
	}
}

func TestAResetEndsSessionsAndTells(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	ann := secure(t, d, "ann@desk.test")
	pending := owe(t, d, "ann@desk.test")
	if err := d.ResetTwoFactor(ctx, owner, ann.actor.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorOf(ctx, ann.session); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the session: %v", err)
	}
	if _, _, _, err := d.GiveCode(ctx, pending, ann.codes[0], ""); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the pending sign-in: %v", err)
	}
	if act := d.Text(t, `select string_agg(act, ' ' order by id) from audit where act like 'user.two_factor%'`); act != "user.two_factor_on user.two_factor_reset" {
		t.Errorf("the audit says %q", act)
	}
	secure(t, d, "ann@desk.test")
	if err := d.ResetTwoFactorOf(ctx, "ANN@desk.test"); err != nil {
		t.Errorf("by the command: %v", err)
	}
	if err := d.ResetTwoFactorOf(ctx, "nobody@desk.test"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// TestNoSecretOfTheSecondFactorIsLeftAround is S9: neither in what is stored
// plainly, nor in what is logged.
func TestNoSecretOfTheSecondFactorIsLeftAround(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := coretest.OpenDesk(t, core.Config{Secret: "a secret of the instance", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	password := goodPassword
	if _, err := d.CreateAccount(t.Context(), core.NewUser{Email: "ann@desk.test", Name: "Ann", Role: core.RoleAgent}, &password); err != nil {
		t.Fatal(err)
	}
	ann := secure(t, d, "ann@desk.test")
	pending := owe(t, d, "ann@desk.test")
	_, _, _, _ = d.GiveCode(t.Context(), pending, "wrong", "")
	if _, _, _, err := d.GiveCode(t.Context(), pending, ann.codes[0], ""); err != nil {
		t.Fatal(err)
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(ann.device.secret)
	if err != nil {
		t.Fatal(err)
	}
	stored := d.Text(t, `
		select concat((select string_agg(t::text, ' ') from audit t), (select string_agg(t::text, ' ') from events t), (select string_agg(t::text, ' ') from deliveries t),
			(select string_agg(t::text, ' ') from two_factors t), (select string_agg(t::text, ' ') from backup_codes t), (select string_agg(t::text, ' ') from pending_sign_ins t))`)
	for _, canary := range append(ann.codes, ann.device.secret, pending, strings.ReplaceAll(ann.codes[0], "-", ""), fmt.Sprintf("%x", raw)) {
		if strings.Contains(stored, canary) || strings.Contains(log.String(), canary) {
			t.Errorf("%q can be read", canary)
		}
	}
}

func TestTheQRCodeSaysWhatAppsExpect(t *testing.T) {
	t.Parallel()
	d, _ := staffDesk(t)
	actor, _, err := d.SignIn(t.Context(), "ann@desk.test", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	begun, err := d.BeginTwoFactor(t.Context(), actor, goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(begun.URL)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Postdesk:ann@desk.test" ||
		u.Query().Get("secret") != begun.Secret || u.Query().Get("issuer") != "Postdesk" {
		t.Errorf("%s, %v", begun.URL, err)
	}
	if again, err := d.EnrolmentAgain(t.Context(), actor, begun.Secret); err != nil || again != begun {
		t.Errorf("again: %+v, %v", again, err)
	}
	if _, err := d.EnrolmentAgain(t.Context(), actor, "another"); !errors.Is(err, core.ErrExpired) {
		t.Errorf("to somebody who has not seen it: %v", err)
	}
}

// TestWhatHappensToTheSecurityOfAnAccountIsToldInTheReadersLanguage: also that a
// token was made, which works without the second factor.
func TestWhatHappensToTheSecurityOfAnAccountIsToldInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	d, owner := staffDesk(t)
	ctx := t.Context()
	d.Exec(t, `update users set locale = 'de' where id = (select user_id from addresses where address = 'ann@desk.test')`)
	told := func(want string) {
		t.Helper()
		claim, err := d.ClaimDelivery(ctx)
		if err != nil {
			t.Fatal(err)
		}
		d.Exec(t, `update deliveries set state = 'sent', claimed_until = null, sent_at = now() where id = $1`, claim.ID)
		if o := claim.Outgoing; o.Problem != want || o.Subject != "Die Sicherheit Ihres Kontos bei "+o.Instance {
			t.Errorf("the mail %q tells %q, want %q", o.Subject, o.Problem, want)
		}
	}
	ann := secure(t, d, "ann@desk.test")
	told("Die Zwei-Faktor-Anmeldung wurde eingeschaltet. Andere Browser wurden abgemeldet.")
	if _, err := d.CreateAPIToken(ctx, ann.actor, ann.session, core.NewToken{Name: "nightly"}); err != nil {
		t.Fatal(err)
	}
	told("Ein API-Token wurde erstellt: Ein Programm, das es hat, handelt für Sie, bis Sie es beenden.")
	if err := d.ResetTwoFactor(ctx, owner, ann.actor.ID); err != nil {
		t.Fatal(err)
	}
	told("Die Zwei-Faktor-Anmeldung wurde zurückgesetzt, und zwar von " + owner.Name + ": Ihr Passwort allein meldet Sie an, bis Sie sie wieder einrichten.")
	if err := d.ResetTwoFactorOf(ctx, "ann@desk.test"); !errors.Is(err, core.ErrConflict) {
		t.Errorf("reset twice: %v", err)
	}
}
