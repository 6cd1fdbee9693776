package eml

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestAReadingHasTheKeysThatOthersRelyOn(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`file subject from_name from_address to cc message_id in_reply_to references text html_present attachments
		reply_text elided_text kind autoreply is_bounce failed_recipients status permanent dsn_kind is_feedback_report defects`)
	for _, raw := range []string{"", "From: a@x.test\r\n\r\nwords\r\n"} {
		out, err := json.Marshal(Read("a.eml", []byte(raw)))
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]any
		if err := json.Unmarshal(out, &keys); err != nil {
			t.Fatal(err)
		}
		for _, k := range want {
			if v, ok := keys[k]; !ok || v == nil {
				t.Errorf("%q: %s is %v", raw, k, v)
			}
			delete(keys, k)
		}
		if len(keys) > 0 {
			t.Errorf("unknown keys %v", keys)
		}
	}
}

func TestAReadingTellsRepliesFilesAndBounces(t *testing.T) {
	t.Parallel()
	v := Read("a.eml", crlf("From: Cara <a@x.test>\nTo: b@y.test\nIn-Reply-To: <1@y.test>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nYes.\n\n> Really?\n--b\nContent-Disposition: attachment; filename=a.txt\n\none\ntwo\n\n--b--\n"))
	if v.ReplyText != "Yes." || v.ElidedText != "> Really?" || v.FromName != "Cara" || v.InReplyTo != "1@y.test" || !slices.Equal(v.To, []string{"b@y.test"}) || v.AutoReply || v.IsBounce {
		t.Errorf("%+v", v)
	}
	digest := func(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) }
	if a := v.Attachments[0]; a.Filename != "a.txt" || a.Size != 10 || a.SHA256 != digest("one\r\ntwo\r\n") || a.SHA256LF != digest("one\ntwo") {
		t.Errorf("%+v", a)
	}
	bounce := Read("b.eml", crlf(statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: delayed\nStatus: 4.4.1")))
	if !bounce.IsBounce || bounce.DSNKind != "delayed" || bounce.Permanent || bounce.AutoReply || !slices.Equal(bounce.FailedRecipients, []string{"cara@acme.test"}) || !slices.Equal(bounce.Status, []string{"4.4.1"}) {
		t.Errorf("%+v", bounce)
	}
	if v := Read("c.eml", crlf(statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: delivered"))); v.IsBounce || v.DSNKind != "delivered" {
		t.Errorf("delivered: %+v", v)
	}
}
