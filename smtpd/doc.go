// Package smtpd is the inbound edge: mail comes in over SMTP, is stored, and is
// then read, judged and filed.
//
// It promises that a 250 after the mail is never given before the mail is
// committed, that a 5xx is only given for what will never be right, and that
// everything else is a 451 which says nothing about our inside. What one client
// may use of time, memory and connections is bounded in server.go, all in one
// place.
//
// A mail's way: the guard (listener.go) lets a connection in; a conn (conn.go)
// stands between the socket and go-smtp and hands it one command or one piece of
// mail at a time; the session takes envelope and bytes and calls Desk.Accept; the
// intake parses, verifies and calls Desk.Apply.
//
// It never decides what a mail means (core), never sends mail (mailer), never
// bounces what it took, and lets no type of go-smtp out.
package smtpd
