package web

import (
	"net/http"

	"postdesk/core"
)

type tagsPage struct {
	base
	Tags    []core.TagUse
	Sought  string
	Tag, To string // of a form that came back
	Merge   bool   // To is another tag: sent again, the two become one
}

func (s *server) allTags(v *visit) error {
	return s.showTags(v, http.StatusOK, tagsPage{Sought: v.query("q")}, nil)
}

func (s *server) showTags(v *visit, status int, p tagsPage, f faults) (err error) {
	if p.Tags, err = s.desk.Tags(v.ctx(), v.actor, p.Sought); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Tags", "settings"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "tags", p)
}

// actOnTag renames a tag or takes it off everywhere. That another one has the new
// name is said first.
func (s *server) actOnTag(v *visit) error {
	p := tagsPage{Tag: v.field("tag"), To: v.field("to")}
	var err error
	switch v.field("do") {
	case "rename":
		_, err = s.desk.RenameTag(v.ctx(), v.actor, p.Tag, p.To, v.field("merge") == p.To && p.To != "")
	case "delete":
		_, err = s.desk.DeleteTag(v.ctx(), v.actor, p.Tag)
	default:
		return core.ErrNotFound
	}
	return v.after(err, "/admin/tags", "tags", func(status int, f faults) error {
		p.Merge = f["to"].Problem != ""
		return s.showTags(v, status, p, f)
	})
}
