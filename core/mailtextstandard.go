package core

// standardText is what the program brings. An empty subject: the mail keeps its
// conversation's.
func standardText(kind TextKind) MailText {
	switch kind {
	case TextReply:
		return MailText{"", `{{message}}

{{signature}}

To follow your conversations online, set a password here:
{{link}}`}
	case TextCopy:
		return MailText{"", `**{{author}} wrote:**

{{message}}

{{signature}}`}
	case TextAcknowledgement:
		return MailText{"We have received your mail", `# We have received your mail

Your mail to {{mailbox}} has reached us on {{date}}. A person will answer you by mail.

To see your conversation online, confirm your address and set a password with this link:
{{link Set a password}}

---
You get this mail because a mail with your address as its sender came to us. If it was not yours, you need not do anything.`}
	case TextMention:
		return MailText{"{{author}} mentioned you in a note", `# {{author}} mentioned you

{{author}} mentioned you in a note on {{where}}. The note is read in the panel, after sign-in.

{{link View note}}

Answering this mail opens a new conversation.`}
	case TextInvite:
		return MailText{"You are invited to {{desk}}", `# You are invited to {{desk}}

{{author}} invited you to join the team of {{desk}}. Accept and set a password with this link:
{{link Accept invitation}}

---
If you did not expect this mail, you need not do anything.`}
	case TextVerify, TextConfirm, TextReset, TextSignIn, TextAddresses:
		return standardAccount(kind)
	}
	return standardNotice(kind)
}

// standardNotice are the texts for agents.
func standardNotice(kind TextKind) MailText {
	switch kind {
	case TextMessage:
		return MailText{"", `# {{author}} wrote in {{where}}

{{message}}

{{link Open the conversation}}

Your answer to this mail goes to the customer, from {{mailbox}}.
Write #note as its first line, and it becomes a private note instead.`}
	case TextNote:
		return MailText{"", `# {{author}} added a private note to {{where}}

The note is read in the panel, after sign-in.

{{link Open the conversation}}

Your answer to this mail goes to the customer, from {{mailbox}}.
Write #note as its first line, and it becomes a private note instead.`}
	case TextDraft:
		return MailText{"", `# Your mail was kept as a draft

Nothing was sent. Your draft is in {{where}}: send it from there, or delete it.

Why: {{problem}}

{{link Open the conversation}}`}
	case TextDelayed:
		return MailText{"", `# Your answer is not delivered yet

Your answer in {{where}} is still on its way. It is tried again by itself for five days; you need not do anything.

Why: {{problem}}

{{link Open the conversation}}`}
	}
	return MailText{"", `# Your answer could not be delivered

Your answer in {{where}} did not arrive, and it is not tried again.

Why: {{problem}}

{{link Open the conversation}}`}
}

// standardAccount are the texts about a person's own account.
func standardAccount(kind TextKind) MailText {
	const unexpected = "\n\n---\nIf you did not expect this mail, you need not do anything."
	switch kind {
	case TextVerify:
		return MailText{"Confirm your address and set a password", `# Confirm your address

There is an account for this address at {{desk}}. Confirm the address and set a password with this link:
{{link Confirm address}}` + unexpected}
	case TextConfirm:
		return MailText{"Confirm your address", `# Confirm your address

This address was added to an account at {{desk}}. If you did that, confirm it with this link and your password:
{{link Confirm address}}` + unexpected}
	case TextReset:
		return MailText{"Set a new password", `# Set a new password

Somebody asked for a new password for this address at {{desk}}. Set it with this link:
{{link Set a new password}}` + unexpected}
	case TextSignIn:
		return MailText{"Your sign-in link", `# Your sign-in link

Somebody asked to sign in with this address at {{desk}}. This link signs you in without a password:
{{link Sign in}}` + unexpected}
	}
	return MailText{"The addresses of your account were changed", `# The addresses of your account were changed

{{author}} changed which addresses belong to your account at {{desk}}.

Look at them here:
{{link}}

---
If this is not right, answer this mail.`}
}
