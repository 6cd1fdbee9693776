package main

import "testing"

// The ways of the Help Center: a stranger searches and writes, a customer asks and
// answers, a collaborator improves what is written.

// library is a published article and a draft.
func (s *story) library() (published, draft object) {
	s.t.Helper()
	category := s.owner.do("POST", "/categories", object{"title": "Printers"})
	section := s.owner.do("POST", "/sections", object{"title": "Paper", "category_id": category["id"]})
	published = s.owner.do("POST", "/articles", object{"title": "Paper jams", "section_id": section["id"], "body": "Open the rear tray.\n\n## Then\n\nPull the paper."})
	s.owner.do("POST", path("/articles/%v/publish", published["id"]), object{})
	draft = s.owner.do("POST", "/articles", object{"title": "Toner", "section_id": section["id"], "body": "Shake the quillfeather."})
	return published, draft
}

func TestAStrangerFindsAnArticleAndWritesByTheForm(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.library()
		eve := s.tab(here)
		eve.open("/")
		eve.fill("Search the Help Center", "papr jams") // mistyped
		eve.follow("Search")
		eve.follow("Paper jams")
		eve.sees("Pull the paper.")
		eve.isFit()
		eve.follow("Yes")
		eve.sees("Good to know that it helped.")
		eve.open("/search?q=quillfeather")
		eve.seesNot("Toner")

		eve.open("/contact")
		eve.fill("Email address", "eve@other.test")
		eve.fill("Subject", "No answer there")
		eve.fill("Message", "It jams without paper.")
		eve.isFit()
		eve.follow("Send")
		eve.sees("will answer by mail")
		s.eventually("it is filed", func() bool { return len(s.owner.list("/cases")) == 1 })
		s.owner.do("POST", path("/cases/%v/reply", s.owner.list("/cases")[0]["id"]), object{"contents": "Is the sensor clean?"})
		s.got("eve@other.test", "Is the sensor clean?")
	}, desktop, phone, plain)
}

func TestACustomerAsksAndAnswersInThePortal(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.library()
		s.person("customer", "cara@acme.test", "Cara Customer")
		cara := s.tab(here)
		cara.signIn("cara@acme.test")
		cara.isAt("/conversations")
		cara.open("/conversations/new")
		cara.fill("Subject", "Paper jams")
		cara.fill("Message", "It jams without paper.")
		cara.follow("Send")
		cara.sees("Does one of these answer it?")
		cara.holds("Message", "It jams without paper.")
		cara.isFit()
		cara.follow("No, send my question")
		cara.sees("It jams without paper.")
		at := cara.path()

		asked := s.owner.list("/cases")[0]["id"]
		s.owner.do("POST", path("/cases/%v/notes", asked), object{"contents": "She is a wombat."})
		s.owner.do("POST", path("/cases/%v/reply", asked), object{"contents": "Is the sensor clean?"})
		cara.open(at)
		cara.sees("Is the sensor clean?")
		cara.seesNot("wombat")
		cara.fill("Your answer", "It is now, and it prints.")
		cara.follow("Send")
		cara.sees("It is now, and it prints.")
		cara.isFit()
		cara.follow("Mark as completed")
		s.want("the status", s.conversation(asked)["status"], "COMPLETED")
	}, desktop, phone)
}

func TestACollaboratorImprovesADraftAndProposesAChange(t *testing.T) {
	on(t, func(s *story, here screen) {
		published, draft := s.library()
		s.person("collaborator", "mia@partner.test", "Mia Expert")
		mia, olga := s.tab(here), s.tab(here)
		mia.signIn("mia@partner.test")
		mia.open(path("/agent/helpcenter/articles/%v", draft["id"]))
		s.want("Mia may publish", mia.has("Save and publish"), false)
		mia.fill("Text, in Markdown", "Shake the toner.")
		olga.signIn("olga@desk.test")
		olga.open(path("/agent/helpcenter/articles/%v", draft["id"]))
		olga.fill("Text, in Markdown", "Warm the toner.")
		mia.follow("Save draft")
		olga.refused(409, "Save draft") // neither text is lost
		olga.sees("Warm the toner.")
		olga.sees("Shake the toner.")
		olga.isFit()

		mia.open(path("/agent/helpcenter/articles/%v", published["id"]))
		mia.fill("Text, in Markdown", "Open the front tray.")
		mia.follow("Propose")
		stranger := s.tab(here)
		stranger.open(path("/articles/%v-paper-jams", published["id"]))
		stranger.sees("Open the rear tray.")
		stranger.seesNot("front")
		judge := s.tab(here) // where nothing is typed that leaving would lose
		judge.signIn("olga@desk.test")
		judge.open("/agent/helpcenter?view=proposals")
		judge.follow("Paper jams")
		judge.sees("Open the front tray.")
		judge.isFit()
	}, desktop, phone)
}
