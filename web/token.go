package web

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type tokensPage struct {
	base
	Tokens     []core.APIToken
	Name, Days string // as typed
	Secret     string // just made, shown once
	AsksCode   bool
}

func (s *server) tokens(v *visit) error {
	return s.showTokens(v, http.StatusOK, tokensPage{Days: "365"}, nil)
}

func (s *server) showTokens(v *visit, status int, p tokensPage, f faults) (err error) {
	if p.Tokens, err = s.desk.APITokens(v.ctx(), v.actor); err != nil {
		return err
	}
	recent, err := s.desk.SecondFactorRecent(v.ctx(), v.actor, s.current(v.ctx()))
	if err != nil {
		return err
	}
	p.AsksCode = !recent
	if p.base, err = s.page(v, v.t("API tokens"), "profile"); err != nil {
		return err
	}
	p.Faults = f
	v.w.Header().Set("Cache-Control", "no-store")
	return s.render(v, status, "tokens", p)
}

// createToken shows the token once, on the answer to the POST.
func (s *server) createToken(v *visit) error {
	p := tokensPage{Name: v.field("name"), Days: v.field("days")}
	secret, err := s.makeToken(v, p)
	if f, status, ok := faultsOf(err); ok {
		return s.showTokens(v, status, p, f)
	}
	if err != nil {
		return err
	}
	return s.showTokens(v, http.StatusOK, tokensPage{Days: "365", Secret: secret}, nil)
}

func (s *server) makeToken(v *visit, p tokensPage) (string, error) {
	days, err := strconv.Atoi(firstOf(p.Days, "0"))
	if err != nil {
		return "", core.Invalid{Field: "days", Code: core.CodeInvalid, Problem: "A whole number is needed, or nothing."}
	}
	if code := v.field("code"); code != "" {
		err := s.desk.RenewSecondFactor(v.ctx(), v.actor, s.current(v.ctx()), code, clientOf(v.r))
		if f, _, ok := faultsOf(err); ok {
			return "", core.Invalid{Field: "code", Code: core.CodeInvalid, Problem: f[""].Problem}
		}
		if err != nil {
			return "", err
		}
	}
	return s.desk.CreateAPIToken(v.ctx(), v.actor, s.current(v.ctx()), core.NewToken{Name: p.Name, Days: days})
}

func (s *server) endToken(v *visit) error {
	err := s.desk.EndAPIToken(v.ctx(), v.actor, chi.URLParam(v.r, "handle"))
	return v.after(err, "/profile/tokens", "token-ended", func(status int, f faults) error {
		return s.showTokens(v, status, tokensPage{Days: "365"}, f)
	})
}

// endTokenOf ends a token of a colleague.
func (s *server) endTokenOf(v *visit) error {
	return s.onUser(v, "token-ended", nil, func(id core.UserID) error {
		return s.desk.EndAPITokenOf(v.ctx(), v.actor, id, chi.URLParam(v.r, "handle"))
	})
}

// userSecurity is what admins see of how somebody signs in.
type userSecurity struct {
	Shown     bool
	TwoFactor bool
	MayReset  bool
	Tokens    []core.APIToken
}

func (s *server) userSecurity(v *visit, u core.User) (sec userSecurity, err error) {
	if v.actor.Can(core.DoAdminister) != nil || v.actor.MayEdit(u.Role) != nil || u.Deleted {
		return sec, nil
	}
	sec.Shown = true
	use, err := s.desk.WhoUsesTwoFactors(v.ctx(), v.actor, []core.UserID{u.ID})
	if err != nil {
		return sec, err
	}
	sec.TwoFactor = use[u.ID]
	sec.MayReset = sec.TwoFactor && u.Role.Rank() < v.actor.Role.Rank()
	if u.Role.Staff() {
		sec.Tokens, err = s.desk.APITokensOf(v.ctx(), v.actor, u.ID)
	}
	return sec, err
}
