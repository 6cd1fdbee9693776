package main

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestWhatCannotBeReadOfAMailIsToldAboveIt(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	olga := s.signedIn("olga@desk.test")
	cms := base64.StdEncoding.EncodeToString([]byte("\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x02\x30\x00"))
	parts := func(sub string, parts ...string) string {
		return "Content-Type: multipart/" + sub + "; boundary=b\r\n\r\n--b\r\n" + strings.Join(parts, "\r\n--b\r\n") + "\r\n--b--\r\n"
	}
	for name, c := range map[string]struct{ mail, says, file string }{
		"smime":      {"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + cms + "\r\n", "This mail is encrypted and cannot be read here.", "smime.p7m"},
		"pgp":        {parts("encrypted; protocol=\"application/pgp-encrypted\"", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", "Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----"), "This mail is encrypted and cannot be read here.", "encrypted.asc"},
		"inline":     {"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n-----END PGP MESSAGE-----\r\n", "This mail is encrypted and cannot be read here.", "encrypted.asc"},
		"signed":     {parts("signed; protocol=\"application/pgp-signature\"", "\r\nsigned words", "Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nabc"), "Signature not verified", "signature.asc"},
		"winmail":    {parts("mixed", "\r\nsee the file", "Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nbroken"), "Part of this mail could not be unwrapped.", "winmail.dat"},
		"invitation": {"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Talk\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "When: Monday, 5 January 2026, 10:00 UTC", "invite.ics"},
	} {
		m := s.octets(name+"@acme.test", "From: Cara <"+name+"@acme.test>\r\nSubject: Secret\r\n"+c.mail)
		s.want(name+": rule", m["rule"], "new")
		olga.open(path("/agent/conversations/%v", m["case_id"]))
		s.want(name+": the page says so", olga.says(c.says), true)
		s.want(name+": the original is there", olga.says(c.file), true)
	}
}

func TestAnAnswerToAnInvitationIsAQuietEvent(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	m := s.file(letter{From: "cara@acme.test", Text: "Shall we talk?"})
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "Yes, on Monday.", "status": "CLOSED"})
	reply := s.got("cara@acme.test", "Yes, on Monday.")
	answered := answer(reply, "cara@acme.test", "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:Talk\nATTENDEE;PARTSTAT=ACCEPTED:mailto:cara@acme.test\nEND:VEVENT\nEND:VCALENDAR")
	answered.Headers = append(answered.Headers, "Content-Type: text/calendar; method=REPLY")
	s.quiet()
	s.want("who is mailed", s.sends(func() {
		s.want("what became of it", s.file(answered)["rule"], "auto_reply")
	}), "[]")
	s.want("it stays closed", s.conversation(m["case_id"])["status"], "CLOSED")
}
