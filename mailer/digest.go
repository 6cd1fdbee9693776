package mailer

import (
	"fmt"

	"postdesk/core"
	"postdesk/core/language"
)

// digest lists suspended mail. Core wrote the senders' words so that nothing of
// them becomes a link.
func (b *body) digest(o *core.Outgoing) {
	d := o.Digest
	say := o.Language.Say
	since := say("Suspended since {date}, and not judged yet:", "date", o.Moment(d.Since))
	for _, r := range d.Reasons {
		since += fmt.Sprintf(" %s: %d.", oneLine(r.Label, maxName), r.Mails)
	}
	b.Main = []paragraph{
		{line(core.LineHeading, say("{n} suspended mails wait for you", "n", d.Total))},
		{line(core.LinePlain, since)},
		{{Kind: core.LineMessage, Words: prose(listed(o.Language, d))}},
	}
	if page := safeURL(o.Page); page != "" {
		b.Main = append(b.Main, paragraph{{Kind: core.LineLink, Link: link{Label: say("Open suspended mail"), URL: page}}})
	}
	about := paragraph{line(core.LinePlain, say("Addresses are written with brackets, so that nothing in this mail leads to their senders."))}
	if page := safeURL(d.Profile); page != "" {
		about = append(about, block{Spans: spans(say("You get this once a day, if there is something new. Turn it off in your profile: {page}", "page", page), false)})
	}
	b.Small = []paragraph{about}
}

func line(kind core.LineKind, text string) block {
	return block{Kind: kind, Spans: []span{{Text: text}}}
}

func listed(tag language.Tag, d core.Digest) (words string) {
	for _, line := range d.Newest {
		words += fmt.Sprintf("%s: %s\n%s\n\n", oneLine(line.Label, maxName), oneLine(line.Sender, maxSubject), oneLine(line.Subject, maxSubject))
	}
	if more := d.Total - len(d.Newest); more > 0 {
		words += tag.Say("and {more} more", "more", more)
	}
	return words
}
