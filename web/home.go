package web

import "postdesk/core"

type homePage struct {
	helpBase
	Home   core.HelpHome
	Mailto core.Address
}

// Bare tells that there is nothing to read: the page leads to those who answer.
func (p homePage) Bare() bool { return len(p.Home.Recent) == 0 && len(p.Home.Categories) == 0 }

func (s *server) home(v *visit) (err error) {
	p := homePage{}
	if p.Home, err = s.desk.HelpHome(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Mailto, err = s.desk.ContactAddress(v.ctx()); err != nil {
		return err
	}
	if p.helpBase, err = s.helpPage(v, v.t("Help Center"), "/"); err != nil {
		return err
	}
	p.Description = v.t("Answers and guides of {desk}, and the way to the people who help.", "desk", p.Instance)
	return s.showHelp(v, "home", p)
}
