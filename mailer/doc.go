// Package mailer is the outbound edge: it turns a core.Delivery into the bytes
// of one mail, and carries bytes to one recipient over SMTP.
//
// It promises that a mail is composed once and that every attempt sends the
// same bytes; that these bytes have only CRLF line ends, no NUL and no line over
// 998 octets; that they hold exactly the header fields that core.Outgoing asks
// for, and above them a DKIM signature of the From domain; that one transaction
// has one recipient; and that whatever goes wrong is a core.Receipt which says
// whether to try again.
//
// It never sees a note (core.Outgoing has no field for one), never decides who
// gets a mail, never speaks to the database but through core.Desk, never sends a
// password without TLS except to this machine, and never logs an address token,
// a link or a password.
package mailer
