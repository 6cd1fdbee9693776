package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Who is the name to put before Sentence, "" for nobody.
func (e JourneyEntry) Who() string {
	if e.Author.ID == 0 && (e.Event == "organization" || strings.HasPrefix(e.Event, "delivery_")) { // a domain did it, or a report told it
		return ""
	}
	if e.Author.ID == 0 && e.Kind == EntryEvent {
		return "The command line"
	}
	return e.Author.DisplayName()
}

// Sentence says an event in words, to follow the name of who did it: "changed the
// role from Customer to Collaborator". A kind that it does not know is told by its
// name.
func (e JourneyEntry) Sentence() string {
	d := detailOf(e.Detail)
	if text := d.text("text"); text != "" {
		return text
	}
	switch e.Event {
	case "updated":
		return d.changed()
	case "accepted":
		return d.accepted()
	case "organization":
		return d.joined()
	case "role":
		return fmt.Sprintf("changed the role from %s to %s", titled(d.text("from")), titled(d.text("to")))
	case "joined_existing":
		return "let " + counted(d["users"], "existing customer") + " join by their domain"
	case "created":
		return d.created()
	case "invited":
		return fmt.Sprintf("invited %s as %s", d.text("address"), titled(d.text("role")))
	case "merged", "merged_into", "unmerged":
		return d.merged(e.Event)
	}
	if sentence, known := plainSentences()[e.Event]; known {
		return strings.ReplaceAll(sentence, "{address}", d.text("address"))
	}
	return strings.ReplaceAll(e.Event, "_", " ")
}

// plainSentences are those that say the same each time, but for an address.
func plainSentences() map[string]string {
	return map[string]string{
		"enabled":          "enabled the account",
		"disabled":         "disabled the account",
		"invite_revoked":   "took the invite back",
		"address_added":    "added the address {address}",
		"address_primary":  "made {address} the primary address",
		"address_removed":  "removed the address {address}",
		"link_sent":        "sent the link again",
		"link_copied":      "copied the link, to hand it over in another way",
		"token_created":    "made an API token",
		"two_factor_on":    "turned two-factor sign-in on",
		"two_factor_off":   "turned two-factor sign-in off",
		"two_factor_reset": "reset the two-factor sign-in",
		"two_factor_wrong": "gave ten wrong two-factor codes within an hour",
		"backup_codes":     "made new backup codes",
		"backup_code_used": "signed in with a backup code",
		"token_ended":      "ended an API token",
		"password_changed": "changed the password",
		"session_ended":    "ended a session",
		"anonymised":       "deleted this person: what they wrote stays, their name does not",
	}
}

// detailOf an event is what the journey tells beside its kind.
type detailOf map[string]any

// text gives a value as a word, "" for none.
func (d detailOf) text(key string) string {
	if d[key] == nil {
		return ""
	}
	return fmt.Sprint(d[key])
}

func (d detailOf) created() string {
	switch {
	case d.text("address") != "":
		return fmt.Sprintf("created the account of %s as %s", d.text("address"), titled(d.text("role")))
	case d.text("role") == "": // an organization
		return "created the organization"
	}
	return "created the account"
}

func (d detailOf) accepted() string {
	switch LinkPurpose(d.text("link")) {
	case LinkInvite:
		return "accepted the invite"
	case LinkVerify:
		return "verified " + d.text("address") + " and set a password"
	case LinkReset:
		return "set a new password through a mailed link"
	case LinkSetup:
		return "set this help desk up"
	}
	return "signed in through a mailed link, which verified " + d.text("address")
}

func (d detailOf) joined() string {
	name := d.text("organization_name")
	if name == "" {
		name = "an organization that is gone since"
	}
	return fmt.Sprintf("joined %s by the domain %s", name, ShownDomain(d.text("domain")))
}

func (d detailOf) merged(kind string) string {
	name, with := d.text("name"), ""
	if addresses := inWords(d["addresses"]); addresses != "none" {
		with = " (" + addresses + ")"
	}
	if name == "" {
		name = "somebody who was deleted since"
	}
	switch kind {
	case "merged_into":
		return "merged this person into " + name
	case "merged":
		return "merged " + name + with + " into this person"
	}
	if left := inWords(d["left"]); left != "none" {
		return "undid the merge with " + name + ", but for " + left + ": gone or somebody else's by then"
	}
	return "undid the merge with " + name
}

// changed tells each field that has another value now, in a stable order.
func (d detailOf) changed() string {
	var told []string
	for _, field := range slices.Sorted(maps.Keys(d)) {
		if field == "organization_name" || field == "forced" {
			continue
		}
		from, to := any(nil), d[field]
		if change, ok := d[field].(map[string]any); ok {
			from, to = change["from"], change["to"]
		} else if field == "organization" && d["organization_name"] != nil {
			to = d["organization_name"]
		}
		told = append(told, changedField(field, from, to)...)
	}
	if len(told) == 0 {
		return "changed nothing"
	}
	return inSequence(told)
}

func changedField(field string, from, to any) []string {
	was, is := inWords(from), inWords(to)
	what := map[string]string{"timezone": "timezone", "locale": "language", "phone": "phone number", "name": "name", "organization": "organization"}[field]
	switch {
	case field == "tags":
		return gainedAndLost(from, to, "tag", "added", "removed")
	case field == "teams":
		return gainedAndLost(from, to, "team", "added to", "took out of")
	case field == "domains":
		return gainedAndLost(from, to, "domain", "added", "removed")
	case field == "shares_conversations" && to == true:
		return []string{"let members read each other's conversations"}
	case field == "shares_conversations":
		return []string{"no longer lets members read each other's conversations"}
	case field == "name" && was != "none":
		return []string{fmt.Sprintf("changed the name from %s to %s", was, is)}
	case what == "": // of many lines, like a signature
		return []string{"changed the " + strings.ReplaceAll(field, "_", " ")}
	case field == "timezone" && is == "none":
		return []string{"set the timezone back to that of the help desk"}
	case is == "none" || is == "0":
		return []string{"removed the " + what}
	}
	return []string{"set the " + what + " to " + is}
}

// gainedAndLost tells what a list of things gained and lost: "added the tags a and
// b".
func gainedAndLost(from, to any, thing, gained, lost string) []string {
	was, _ := from.([]any)
	is, _ := to.([]any)
	var told []string
	tell := func(verb string, list, others []any) {
		var words []string
		for _, v := range list {
			if !slices.Contains(others, v) {
				words = append(words, fmt.Sprint(v))
			}
		}
		if len(words) > 1 {
			told = append(told, verb+" the "+thing+"s "+inSequence(words))
		} else if len(words) == 1 {
			told = append(told, verb+" the "+thing+" "+words[0])
		}
	}
	tell(gained, is, was)
	tell(lost, was, is)
	return told
}

// inSequence joins what was done as people say it.
func inSequence(told []string) string {
	if len(told) < 2 {
		return strings.Join(told, "")
	}
	last := len(told) - 1
	return strings.Join(told[:last], ", ") + " and " + told[last]
}

func counted(n any, thing string) string {
	if n == float64(1) || n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%v %ss", n, thing)
}

// titled writes a name of the interface with a capital.
func titled(word string) string {
	if word == "" {
		return "nothing"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
