package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

// unauditedForms are those of the panel that are no administrative act, or that
// change nothing where the matrix sends them.
var unauditedForms = map[string]string{
	"/agent/new":                "a conversation has its own timeline",
	"/agent/many":               "a conversation has its own timeline",
	"/agent/replies":            "the form makes one of one's own, which nobody else sees",
	"/agent/users/{user}/notes": "the journey shows a note with its author",
	"/agent/organizations/{organization}/notes":      "the journey shows a note with its author",
	"/agent/organizations/{organization}/join":       "nobody is there to join",
	"/admin/roles/{role}":                            "the row sets what is set",
	"/admin/mail/{mail}/replay":                      "a mail that was filed stays where it is",
	"/agent/helpcenter/preview":                      "a preview changes nothing",
	"/agent/helpcenter/articles/{published}/preview": "a preview changes nothing",
	"/agent/helpcenter/sections/{section}/order":     "the first of its shelf is first already",
}

func TestEveryFormOfTheAdministrationLeavesAnAuditEntry(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	for _, r := range matrix() {
		administers := strings.HasPrefix(r.path, "/admin/") || strings.HasPrefix(r.path, "/agent/") && !strings.HasPrefix(r.path, "/agent/conversations/")
		if r.method != http.MethodPost || !administers || unauditedForms[r.path] != "" {
			continue
		}
		before := w.Text(t, `select count(*) from audit`)
		got := w.do(t, "admin", r)
		if got.Status < 400 && w.Text(t, `select count(*) from audit`) == before {
			t.Errorf("%s %s (%d) leaves no entry in the audit: let it write one, or say in unauditedForms why not", r.path, r.form, got.Status)
		}
	}
}

