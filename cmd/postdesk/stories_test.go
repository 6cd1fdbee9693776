package main

import "testing"

func TestFirstContactMakesACustomerAndAConversation(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	id := s.mail(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	m := s.filed(id)
	s.want("status", m["status"], "SUCCESS")
	s.want("rule", m["rule"], "new")
	s.want("origin", m["origin"], "PROVEN")

	users := s.owner.list("/users?email=cara@acme.test")
	s.want("customers", len(users), 1)
	s.want("name", users[0]["full_name"], "Cara Customer")
	s.want("role", users[0]["role"], "CUSTOMER")
	c := s.owner.do("GET", path("/cases/%v", m["case_id"]), nil)
	s.want("subject", c["subject"], "My printer")
	s.want("status", c["status"], "NEW")
	posts := s.owner.list(path("/cases/%v/posts", m["case_id"]))
	s.want("posts", len(posts), 1)
	s.want("text", posts[0]["contents"], "It does not print.")

	s.quiet()
	s.want("one automatic mail", len(s.sink.To("cara@acme.test")), 1)
}
