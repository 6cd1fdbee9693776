package verify

import (
	"fmt"
	"slices"
	"strings"

	"blitiri.com.ar/go/spf"

	"postdesk/core"
)

// evidence is all that was found out about a mail's sender. Judging it is pure.
type evidence struct {
	domain     string // of the author, canonical
	dmarc      dmarcAnswer
	spf        spfAnswer
	signatures []signature
	passage    passage
}

// origin is the law of Origin (mail-law: words).
func (e evidence) origin() core.Origin {
	o := core.Origin{Verdict: core.Unproven, Domain: e.domain, SPF: e.spf.String(), DKIM: e.dkimWords()}
	signer, signed := e.alignedSigner()
	word, vouched := e.passage.vouches(e)
	doubt := e.doubt()
	switch {
	case signed:
		o.Verdict, o.Reason = core.Proven, fmt.Sprintf("signed by %s, matches the sender", signer)
	case e.spfAligned():
		o.Verdict, o.Reason = core.Proven, fmt.Sprintf("sent by a server that %s allows, matches the sender", e.spf.domain)
	case vouched:
		o.Verdict, o.Reason = core.Proven, fmt.Sprintf("%s, matches the sender", word)
	case doubt != "":
		o.Reason = fmt.Sprintf("it could not be found out whether %s sent this mail: %s", e.domain, doubt)
	case e.dmarc.policy == "quarantine" || e.dmarc.policy == "reject":
		o.Verdict = core.Refuted
		o.Reason = fmt.Sprintf("%s asks everyone to %s mail that it did not send, and nothing shows that it sent this one%s", e.domain, e.dmarc.policy, e.instead())
	default:
		o.Reason = fmt.Sprintf("nothing shows that %s sent this mail%s", e.domain, e.instead())
	}
	o.DMARC = e.dmarcWords(o.Verdict == core.Proven)
	return o
}

// alignedSigner is the domain of a passing signature that speaks for the author.
func (e evidence) alignedSigner() (string, bool) {
	for _, s := range e.signatures {
		if s.problem == "" && aligned(e.domain, s.domain, e.dmarc.strict.dkim) {
			return s.domain, true
		}
	}
	return "", false
}

func (e evidence) spfAligned() bool {
	return e.spf.result == spf.Pass && aligned(e.domain, e.spf.domain, e.dmarc.strict.spf)
}

// doubt tells in words what hid something that could have proven the sender.
// Trouble with a domain that could not have spoken for the author anyway does not
// count: whoever forges a mail chooses that domain.
func (e evidence) doubt() string {
	unanswered := e.dmarc.trouble ||
		e.spf.result == spf.TempError && aligned(e.domain, e.spf.domain, e.dmarc.strict.spf) ||
		slices.ContainsFunc(e.signatures, func(s signature) bool {
			return s.trouble && aligned(e.domain, s.domain, e.dmarc.strict.dkim)
		})
	if unanswered {
		return "a look-up that could have shown it got no answer"
	}
	return e.passage.doubt
}

// instead tells what does stand behind the mail, where something does.
func (e evidence) instead() string {
	for _, s := range e.signatures {
		if s.problem == "" {
			return fmt.Sprintf("; it is signed by %s, which does not speak for the sender", s.domain)
		}
	}
	if e.spf.result == spf.Pass {
		return fmt.Sprintf("; it came from a server that %s allows, which does not speak for the sender", e.spf.domain)
	}
	for _, s := range e.signatures {
		if aligned(e.domain, s.domain, e.dmarc.strict.dkim) {
			return fmt.Sprintf("; it has a signature in the name of %s that does not hold", s.domain)
		}
	}
	return ""
}

// dkimWords names the passing domains, else the failure nearest to the author.
func (e evidence) dkimWords() string {
	var passing []string
	for _, s := range e.signatures {
		if s.problem == "" && !slices.Contains(passing, s.domain) {
			passing = append(passing, s.domain)
		}
	}
	if len(passing) > 0 {
		return "pass " + strings.Join(passing, ", ")
	}
	if len(e.signatures) == 0 {
		return "none"
	}
	s := e.signatures[0]
	if i := slices.IndexFunc(e.signatures, func(s signature) bool { return aligned(e.domain, s.domain, false) }); i >= 0 {
		s = e.signatures[i]
	}
	result := "fail"
	if s.trouble {
		result = "temperror"
	}
	return strings.TrimSpace(result+" "+s.domain) + ": " + clip(s.problem, 120)
}

// clip keeps a library's sentence, which may quote the mail, fit for a panel.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s), "?")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (e evidence) dmarcWords(proven bool) string {
	word := "not aligned"
	if proven {
		word = "aligned"
	}
	switch {
	case e.dmarc.trouble:
		return "temperror, " + word
	case !e.dmarc.found:
		return "no record, " + word
	case e.dmarc.testing:
		return e.dmarc.policy + " while it is being tried out, " + word
	default:
		return e.dmarc.policy + ", " + word
	}
}
