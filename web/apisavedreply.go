package web

import (
	"errors"
	"net/http"
	"time"

	"postdesk/core"
)

type savedReplyJSON struct {
	ID         core.SavedReplyID `json:"id"`
	Name       string            `json:"name"`
	Contents   string            `json:"contents"`
	Language   string            `json:"language"`
	Visibility string            `json:"visibility"`
	TeamID     *core.TeamID      `json:"team_id"`
	Owner      *personJSON       `json:"owner"`
	UpdatedAt  time.Time         `json:"updated_at"`
}

func savedReplyOf(r core.SavedReply) savedReplyJSON {
	return savedReplyJSON{r.ID, r.Name, r.Text, r.Language, upper(r.Visibility), ref(r.Team), somebody(r.Owner), r.UpdatedAt.UTC()}
}

func (a *api) savedReplies(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.SavedReplies(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("saved_reply", pageOf(all, page), len(all), savedReplyOf)
}

func (a *api) savedReply(c *apiCall, id core.SavedReplyID) (apiAnswer, error) {
	r, err := a.desk.SavedReply(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("saved_reply", savedReplyOf(r))
}

func (a *api) createSavedReply(c *apiCall) (apiAnswer, error) {
	answer, err := a.keepReply(c, 0, core.SavedReply{})
	answer.status = http.StatusCreated
	return answer, err
}

// updateSavedReply changes the fields that are given.
func (a *api) updateSavedReply(c *apiCall, id core.SavedReplyID) (apiAnswer, error) {
	was, err := a.desk.SavedReply(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return a.keepReply(c, id, was)
}

func (a *api) keepReply(c *apiCall, id core.SavedReplyID, was core.SavedReply) (apiAnswer, error) {
	form := struct {
		Name       string      `json:"name"`
		Contents   string      `json:"contents"`
		Language   string      `json:"language"`
		Visibility *string     `json:"visibility"`
		TeamID     core.TeamID `json:"team_id"`
	}{was.Name, was.Text, was.Language, nil, was.Team}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	visibility := was.Visibility
	if form.Visibility != nil {
		visibility = *lower[string](form.Visibility)
	}
	id, err := a.desk.SaveReply(c.ctx(), c.actor, id, core.SavedReplyForm{Name: form.Name, Text: form.Contents, Language: form.Language,
		Visibility: visibility, Team: form.TeamID})
	if err != nil {
		var invalid core.Invalid
		if errors.As(err, &invalid) && invalid.Field == "text" {
			invalid.Field = "contents"
			err = invalid
		}
		return apiAnswer{}, err
	}
	return a.savedReply(c, id)
}

func (a *api) deleteSavedReply(c *apiCall, id core.SavedReplyID) (apiAnswer, error) {
	if err := a.desk.DeleteReply(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return found("saved_reply", rowJSON[core.SavedReplyID]{id})
}
