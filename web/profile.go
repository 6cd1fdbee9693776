package web

import (
	"net/http"

	"postdesk/core"
	"postdesk/core/language"
)

type profilePage struct {
	base
	User     core.User
	Email    string         // of a new address, as typed
	Waiting  []core.Address // added, and not confirmed yet
	Sessions []openBrowser
	Tokens   []core.APIToken
	Two      core.TwoFactor
	Notices  core.Notifications // of agents
}

// openBrowser is a session as its owner sees it.
type openBrowser struct {
	core.Session
	Browser string // in short words
	Here    bool   // this browser
}

// A languageChoice is an option of the profile.
type languageChoice struct {
	Value, Name string
	Chosen      bool
}

// LanguageChoices are the languages that are spoken, and the person's own if it is
// another.
func (p profilePage) LanguageChoices() (choices []languageChoice) {
	own, spoken := language.Known(p.User.Locale)
	for _, t := range language.All() {
		choices = append(choices, languageChoice{string(t), t.Name(), spoken && t == own})
	}
	if p.User.Locale != "" && !spoken {
		choices = append(choices, languageChoice{p.User.Locale, p.User.Locale, true})
	}
	return choices
}

// Elsewhere tells that there is something to sign out of.
func (p profilePage) Elsewhere() bool { return len(p.Sessions) > 1 }

func (s *server) profile(v *visit) error { return s.showProfile(v, http.StatusOK, nil, "", nil) }

func (s *server) showProfile(v *visit, status int, changes *core.ProfileChanges, email string, f faults) error {
	page := profilePage{Email: email}
	var err error
	if page.User, err = s.desk.User(v.ctx(), v.actor, v.actor.ID); err != nil {
		return err
	}
	if changes != nil { // as typed
		page.User.Name, page.User.Timezone, page.User.Locale = *changes.Name, *changes.Timezone, *changes.Locale
		page.User.Phone, page.User.Signature = *changes.Phone, *changes.Signature
		if changes.Digest != nil {
			page.User.Digest = *changes.Digest
		}
	}
	if page.Waiting, err = s.desk.PendingIdentities(v.ctx(), v.actor); err != nil {
		return err
	}
	if page.Sessions, err = s.ownSessions(v); err != nil {
		return err
	}
	if page.Tokens, err = s.desk.APITokens(v.ctx(), v.actor); err != nil {
		return err
	}
	if page.Two, err = s.desk.TwoFactor(v.ctx(), v.actor); err != nil {
		return err
	}
	if v.actor.Role.Agent() {
		if page.Notices, err = s.desk.Notifications(v.ctx(), v.actor); err != nil {
			return err
		}
	}
	if page.base, err = s.page(v, v.t("Profile"), "profile"); err != nil {
		return err
	}
	page.Faults = f
	return s.render(v, status, "profile", page)
}

func (s *server) ownSessions(v *visit) (shown []openBrowser, err error) {
	current := s.current(v.ctx())
	sessions, err := s.desk.Sessions(v.ctx(), v.actor)
	for _, one := range sessions {
		shown = append(shown, openBrowser{one, v.browser(one.Browser), one.ID == current})
	}
	return shown, err
}

// afterOwn answers an act of the profile page.
func (s *server) afterOwn(v *visit, err error, said string) error {
	return v.after(err, "/profile", said, func(status int, f faults) error {
		return s.showProfile(v, status, nil, "", f)
	})
}

func (s *server) updateProfile(v *visit) error {
	name, zone, locale, phone, signature := v.field("full_name"), v.field("time_zone"), v.field("locale"), v.field("phone"),
		v.r.PostFormValue("signature")
	changes := core.ProfileChanges{Name: &name, Timezone: &zone, Locale: &locale, Phone: &phone, Signature: &signature}
	if v.field("was.suspended_digest") != "" {
		digest := v.field("suspended_digest") == "yes"
		changes.Digest = &digest
	}
	_, err := s.desk.UpdateProfile(v.ctx(), v.actor, changes)
	return v.after(err, "/profile", "updated", func(status int, f faults) error {
		return s.showProfile(v, status, &changes, "", f)
	})
}

// changePassword ends all other sessions; this one goes on under a new id.
func (s *server) changePassword(v *visit) error {
	version, err := s.desk.ChangePassword(v.ctx(), v.actor, v.r.PostFormValue("old_password"), v.r.PostFormValue("password"), clientOf(v.r))
	if f, status, ok := faultsOf(err); ok {
		if own, whole := f[""]; whole {
			f = faults{"old_password": own}
		}
		return s.showProfile(v, status, nil, "", f)
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, v.actor, version); err != nil {
		return err
	}
	return v.see("/profile", "password")
}

// addOwnAddress is also how the link of one that waits is sent again.
func (s *server) addOwnAddress(v *visit) error {
	email := v.field("email")
	err := s.desk.AddIdentity(v.ctx(), v.actor, v.actor.ID, email)
	return v.after(err, "/profile", "verify", func(status int, f faults) error {
		return s.showProfile(v, status, nil, email, f)
	})
}

func (s *server) cancelOwnAddress(v *visit) error {
	return s.afterOwn(v, s.desk.CancelIdentity(v.ctx(), v.actor, v.field("email")), "given-up")
}

func (s *server) makeOwnPrimary(v *visit) error {
	return s.afterOwn(v, s.desk.MakePrimary(v.ctx(), v.actor, v.actor.ID, v.field("email")), "primary")
}

func (s *server) removeOwnAddress(v *visit) error {
	return s.afterOwn(v, s.desk.RemoveIdentity(v.ctx(), v.actor, v.actor.ID, v.field("email")), "removed")
}

// endSession signs one of the person's browsers out, perhaps this one.
func (s *server) endSession(v *visit) error {
	id, err := pathID[core.SessionID](v, "id")
	if err != nil {
		return err
	}
	if id == s.current(v.ctx()) {
		return s.signOut(v)
	}
	return s.afterOwn(v, s.desk.EndSession(v.ctx(), v.actor, id), "ended")
}

func (s *server) endOtherSessions(v *visit) error {
	return s.afterOwn(v, s.desk.EndOtherSessions(v.ctx(), v.actor, s.current(v.ctx())), "ended-others")
}

// setNotifications takes the boxes that are ticked: one that is not stands for no.
func (s *server) setNotifications(v *visit) error {
	ticked := func(name string) *bool { on := v.field(name) == "yes"; return &on }
	_, err := s.desk.SetNotifications(v.ctx(), v.actor, core.NotificationChanges{Assigned: ticked("assigned"),
		Unassigned: ticked("unassigned"), Followed: ticked("followed"), Notes: ticked("notes")})
	return s.afterOwn(v, err, "updated")
}
