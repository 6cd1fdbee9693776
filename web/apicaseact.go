package web

import (
	"net/http"

	"postdesk/core"
)

// splitCase answers with the new case.
func (a *api) splitCase(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	var form struct {
		PostID        core.PostID `json:"post_id"`
		WithFollowing bool        `json:"with_following"`
		Subject       string      `json:"subject"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	made, err := a.desk.Split(c.ctx(), c.actor, id, core.SplitForm{Post: form.PostID, Rest: form.WithFollowing, Subject: form.Subject})
	if err != nil {
		return apiAnswer{}, err
	}
	answer, err := a.caseNow(c, made)
	answer.status = http.StatusCreated
	return answer, err
}

// caseAct makes a handler of something that is done to a case.
func (a *api) caseAct(do func(c *apiCall, id core.ConversationID) error) func(*apiCall, core.ConversationID) (apiAnswer, error) {
	return func(c *apiCall, id core.ConversationID) (apiAnswer, error) {
		if err := do(c, id); err != nil {
			return apiAnswer{}, err
		}
		return a.caseNow(c, id)
	}
}

func (a *api) unmergeCase(c *apiCall, id core.ConversationID) error {
	return a.desk.Unmerge(c.ctx(), c.actor, id)
}

func (a *api) trashCase(c *apiCall, id core.ConversationID) error {
	return a.desk.Trash(c.ctx(), c.actor, id)
}

func (a *api) restoreCase(c *apiCall, id core.ConversationID) error {
	return a.desk.Restore(c.ctx(), c.actor, id)
}

func (a *api) changeTags(c *apiCall, id core.ConversationID) error {
	var form struct {
		Add    []string `json:"add"`
		Remove []string `json:"remove"`
	}
	if err := c.decode(&form); err != nil {
		return err
	}
	return a.desk.ChangeTags(c.ctx(), c.actor, id, form.Add, form.Remove)
}

type tagJSON struct {
	Name string `json:"name"`
}

// usedTags gives the commonest tags.
func (a *api) usedTags(c *apiCall) (apiAnswer, error) {
	beginning, err := c.query("q")
	if err != nil {
		return apiAnswer{}, err
	}
	tags, err := a.desk.UsedTags(c.ctx(), c.actor, beginning)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("tag", tags, len(tags), func(tag string) tagJSON { return tagJSON{tag} })
}
