package main

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Mail cases about people: T105, T106, T109 and T112 (T108 is
// TestADisabledCustomersMailIsSuspendedAndTheirConversationsStay).

func TestT105WhoOnlySaysToBeOfACompanyJoinsItOnceTheAddressIsVerified(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	acme := s.owner.do("POST", "/organizations", object{"name": "Acme", "domains": []string{"acme.test", "unproven.test"}})
	organization := func(email string) any { return s.owner.list("/users?email=" + email)[0]["organization_id"] }
	s.want("rule", s.file(letter{From: "New <new@sales.acme.test>", EnvelopeFrom: "new@acme.test", Text: "Hello."})["rule"], "new")
	s.file(letter{From: "new@acme.test", Text: "Hello."})
	s.want("proven: the organization", organization("new@acme.test"), acme["id"])
	s.want("unproven: who is mailed", s.sends(func() { s.file(letter{From: "carl@unproven.test", Text: "Hello."}) }), "[olga@desk.test]")
	s.want("unproven: the organization", organization("carl@unproven.test"), nil)
	// Carl asks for a password himself; only he reads what is mailed there.
	carl := s.stranger()
	carl.accept(s.resetFor("carl@unproven.test"))
	s.want("his conversations", carl.at.Path, "/conversations")
	s.want("verified: the organization", organization("carl@unproven.test"), acme["id"])
}

func TestT106ADomainAtWhichEverybodyHasMailBelongsToNoOrganization(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	olga := s.signedIn("olga@desk.test")
	olga.post("/agent/organizations", url.Values{"name": {"Acme"}, "domains": {"acme.test gmail.com"}})
	s.want("the form comes back", olga.code, 400)
	s.want("and names it", olga.says("gmail.com"), true)
	status, o := s.owner.try("POST", "/organizations", object{"name": "Acme", "domains": []string{"GMAIL.com"}})
	s.want("by the API", path("%v %v", status, o["errors"].([]any)[0].(object)["parameter"]), "400 domains")
	s.want("organizations", len(s.owner.list("/organizations")), 0)
	s.file(letter{From: "x@gmail.com", Text: "Hello."})
	s.want("of x@gmail.com", s.owner.list("/users?email=x@gmail.com")[0]["organization_id"], nil)
}

func TestT109OneAddressIsOnePersonWhoeverMakesThemAndWhen(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@desk.test", "Abe Agent")
	cara := s.owner.do("POST", "/users", object{"email": "cara@acme.test", "full_name": "Cara"})
	s.owner.do("POST", path("/users/%v/identities", cara["id"]), object{"email": "cara@bücher.test"})
	s.owner.do("POST", path("/users/%v/disable", cara["id"]), nil)
	abe := s.signedIn("abe@desk.test")
	for _, taken := range []string{"cara@acme.test", "CARA@Acme.TEST", "Cara@xn--bcher-kva.test", "cara@BÜCHER.test", "cara@acme.test.", " cara@acme.test "} {
		abe.open("/agent/users/new")
		abe.submit("/agent/users/new", url.Values{"email": {taken}})
		s.want(taken+" is made again", abe.code, 400)
		s.want(taken+": the sentence", abe.says("The value of the field is already used for another resource"), true)
		s.want(taken+": the way to whose it is", strings.Contains(abe.text, path(`href="/agent/users/%v"`, cara["id"])), true)
		status, o := s.owner.try("POST", "/users", object{"email": taken})
		s.want(taken+" by the API", path("%v %v", status, o["errors"].([]any)[0].(object)["code"]), "400 FIELD_DUPLICATE")
	}
	// Agents at once, and a first mail among them.
	for i := range 4 {
		email := fmt.Sprintf("race%d@acme.test", i)
		made := make([]int, 6)
		var all sync.WaitGroup
		for n := range made {
			all.Go(func() { made[n], _ = s.owner.try("POST", "/users", object{"email": email}) })
		}
		id := s.mail(letter{From: email, Text: "Hello."})
		all.Wait()
		m := s.filed(id)
		yes := 0
		for _, status := range made {
			if status == 201 {
				yes++
			} else {
				s.want(email+": the others", status, 400)
			}
		}
		s.want(email+": made by more than one", yes > 1, false)
		people := s.owner.list("/users?email=" + email)
		s.want(email+": people", len(people), 1)
		s.want(email+": their conversation", s.conversation(m["case_id"])["requester"].(object)["id"], people[0]["id"])
	}
}

func TestT112OnlyTheNewestInviteOpensTheAccountOnceWithItsRoleAndTeams(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	team := s.owner.do("POST", "/teams", object{"title": "Toner"})
	s.file(letter{From: "cara@acme.test", Text: "Hello."})
	// An address that is a customer's already: whose, and nothing made of the rest.
	status, o := s.owner.try("POST", "/invites", object{"invitees": []object{{"full_name": "Zoe", "email": "zoe@desk.test", "role": "AGENT"}, {"full_name": "Cara", "email": "CARA@acme.test", "role": "COLLABORATOR"}}})
	fault := o["errors"].([]any)[0].(object)
	s.want("a customer's address", path("%v %v %v %v", status, fault["code"], fault["parameter"], fault["message"]),
		"400 FIELD_DUPLICATE invitees[1].email The value of the field is already used for another resource")
	s.want("nobody is invited", len(s.owner.list("/users?email=zoe@desk.test")), 0)

	s.owner.do("POST", "/invites", object{"invitees": []object{{"full_name": "Zoe", "email": "zoe@desk.test", "role": "AGENT", "team_ids": []any{team["id"]}}}})
	first := s.linkTo("zoe@desk.test", "/accept/")
	zoe := s.owner.list("/users?email=zoe@desk.test")[0]
	s.want("invited", path("%v %v %v", zoe["role"], zoe["is_enabled"], zoe["has_password"]), "AGENT false false")
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/users/%v", zoe["id"]))
	olga.submit(path("/agent/users/%v/send-link", zoe["id"]), nil)
	s.quiet()
	mails := s.outbox("zoe@desk.test")
	second := mails[len(mails)-1].Links()[0]
	s.want("re-sent", first != second, true)

	gone := func(what, link string) {
		s.t.Helper()
		b := s.stranger()
		b.open(link)
		s.want(what, b.code, 410)
		s.want(what+" says what to do", b.says("Ask for a new one."), true)
		b.post(b.at.Path, url.Values{"password": {password}, "name": {"Zoe"}})
		s.want(what+", pressed", b.code, 410)
	}
	gone("the older link", first)
	s.sql(`update links set expires_at = expires_at - interval '8 days' where consumed_at is null`)
	gone("the link after a week", second)
	olga.open(path("/agent/users/%v", zoe["id"]))
	olga.submit(path("/agent/users/%v/send-link", zoe["id"]), nil)
	s.quiet()
	mails = s.outbox("zoe@desk.test")
	third := mails[len(mails)-1].Links()[0]
	b := s.stranger()
	b.open(third)
	b.submit(b.at.Path, url.Values{"password": {password}, "name": {"Zoe Agent"}})
	s.want("leads to", b.at.Path, "/agent")
	gone("the link a second time", third)
	zoe = s.owner.list("/users?email=zoe@desk.test")[0]
	s.want("accepted", path("%v %v %v %v", zoe["role"], zoe["is_enabled"], zoe["has_password"], zoe["team_ids"]), path("AGENT true true [%v]", team["id"]))
	s.want("sign-in", s.signedIn("zoe@desk.test").at.Path, "/agent")
}
