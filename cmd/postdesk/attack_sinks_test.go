package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostileWords are markup in a text of a stranger, ended in every way that a page
// might begin.
const hostileWords = `"'></title></textarea></option><img src=x onerror=alert(1)><script>alert(1)</script>{{.}}`

// acts names the elements of a page that only a stranger can have made.
func acts(page *html.Node) (found []string) {
	if page == nil {
		return []string{"no page"}
	}
	for n := range page.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "script" && (attribute(n, "src") == "" || n.FirstChild != nil), n.Data == "img" && attribute(n, "src") == "x", n.Data == "x-mark":
			found = append(found, n.Data)
		default:
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
					found = append(found, n.Data+" "+a.Key)
				}
			}
		}
	}
	return found
}

// Reliability A17: the twelve places where words of a stranger end up.
func TestA17WordsOfAStrangerAreWordsWhereverTheyAreShown(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostileWords)
	m := s.file(letter{From: `"` + quoted + `" <cara@acme.test>`, Subject: "Subject " + hostileWords,
		Headers: []string{"X-Strange: header " + hostileWords, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"},
		Text: "--b\nContent-Type: text/plain\n\nbody " + hostileWords + "\nhttps://ok.test/\"onmouseover=alert(1)//<b> javascript:alert(1)\n" +
			"--b\nContent-Type: text/html\nContent-Disposition: attachment; filename=\"" + quoted + ".html\"\n\n<script>alert(1)</script>\n--b--\n"})
	suspended := s.filed(s.mail(letter{From: `"` + quoted + `" <sue@strict.test>`, Subject: "Held " + hostileWords, Text: hostileWords}))
	s.want("the forged one", suspended["status"], "SUSPENDED")
	s.owner.do("POST", path("/cases/%v/notes", m["case_id"]), object{"contents": "note " + hostileWords})
	person := s.owner.list("/users?email=cara@acme.test")[0]["id"]
	olga := s.signedIn("olga@desk.test")
	const shown = "<img src=x onerror=alert(1)>"
	for sink, at := range map[string]string{
		"subject, name, file name, plain text, note": path("/agent/conversations/%v", m["case_id"]),
		"list":          "/agent",
		"search result": "/agent?q=Subject",
		"person":        path("/agent/users/%v", person),
		"people":        "/agent/users",
		"mail":          path("/admin/mail/%v", m["id"]),
		"mail log":      "/admin/mail",
		"suspended":     "/agent/suspended",
		"held mail":     path("/agent/suspended/%v", suspended["id"]),
		"outgoing mail": "/admin/outbox",
	} {
		olga.open(at)
		s.want(sink+": status", olga.code, 200)
		if found := acts(olga.page); len(found) > 0 {
			t.Errorf("%s at %s has %v", sink, at, found)
		}
		s.want(sink+" shows the words", olga.says(shown), true)
	}
	olga.open(path("/agent/conversations/%v", m["case_id"]))
	s.want("browser title", title(olga.page) != "" && strings.Contains(title(olga.page), "Subject "), true)
	for _, part := range []string{"Subject \"'>", "body \"'>", "note \"'>", ".html"} {
		s.want("the conversation shows "+part, olga.says(part), true)
	}
	olga.open("/agent?q=" + "%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
	s.want("what was searched for", len(acts(olga.page)), 0)
	source, err := olga.http.Get("http://" + s.at.HTTP + path("/admin/mail/%v/source", m["id"]))
	if err != nil {
		t.Fatal(err)
	}
	_ = source.Body.Close()
	s.want("header shown", source.Header.Get("Content-Type")+source.Header.Get("X-Content-Type-Options"), "text/plain; charset=utf-8nosniff")
	s.want("header shown", strings.Contains(source.Header.Get("Content-Security-Policy"), "sandbox"), true)
	s.noticesAreWords()
	s.answersAreJSON(path("/cases/%v", m["case_id"]), path("/cases/%v/posts", m["case_id"]), "/mails", "/users")
}

func title(page *html.Node) string {
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "title" {
			return words(n)
		}
	}
	return ""
}

// noticesAreWords holds it for what is mailed: to the customer and to staff.
func (s *story) noticesAreWords() {
	s.t.Helper()
	for _, to := range []string{"cara@acme.test", "olga@desk.test"} {
		all := s.outbox(to)
		s.want("somebody mails "+to, len(all) > 0, true)
		for _, mail := range all {
			page, err := html.Parse(strings.NewReader(mail.HTML))
			if err != nil {
				s.t.Fatal(err)
			}
			if found := acts(page); len(found) > 0 {
				s.t.Errorf("a mail to %s has %v", to, found)
			}
			s.want("subject on one line", strings.ContainsAny(mail.Field("Subject"), "\r\n"), false)
		}
	}
}

// answersAreJSON holds it for the API, also for a browser that guesses.
func (s *story) answersAreJSON(paths ...string) {
	s.t.Helper()
	b := s.stranger()
	for _, at := range paths {
		r, err := b.http.Get("http://" + s.at.HTTP + "/api/v1" + at)
		if err != nil {
			s.t.Fatal(err)
		}
		s.want("a stranger at "+at, r.StatusCode, 401)
		_ = r.Body.Close()
		request, err := http.NewRequest("GET", "http://"+s.at.HTTP+"/api/v1"+at, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+s.owner.token)
		answer, err := b.http.Do(request)
		if err != nil {
			s.t.Fatal(err)
		}
		raw, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		s.want(at+": type", strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json"), true)
		s.want(at+": nosniff", answer.Header.Get("X-Content-Type-Options"), "nosniff")
		s.want(at+": no bare bracket", strings.Contains(string(raw), "<"), false)
		s.want(at+": the words", strings.Contains(string(raw), `onerror=alert(1)`), true)
	}
}
