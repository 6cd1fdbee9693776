// Package core is the desk: its nouns, its laws and its transactions.
//
// It promises that one exported method of Desk is one transaction and one
// sentence of the product, that a right is checked in that method on the object,
// and that nothing private ever reaches a customer. It never speaks a protocol:
// no MIME, no SMTP codes, no HTTP status, no templates, no DNS. The edges
// (smtpd, mailer, web) hand it plain data and get plain data or one of a handful
// of errors.
//
// # Vocabulary
//
// A User is a customer, collaborator, agent, admin or owner. A Conversation has
// one requester, participants (people in CC), messages, notes and events. A
// message is words that a customer may read. A note is words that a customer may
// never read: another type and another table, so that no query mixes them up. A
// mention names a colleague in a note. A Mailbox is an address of ours. An
// Envelope and a Letter are a mail as SMTP brought it and as it was read; an
// Origin says whether its From address is real. A Delivery is one mail of ours to
// one recipient.
//
// # Who owns which state
//
//   - inbound.go: an accepted mail is received, then exactly one of success,
//     suspended, rejected (a duplicate) or failed. Accepting is claiming; a claim
//     is a due time moved ahead and a number that fences the finish.
//   - outbox.go: a delivery is queued, sent, failed or held, claimed in the same
//     way. It is written in the transaction of its cause.
//   - signingkey.go: a DKIM key waits, signs, is retired; one of a domain signs.
//   - status.go: what a conversation's status becomes (mail-law section 8).
//   - route.go: what a received mail may cause (mail-law section 2): facts in,
//     decision out, no database, no clock.
//   - account.go: links, passwords, and what ends a session.
//
// # Invariants
//
//   - An accepted mail is never lost and never filed twice.
//   - Only an agent's act in the panel or by the API, or an agent's mail with all
//     three proofs (locator, possession, origin), speaks to a customer.
//   - No mail changes a requester or adds a recipient to a conversation that
//     exists.
//   - Nothing lives in one process's memory alone: several processes share one
//     database with no other coordination.
package core
