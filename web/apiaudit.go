package web

import (
	"strconv"
	"strings"
	"time"

	"postdesk/core"
)

type auditJSON struct {
	ID        int64            `json:"id"`
	Act       string           `json:"act"`
	Actor     *personJSON      `json:"actor"`  // null: the command line
	Object    *auditObjectJSON `json:"object"` // null: none
	Detail    map[string]any   `json:"detail"`
	CreatedAt time.Time        `json:"created_at"`
}

type auditObjectJSON struct {
	Type string `json:"type"`
	ID   *int64 `json:"id"` // null for what has no number
	Name string `json:"name"`
}

func auditOf(e core.AuditEntry) auditJSON {
	shown := auditJSON{ID: e.ID, Act: e.Act, Detail: e.Detail, CreatedAt: e.At.UTC()}
	if e.Actor.ID != 0 {
		actor := personOf(e.Actor)
		shown.Actor = &actor
	}
	if kind, which, _ := strings.Cut(e.Object, " "); e.Object != "" {
		shown.Object = &auditObjectJSON{Type: kind, Name: e.ObjectName}
		if id, err := strconv.ParseInt(which, 10, 64); err == nil {
			shown.Object.ID = &id
		} else {
			shown.Object.Name = which
		}
		if e.Person.ID != 0 {
			shown.Object.Name = e.Person.Name
		}
	}
	return shown
}

func (a *api) auditTrail(c *apiCall) (apiAnswer, error) {
	f, err := auditFilter(c)
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.AuditTrail(c.ctx(), c.actor, f)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("audit", all, total, auditOf)
}

func auditFilter(c *apiCall) (f core.AuditFilter, err error) {
	if f.Page, err = c.page(); err != nil {
		return f, err
	}
	actor, err := c.number("actor_id")
	if err != nil {
		return f, err
	}
	f.Actor = core.UserID(actor)
	if f.Act, err = c.query("act"); err != nil {
		return f, err
	}
	object, err := c.query("object")
	if err != nil {
		return f, err
	}
	f.Object = strings.Replace(object, ":", " ", 1)
	if f.Since, err = c.moment("since"); err != nil {
		return f, err
	}
	f.Until, err = c.moment("until")
	return f, err
}
