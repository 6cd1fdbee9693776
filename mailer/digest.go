package mailer

import (
	"fmt"

	"postdesk/core"
)

// digest lists suspended mail. Core wrote the senders' words so that nothing of
// them becomes a link.
func (b *body) digest(o *core.Outgoing) {
	d := o.Digest
	noun := "mails wait"
	if d.Total == 1 {
		noun = "mail waits"
	}
	since := "Suspended since " + o.Moment(d.Since) + ", and not judged yet:"
	for _, r := range d.Reasons {
		since += fmt.Sprintf(" %s: %d.", oneLine(r.Label, maxName), r.Mails)
	}
	b.Main = []paragraph{
		{line(core.LineHeading, fmt.Sprintf("%d suspended %s for you", d.Total, noun))},
		{line(core.LinePlain, since)},
		{{Kind: core.LineMessage, Words: prose(listed(d))}},
	}
	if page := safeURL(o.Page); page != "" {
		b.Main = append(b.Main, paragraph{{Kind: core.LineLink, Link: link{Label: "Open suspended mail", URL: page}}})
	}
	about := paragraph{line(core.LinePlain, "Addresses are written with brackets, so that nothing in this mail leads to their senders.")}
	if page := safeURL(d.Profile); page != "" {
		about = append(about, block{Spans: spans("You get this once a day, if there is something new. Turn it off in your profile: "+page, false)})
	}
	b.Small = []paragraph{about}
}

func line(kind core.LineKind, text string) block {
	return block{Kind: kind, Spans: []span{{Text: text}}}
}

func listed(d core.Digest) (words string) {
	for _, line := range d.Newest {
		words += fmt.Sprintf("%s: %s\n%s\n\n", oneLine(line.Label, maxName), oneLine(line.Sender, maxSubject), oneLine(line.Subject, maxSubject))
	}
	if more := d.Total - len(d.Newest); more > 0 {
		words += fmt.Sprintf("and %d more", more)
	}
	return words
}
