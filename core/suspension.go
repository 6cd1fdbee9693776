package core

// This file tells people what a suspension means: why mail is kept out, and what
// a release would do (mail-law: suspended mail).

// Suspensions gives all of them, in the law's order.
func Suspensions() []Suspension {
	return []Suspension{SuspendedLoop, SuspendedReport, SuspendedBadFrom, SuspendedForged, SuspendedDisabled, SuspendedBlocked,
		SuspendedSpam, SuspendedVirus, SuspendedFlood, SuspendedAutoReply, SuspendedUnregistered}
}

type suspensionWords struct{ label, why, release string }

func (s Suspension) told() suspensionWords {
	return map[Suspension]suspensionWords{
		SuspendedLoop: {"Loop", "This is mail of your own help desk that came back: answering it could go round for ever.",
			"It can be released once its sender is named as an address that passes on other people's mail."},
		SuspendedReport: {"Report", "A delivery report or a complaint that does not prove which of your mails it is about.",
			"It cannot be released: it belongs to no conversation. Read it, then delete it."},
		SuspendedBadFrom: {"No usable sender", "It does not say in exactly one readable address who wrote it.",
			"You name who wrote it. It is filed as that person's mail, marked as not verified."},
		SuspendedForged: {"Forged", "The sender's domain says that this mail is not from it. Somebody may be pretending.",
			"It is filed as if the sender had written it, marked as forged and not verified for good."},
		SuspendedDisabled: {"Disabled user", "The sender has an account here that is disabled.",
			"This one mail is filed as theirs. The account stays disabled, and their next mail is suspended again."},
		SuspendedBlocked: {"Blocked", "The sender is on the block list.",
			"This one mail is filed. The sender stays blocked, unless you trust them."},
		SuspendedSpam: {"Spam", "The filter takes it for spam.",
			"This one mail is filed. The sender's next mail is filtered again, unless you trust them."},
		SuspendedVirus: {"Virus", "The filter found a virus in it.",
			"It cannot be released. Do not open its files; delete it."},
		SuspendedFlood: {"Flood", "Too many new conversations came from this address in a short time.",
			"This one mail opens its conversation. The brake goes on counting, unless you trust the sender."},
		SuspendedAutoReply: {"Automatic reply", "An automatic answer, like a vacation notice, to nothing that its sender is part of.",
			"It is filed as if a person had written it. Nobody is answered."},
		SuspendedUnregistered: {"Unknown sender", "Nobody here knows the sender, and mail of unknown senders opens no conversations.",
			"This one mail is filed, and the sender becomes a customer."},
	}[s]
}

// Label is the suspension in a word or two.
func (s Suspension) Label() string { return s.told().label }

// Why says in a sentence why such mail is kept out.
func (s Suspension) Why() string { return s.told().why }

// OnRelease says in a sentence what a release would do.
func (s Suspension) OnRelease() string { return s.told().release }

// Trustable tells where trusting the sender helps.
func (s Suspension) Trustable() bool {
	switch s {
	case SuspendedFlood, SuspendedSpam, SuspendedBlocked, SuspendedUnregistered:
		return true
	}
	return false
}

// Blockable tells where the sender is somebody whom one may want to block: not
// where the address may be another's, or is kept out already.
func (s Suspension) Blockable() bool {
	switch s {
	case SuspendedFlood, SuspendedSpam, SuspendedUnregistered, SuspendedAutoReply:
		return true
	}
	return false
}

// cannotRelease says why no release helps a mail, or "".
func (m Mail) cannotRelease() string {
	switch {
	case m.Status != MailSuspended:
		return "it is not suspended any more"
	case !m.HasSource:
		return "it was deleted"
	case m.Released:
		return "it was released before, and another rule stopped it"
	case m.Suspension == SuspendedReport || m.Suspension == SuspendedVirus:
		return "nothing that is suspended as “" + m.Suspension.Label() + "” can be released"
	}
	return ""
}

// Releasable tells that staff may release it; a loop only once its sender is named
// as passing on mail.
func (m Mail) Releasable() bool { return m.cannotRelease() == "" }
