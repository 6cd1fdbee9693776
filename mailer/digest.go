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
	b.Title = fmt.Sprintf("%d suspended %s for you", d.Total, noun)
	b.Before = []string{"Suspended since " + moment(d.Since, o.Zone) + ", and not judged yet:"}
	for _, r := range d.Reasons {
		b.Before[0] += fmt.Sprintf(" %s: %d.", oneLine(r.Label, maxName), r.Mails)
	}
	for _, line := range d.Newest {
		b.Words += fmt.Sprintf("%s: %s\n%s\n\n", oneLine(line.Label, maxName), oneLine(line.Sender, maxSubject), oneLine(line.Subject, maxSubject))
	}
	b.Words = prose(b.Words)
	if more := d.Total - len(d.Newest); more > 0 {
		b.Words += fmt.Sprintf("\n\nand %d more", more)
	}
	b.button(o, "Open suspended mail")
	b.After = []string{"Addresses are written with brackets, so that nothing in this mail leads to their senders."}
	if page := safeURL(d.Profile); page != "" {
		b.After = append(b.After, "You get this once a day, if there is something new. Turn it off in your profile: "+page)
	}
}
