package web

import (
	"time"

	"postdesk/core"
)

// A meJSON is the token's owner with the rights that count now.
type meJSON struct {
	userJSON
	Email       string          `json:"email"`
	Digest      bool            `json:"suspended_digest"`
	Signature   string          `json:"signature"`
	Permissions permissionsJSON `json:"permissions"`
	CaseAccess  string          `json:"case_access"`
}

func (a *api) me(c *apiCall) (apiAnswer, error) {
	u, err := a.desk.User(c.ctx(), c.actor, c.actor.ID)
	if err != nil {
		return apiAnswer{}, err
	}
	may := func(do core.Deed) bool { return c.actor.Can(do) == nil }
	access := c.actor.Rights.Access
	if c.actor.Role.Admin() {
		access = core.AccessAll
	}
	return found("user", meJSON{userOf(u), u.Primary().String(), u.Digest, u.Signature, permissionsJSON{
		ReplyPublicly: may(core.DoReply), Merge: may(core.DoMerge), ViewSuspended: may(core.DoListSuspended),
		ManagePeople: may(core.DoManagePeople), WriteArticles: may(core.DoWriteArticle),
		PublishArticles: may(core.DoPublishArticle), ManageCategories: may(core.DoManageCategories),
	}, upper(access)})
}

// updateMe changes the own profile, and nothing that others decide.
func (a *api) updateMe(c *apiCall) (apiAnswer, error) {
	var form struct {
		newAddress
		FullName  *string          `json:"full_name"`
		TimeZone  optional[string] `json:"time_zone"`
		Locale    *string          `json:"locale"`
		Phone     *string          `json:"phone"`
		Signature *string          `json:"signature"`
		Digest    *bool            `json:"suspended_digest"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := form.refused(); err != nil {
		return apiAnswer{}, err
	}
	_, err := a.desk.UpdateProfile(c.ctx(), c.actor, core.ProfileChanges{Name: form.FullName, Timezone: form.TimeZone.pointer(),
		Locale: form.Locale, Phone: form.Phone, Signature: form.Signature, Digest: form.Digest})
	if err != nil {
		return apiAnswer{}, err
	}
	return a.me(c)
}

type sessionJSON struct {
	ID        core.SessionID `json:"id"`
	Client    string         `json:"client"`
	Browser   string         `json:"browser"`
	CreatedAt time.Time      `json:"created_at"`
	SeenAt    time.Time      `json:"seen_at"`
}

func sessionOf(s core.Session) sessionJSON {
	return sessionJSON{s.ID, s.Client, s.Browser, s.CreatedAt.UTC(), s.SeenAt.UTC()}
}

func (a *api) sessions(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Sessions(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("session", pageOf(all, page), len(all), sessionOf)
}

func (a *api) endSession(c *apiCall, id core.SessionID) (apiAnswer, error) {
	if err := a.desk.EndSession(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return found("session", rowJSON[core.SessionID]{id})
}
