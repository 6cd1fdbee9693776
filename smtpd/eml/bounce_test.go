package eml

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

const fromDaemon = "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.acme.test>\nTo: bounce@desk.test\nSubject: Undelivered Mail Returned to Sender\n"

// statusReport is a delivery report with that delivery-status body.
func statusReport(status string) string {
	return fromDaemon + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nYour mail could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n" +
		status + "\n--b\nContent-Type: message/rfc822\n\nFrom: support@desk.test\nReferences: <a@desk.test>\nSubject: [#42]\n\nwords\n--b--\n"
}

func TestReportsSayWhoWasNotReached(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ mail, want string }{
		"failed": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n no such user"),
			"failed [cara@acme.test] [5.1.1] permanent"},
		"delayed": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: delayed\nStatus: 4.4.1"),
			"delayed [cara@acme.test] [4.4.1]"},
		"delivered": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: delivered\nStatus: 2.0.0"),
			"delivered [] [2.0.0]"},
		"relayed": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: relayed\nStatus: 2.1.9"),
			"relayed [] [2.1.9]"},
		"one failed of two": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@acme.test\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; <b@acme.test>\nAction: failed (too bad)\nStatus: 5.2.2 (full)"),
			"failed [b@acme.test] [5.2.2] permanent"},
		"timed out": {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 4.4.7"),
			"failed [cara@acme.test] [4.4.7]"},
		"no fields": {statusReport("nothing here"), "failed [] [] permanent"},
		"qmail": {"From: MAILER-DAEMON@mx.acme.test\nTo: support@desk.test\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.acme.test.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<cara@acme.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown user\n\n--- Below this line is a copy of the message.\n\nReceived: x\nTo: <other@acme.test>\n",
			"failed [cara@acme.test] [5.1.1] permanent"},
		"Exchange": {"From: System Administrator <postmaster@acme.test>\nTo: support@desk.test\nSubject: Undeliverable: Your request\n\nYour message did not reach some or all of the intended recipients.\n\nThe following recipient(s) cannot be reached:\n\n      cara@acme.test on 05.01.2026 10:00\n            The e-mail account does not exist. <mx.acme.test #5.1.1>\n",
			"failed [cara@acme.test] [5.1.1] permanent"},
		"Exim": {"From: Mail Delivery System <Mailer-Daemon@mx.acme.test>\nX-Failed-Recipients: cara@acme.test\nTo: support@desk.test\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n  cara@acme.test\n    SMTP error: 452 over quota\n",
			"failed [cara@acme.test] []"},
		"Exim, delayed": {"From: Mail Delivery System <Mailer-Daemon@mx.acme.test>\nTo: support@desk.test\nSubject: Warning: message 1 delayed 24 hours\n\nA message that you sent has not yet been delivered to:\n\n  cara@acme.test\n\nNo action is required on your part.\n",
			"delayed [cara@acme.test] []"},
		"German": {"Return-Path: <>\nFrom: postmaster@acme.test\nTo: support@desk.test\nSubject: Unzustellbar: Hallo\n\nDie Nachricht konnte nicht zugestellt werden:\n\ncara@acme.test\n550 5.1.1 unbekannt\n",
			"failed [cara@acme.test] [5.1.1] permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Parse(crlf(c.mail))
			sound(t, l)
			if l.Kind != core.KindReport || l.Report == nil || !l.Unanswerable {
				t.Fatalf("kind %s", l.Kind)
			}
			r := l.Report
			got := fmt.Sprint(r.Action, " ", r.FailedRecipients, " ", r.Status)
			if r.Permanent {
				got += " permanent"
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if r.Text == "" {
				t.Error("no reason")
			}
		})
	}
}

func TestComplaintsReceiptsAndPeopleAreNoDeliveryReports(t *testing.T) {
	t.Parallel()
	part := func(root, typ, body string) string {
		return root + "; boundary=b\n\n--b\n\nwords that could not be delivered\n--b\nContent-Type: " + typ + "\n\n" + body + "\n--b--\n"
	}
	complaint := Parse(crlf(part("From: fbl@isp.test\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report", "message/feedback-report", "Feedback-Type: abuse\nOriginal-Rcpt-To: <cara@acme.test>")))
	if complaint.Kind != core.KindReport || !complaint.Report.Feedback || complaint.Report.Action != "" || fmt.Sprint(complaint.Report.FailedRecipients) != "[cara@acme.test]" {
		t.Errorf("complaint: %s %+v", complaint.Kind, complaint.Report)
	}
	receipt := Parse(crlf(part("From: cara@acme.test\nSubject: Read: hi\nContent-Type: multipart/report; report-type=disposition-notification", "message/disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed")))
	if receipt.Kind != core.KindAutoReply || receipt.Report != nil {
		t.Errorf("receipt: %s", receipt.Kind)
	}
	for name, mail := range map[string]string{
		"a forwarded report":          part("From: cara@acme.test\nSubject: what is this?\nContent-Type: multipart/mixed", "message/delivery-status", "Reporting-MTA: x\n\nFinal-Recipient: rfc822; a@x.test\nAction: failed\nStatus: 5.1.1"),
		"words about a bounce":        "From: cara@acme.test\nSubject: Mail delivery failed\n\nMy mail to you could not be delivered, 550 user unknown.\n",
		"a postmaster asks":           "From: postmaster@acme.test\nSubject: Question on your relay\n\nYour server rejected us with 550 5.7.1, why?\n",
		"an answer to a bounce":       "From: cara@acme.test\nSubject: Re: Undelivered Mail Returned to Sender\n\nI got this. 550 5.1.1\n",
		"a forwarded mail of a human": part("From: cara@acme.test\nSubject: Fwd: x\nContent-Type: multipart/mixed", "message/rfc822", "From: MAILER-DAEMON@x.test\nSubject: failure notice"),
	} {
		if l := Parse(crlf(mail)); l.Kind == core.KindReport || l.Report != nil {
			t.Errorf("%s: %s", name, l.Kind)
		}
	}
}

func TestStatusCodesAreNotVersionsOrAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"550 5.1.1 no":           "[5.1.1]",
		"(#4.4.1)":               "[4.4.1]",
		"5.1.1; 5.7.26":          "[5.1.1 5.7.26]",
		"192.5.1.1 at 5.1.1.9":   "[]",
		"version 15.2.3":         "[]",
		"5.1":                    "[]",
		"5.1.1":                  "[5.1.1]",
		"said 5.1.1.":            "[5.1.1]",
		"5.1.1234 5.1234.1":      "[]",
		strings.Repeat("5.", 99): "[]",
	} {
		if got := fmt.Sprint(statusCodes(in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
