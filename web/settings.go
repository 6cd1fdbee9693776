package web

import (
	"fmt"
	"net/http"
	"strconv"

	"postdesk/core"
)

type mailboxesPage struct {
	base
	Rows          []core.Mailbox
	Health        map[core.MailboxID]core.MailboxHealth
	Address, Name string
}

func (s *server) mailboxes(v *visit) error {
	return s.showMailboxes(v, http.StatusOK, mailboxesPage{}, nil)
}

func (s *server) showMailboxes(v *visit, status int, p mailboxesPage, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	if p.Rows, err = s.desk.Mailboxes(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Health, err = s.desk.MailboxHealths(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Mailboxes", "mailboxes"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "mailboxes", p)
}

func (s *server) createMailbox(v *visit) error {
	p := mailboxesPage{Address: v.field("address"), Name: v.field("name")}
	_, err := s.desk.CreateMailbox(v.ctx(), v.actor, p.Address, p.Name)
	return v.after(err, "/admin/mailboxes", "created", func(status int, f faults) error {
		return s.showMailboxes(v, status, p, f)
	})
}

type settingsPage struct {
	base
	S     core.Settings
	O     core.Overview
	Typed map[string]string // numbers, as typed
}

// Number is what a field of a number shows: what was typed, else what is set.
func (p settingsPage) Number(name string, set any) any {
	if typed, ok := p.Typed[name]; ok {
		return typed
	}
	return set
}

// settingNumbers are the fields with a whole number.
func settingNumbers(c *core.SettingsChanges) map[string]**int {
	return map[string]**int{"flood_ten_minutes": &c.FloodTenMinutes, "flood_hour": &c.FloodHour,
		"flood_day": &c.FloodDay, "automatic_hour": &c.AutomaticHour, "suspended_days": &c.SuspendedDays,
		"api_requests_a_minute": &c.APIRequestsAMinute}
}

// settingLimits are the fields that take a whole number or nothing, with the
// settings that nothing means "never" or "for ever" for.
func settingLimits(c *core.SettingsChanges) map[string]***int {
	return map[string]***int{"close_completed_hours": &c.CloseCompletedHours,
		"keep_source_days": &c.KeepSourceDays, "keep_sent_days": &c.KeepSentDays}
}

func (s *server) settings(v *visit) error { return s.showSettings(v, http.StatusOK, nil, nil) }

func (s *server) showSettings(v *visit, status int, typed *core.Settings, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := settingsPage{}
	if p.S, err = s.desk.Settings(v.ctx()); err != nil {
		return err
	}
	if typed != nil {
		p.S.Name, p.S.Timezone, p.S.AcceptsUnknown, p.S.StaffTwoFactor = typed.Name, typed.Timezone, typed.AcceptsUnknown, typed.StaffTwoFactor
		p.Typed = map[string]string{}
		for name := range settingNumbers(&core.SettingsChanges{}) {
			p.Typed[name] = v.field(name)
		}
		for name := range settingLimits(&core.SettingsChanges{}) {
			p.Typed[name] = v.field(name)
		}
	}
	if p.O, err = s.desk.Overview(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Settings", "settings"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "settings", p)
}

func (s *server) updateSettings(v *visit) error {
	typed, err := s.saveSettings(v)
	return v.after(err, "/admin/settings", "updated", func(status int, f faults) error {
		return s.showSettings(v, status, &typed, f)
	})
}

func (s *server) saveSettings(v *visit) (typed core.Settings, err error) {
	typed = core.Settings{Name: v.field("name"), Timezone: v.field("time_zone"), AcceptsUnknown: v.field("accepts_unknown") == "yes",
		StaffTwoFactor: v.field("staff_two_factor") == "yes"}
	c := core.SettingsChanges{Name: &typed.Name, Timezone: &typed.Timezone, AcceptsUnknown: &typed.AcceptsUnknown, StaffTwoFactor: &typed.StaffTwoFactor}
	for name, into := range settingNumbers(&c) {
		if name == "api_requests_a_minute" && v.field(name) == "" {
			continue // forms from before it was there
		}
		n, err := strconv.Atoi(v.field(name))
		if err != nil {
			return typed, core.Invalid{Field: name, Code: core.CodeInvalid, Problem: "A whole number is needed."}
		}
		*into = &n
	}
	for name, into := range settingLimits(&c) {
		n, err := numberOrNone(v.field(name))
		switch {
		case err != nil:
			return typed, core.Invalid{Field: name, Code: core.CodeInvalid, Problem: "A whole number is needed, or nothing."}
		case v.r.PostForm.Has(name) || name == "close_completed_hours": // forms from before the others were there
			*into = &n
		}
	}
	_, err = s.desk.UpdateSettings(v.ctx(), v.actor, c)
	return typed, err
}

func numberOrNone(text string) (*int, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	return &n, err
}

// Limit shows a limit, or that there is none.
func (b base) Limit(n *int) string {
	if n == nil {
		return "unlimited"
	}
	return fmt.Sprint(*n)
}