func TestTheAuditIsReadAsSentences(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	ctx, admin := t.Context(), w.people["admin"]
	w.Exec(t, `delete from audit`)
	phone, member := "+49 1", w.people["agent"]
	user := w.people["somebody"].ID
	for _, do := range []func() error{
		func() error {
			_, err := w.UpdateUser(ctx, admin, user, core.UserChanges{Phone: &phone})
			return err
		},
		func() error {
			_, err := w.CreateTeam(ctx, admin, "Night shift", []core.UserID{member.ID})
			return err
		},
		func() error { return w.DisableUser(ctx, admin, user) },
		func() error {
			_, err := w.UpdateProfile(ctx, admin, core.ProfileChanges{Phone: &phone})
			return err
		},
		func() error { return w.SetLimits(ctx, nil, new(9)) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.DisableUser(ctx, w.people["agent"], admin.ID) // refused
	page := w.ask(t, "admin", "/admin/audit", nil)
	var said []string
	for _, line := range page.find(t, "li", "class=audit-line") {
		said = append(said, strings.Join(strings.Fields(textOf(line)), " "))
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{
		"The command line changed the settings Max seats: none → now 9",
		"Admin updated their own profile",
		"Admin disabled Somebody (Disabled)",
		"Admin created the team Night shift Members: Agent Title: Night shift",
		"Admin updated Somebody (Disabled) Phone: none → now +49 1",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	refused := page.find(t, "li", "class=audit-line refused")
	if len(refused) != 1 || !strings.Contains(strings.Join(strings.Fields(textOf(refused[0])), " "), "Agent tried to disable Admin Refused") {
		t.Errorf("refused: %d", len(refused))
	}
	for _, link := range []string{fmt.Sprintf("/agent/users/%d", user), fmt.Sprintf("/agent/users/%d", admin.ID), "/admin/teams", "/admin/settings"} {
		if len(page.find(t, "a", "href="+link)) == 0 {
			t.Errorf("no link to %s", link)
		}
	}
}

func TestTheAuditPageIsFilteredByAPlainForm(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	admin := w.people["admin"]
	w.Exec(t, `delete from audit`)
	w.Exec(t, `update users set timezone = 'Asia/Tokyo' where id = $1`, admin.ID)
	w.Exec(t, `insert into audit (actor_id, act, object, at) values ($1, 'user.disabled', 'user 7', '2026-03-01 15:30Z'), (null, 'settings.updated', 'settings', '2026-03-04 10:00Z'),
		($1, 'team.created', 'team 999', '2026-03-02 14:59Z')`, admin.ID)
	for query, want := range map[string]int{
		"": 3, "who=command": 1, "who=" + fmt.Sprint(admin.ID): 2, "who=x": 0, "act=user": 1, "object=user+7": 1, "object=User+%237": 1, "object=user%3A7": 1,
		"object=%3Cscript%3E": 0, "object=" + url.QueryEscape("\x00"): 3,
		"since=2026-03-02&until=2026-03-02": 2, // both days by the reader's clock: 00:30 and 23:59 in Tokyo
		"since=2026-03-03":                  1, "until=2026-03-01": 0, "act=user&who=command": 0,
	} {
		page := w.ask(t, "admin", "/admin/audit?"+query, nil)
		if got := len(page.find(t, "li", "class=audit-line")); page.Status != http.StatusOK || got != want {
			t.Errorf("%s shows %d, want %d (%d)", query, got, want, page.Status)
		}
	}
	bad := w.ask(t, "admin", "/admin/audit?since=31.12.2026", nil)
	if bad.Status != http.StatusBadRequest || len(bad.find(t, "input", "name=since", "value=31.12.2026", "aria-invalid=true")) != 1 {
		t.Errorf("a wrong date: %d", bad.Status)
	}
	none := w.ask(t, "admin", "/admin/audit?act=mailbox", nil)
	if !strings.Contains(none.Body, "No entry matches") || len(none.find(t, "option", "value=mailbox", "selected")) != 1 {
		t.Error("nothing is said where nothing matches")
	}
	w.Exec(t, `delete from audit`)
	if empty := w.ask(t, "admin", "/admin/audit", nil); !strings.Contains(empty.Body, "Nothing yet") {
		t.Error("an empty audit is an empty page")
	}
	w.Exec(t, `insert into audit (act, object) select 'user.enabled', 'user 7' from generate_series(1, 60)`)
	older := w.ask(t, "admin", "/admin/audit?act=user&page=2", nil)
	if len(older.find(t, "li", "class=audit-line")) != 10 || len(older.find(t, "a", "rel=prev", "href=/admin/audit?act=user&page=1")) != 1 {
		t.Error("the second page is not the second of what is filtered")
	}
}

func TestTheAuditOfTheHelpCenterIsReadAsSentences(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	ctx, admin := t.Context(), w.people["admin"]
	w.Exec(t, `delete from audit`)
	c, err := w.CreateCategory(ctx, admin, "Printers", "")
	must(t, err)
	gone, err := w.CreateCategory(ctx, admin, "Faxes", "")
	must(t, err)
	sec, err := w.CreateSection(ctx, admin, core.NewSection{Category: c.ID, Title: "Ink"})
	must(t, err)
	a, err := w.CreateArticle(ctx, admin, core.NewArticle{Section: sec.ID, Title: "Toner", Body: "One", Publish: true})
	must(t, err)
	_, err = w.SaveArticle(ctx, admin, a.ID, 1, core.ArticleText{Title: "Toner", Body: "Two"})
	must(t, err)
	p, err := w.ProposeRevision(ctx, w.people["collaborator"], a.ID, 2, core.ArticleText{Title: "Toner", Body: "Three"})
	must(t, err)
	must(t, w.DeclineProposal(ctx, admin, p.ID, ""))
	must(t, w.OrderCategories(ctx, admin, []core.CategoryID{gone.ID, c.ID}))
	must(t, w.OrderArticles(ctx, admin, sec.ID, []core.ArticleID{a.ID}))
	must(t, w.DeleteCategory(ctx, admin, gone.ID))
	must(t, w.DeleteArticle(ctx, admin, a.ID))
	page := w.ask(t, "admin", "/admin/audit", nil)
	all := strings.Join(strings.Fields(textOf(page.find(t, "ol", "class=lines audit")[0])), " ")
	for _, want := range []string{
		"Admin created the category Printers", "Admin deleted the category Faxes", "Admin created the section Ink", "Admin wrote the article Toner", "Admin published Toner",
		"Admin edited the article Toner", "proposed a change of Toner", "Admin declined a proposal for Toner", "Admin changed the order in Help Center",
		"Admin changed the order in Ink", "Admin deleted the article Toner",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	for _, link := range []string{fmt.Sprintf("articles/%d", a.ID), fmt.Sprintf("sections/%d", sec.ID), fmt.Sprintf("categories/%d", c.ID)} {
		if len(page.find(t, "a", "href=/agent/helpcenter/"+link)) == 0 {
			t.Errorf("no link to %s", link)
		}
	}
	if got := len(w.ask(t, "admin", "/admin/audit?act=article", nil).find(t, "li", "class=audit-line")); got != 6 {
		t.Errorf("%d acts on articles", got)
	}
}
