package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"postdesk/core"
)

// Exports: what a list shows, whole, as a file for a spreadsheet (reliability S2
// row 28, A44). Rows go out as they are read.

// exportPatience is how long a reader may take for the next rows.
const exportPatience = 2 * time.Minute

// A csvFile is written row by row. Its head goes out with the first one, so that
// a refusal before it is a page like any other.
type csvFile struct {
	v       *visit
	name    string
	columns []string
	out     *csv.Writer
	zone    *time.Location
	rows    int
}

func (s *server) csvFile(v *visit, name string, columns ...string) (*csvFile, error) {
	b, err := s.page(v, "Export", "")
	if err != nil {
		return nil, err
	}
	return &csvFile{v: v, name: name, columns: columns, out: csv.NewWriter(v.w), zone: b.zone}, nil
}

// begin sends the head and the names of the columns.
func (f *csvFile) begin() error {
	h := f.v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.csv"`, f.name, time.Now().In(f.zone).Format(time.DateOnly)))
	h.Set("Cache-Control", "no-store")
	return f.out.Write(f.columns)
}

func (f *csvFile) row(cells ...any) error {
	if f.rows == 0 {
		if err := f.begin(); err != nil {
			return err
		}
	}
	if f.rows++; f.rows%100 == 1 {
		// A server that cannot set a deadline has its own.
		_ = http.NewResponseController(f.v.w).SetWriteDeadline(time.Now().Add(exportPatience))
	}
	line := make([]string, len(cells))
	for i, cell := range cells {
		if at, ok := cell.(time.Time); ok {
			cell = at.In(f.zone).Format(time.RFC3339)
		}
		line[i] = csvCell(fmt.Sprint(cell))
	}
	return f.out.Write(line)
}

// end finishes the file. A file that broke off after its first row is cut, not
// ended, so that nobody takes a part for the whole.
func (s *server) endCSV(f *csvFile, err error) error {
	if err == nil && f.rows == 0 {
		err = f.begin()
	}
	f.out.Flush()
	if err == nil {
		err = f.out.Error()
	}
	if err != nil && f.rows > 0 {
		s.log.Warn("export broke off", "export", f.name, "rows", f.rows, "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// csvCell keeps a spreadsheet from taking a text for a formula: an apostrophe goes
// before what could begin one. Where apostrophes stand before such a beginning
// already, there is one more, so that taking one away always gives the text.
func csvCell(text string) string {
	first, _ := firstRune(strings.TrimLeft(text, "'"))
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + text
	}
	return text
}

func firstRune(s string) (rune, bool) {
	for _, r := range s {
		return r, true
	}
	return 'x', false
}

func (s *server) exportConversations(v *visit) error {
	f, err := s.csvFile(v, "conversations", "id", "subject", "status", "priority", "type", "tags", "channel", "requester", "requester_email",
		"organization", "assigned_agent", "assigned_team", "messages", "created_at", "updated_at")
	if err != nil {
		return err
	}
	filter := core.ListFilter{Status: core.Status(v.query("status")), Requester: number[core.UserID](v.query("requester"))}
	if view := core.View(v.query("view")); slices.Contains([]core.View{core.ViewMine, core.ViewTeam, core.ViewUnassigned, core.ViewTrash}, view) {
		filter.View = view
	}
	return s.endCSV(f, s.desk.ExportConversations(v.ctx(), v.actor, filter, func(c core.ExportedConversation) error {
		return f.row(c.ID, c.Subject, c.Status, c.Priority, c.Type, strings.Join(c.Tags, " "), c.Channel, c.RequesterName, c.RequesterAddress,
			c.Organization, c.AssigneeName, c.TeamTitle, c.Messages, c.CreatedAt, c.UpdatedAt)
	}))
}

// exportUsers takes the filter of the list of users.
func (s *server) exportUsers(v *visit) error {
	f, err := s.csvFile(v, "users", "id", "name", "role", "emails", "enabled", "has_password", "organization", "teams", "time_zone", "language", "phone", "tags", "created_at")
	if err != nil {
		return err
	}
	filter := core.UserFilter{Query: v.query("q"), Organization: number[core.OrganizationID](v.query("organization"))}
	if role := core.Role(v.query("role")); role.Rank() > 0 {
		filter.Role = role
	}
	if state := v.query("state"); state == "enabled" || state == "disabled" {
		enabled := state == "enabled"
		filter.Enabled = &enabled
	}
	return s.endCSV(f, s.desk.ExportUsers(v.ctx(), v.actor, filter, func(u core.User) error {
		var emails, teams []string
		for _, a := range u.Addresses {
			emails = append(emails, a.Address.String())
		}
		for _, t := range u.Teams {
			teams = append(teams, t.Title)
		}
		return f.row(u.ID, u.Name, u.Role, strings.Join(emails, " "), u.Enabled, u.HasPassword, u.OrganizationName, strings.Join(teams, ", "),
			u.Timezone, u.Locale, u.Phone, strings.Join(u.Tags, " "), u.CreatedAt)
	}))
}

// exportAudit takes the filter of the audit page.
func (s *server) exportAudit(v *visit) error {
	f, err := s.csvFile(v, "audit", "id", "at", "by", "by_email", "act", "object", "object_name", "detail")
	if err != nil {
		return err
	}
	p := auditPage{Who: v.query("who"), Act: v.query("act"), Object: v.query("object"), Since: v.query("since"), Until: v.query("until")}
	p.zone = f.zone
	filter, wrong := p.filter()
	for field, fault := range wrong {
		return core.Invalid{Field: field, Code: core.CodeInvalid, Problem: fault.Problem}
	}
	return s.endCSV(f, s.desk.ExportAudit(v.ctx(), v.actor, filter, func(e core.AuditEntry) error {
		line := auditLineOf(e)
		by := "the command line"
		if e.Actor.ID != 0 {
			by = e.Actor.DisplayName()
		}
		var told []string
		for _, c := range line.Changes {
			if c.Value == "" {
				c.Value = c.From + " → " + c.To
			}
			told = append(told, c.Field+": "+c.Value)
		}
		return f.row(e.ID, e.At, by, e.Actor.Address, e.Act, e.Object, line.Thing, strings.Join(told, "; "))
	}))
}

// ExportQuery is the filter of the page as its address has it, for the link that
// exports what it shows.
func (b base) ExportQuery() string {
	if at := strings.IndexByte(b.Here, '?'); at >= 0 {
		return b.Here[at:]
	}
	return ""
}
