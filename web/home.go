package web

import (
	"net/http"

	"postdesk/core"
)

type homePage struct {
	base
	Mailto core.Address
}

func (s *server) home(v *visit) error {
	b, err := s.page(v, v.t("Help Center"), "home")
	if err != nil {
		return err
	}
	mailto, err := s.desk.ContactAddress(v.ctx())
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "home", homePage{base: b, Mailto: mailto})
}
