package core

import (
	"slices"
	"strings"
	"testing"

	"postdesk/core/language"
)

// TestTheLinesOfANoticeAreKnownInEachLanguage: where an agent's program quotes a
// notice without a sign, its lines are cut off and reach no customer.
func TestTheLinesOfANoticeAreKnownInEachLanguage(t *testing.T) {
	t.Parallel()
	for _, tag := range language.All() {
		for _, kind := range []TextKind{TextMessage, TextNote} {
			o := &Outgoing{Purpose: PurposeStaffNotice, Notice: NoticeKind(kind), Language: tag, Author: "Cara Customer",
				Where: tag.Say("conversation #{number}", "number", 42), From: NamedAddress{Address: "support@desk.test"},
				Text: "words", Page: "https://desk.test/agent/conversations/42"}
			said, ok := o.Said()
			if !ok {
				t.Fatal(kind)
			}
			known := 0
			for _, p := range slices.Concat(said.Main, said.Small) {
				for _, line := range p {
					text := line.Label
					if text != "" {
						text += ":"
					} else {
						for _, s := range line.Spans {
							text += s.Text
						}
					}
					if noticeLine.MatchString(squeezeSpace(text)) {
						known++
					} else if line.Kind == LineHeading || line.Kind == LineLink || strings.Contains(text, "#note") || strings.Contains(text, "support@") {
						t.Errorf("%s, %s: %q is not known", tag, kind, text)
					}
				}
			}
			if known < 4 {
				t.Errorf("%s, %s: %d lines are known", tag, kind, known)
			}
		}
		if !noticeLine.MatchString(squeezeSpace(tag.Say(ReplyAbove))) {
			t.Errorf("%s: %q is not known", tag, tag.Say(ReplyAbove))
		}
	}
	for _, words := range []string{"Ich schrieb zu meiner Anfrage.", "Cara wrote in a hurry", "Ihre Antwort war gut."} {
		if noticeLine.MatchString(squeezeSpace(words)) {
			t.Errorf("%q is taken for a notice", words)
		}
	}
}
