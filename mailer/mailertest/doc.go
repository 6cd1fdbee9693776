// Package mailertest is a real SMTP server for tests: it listens on loopback,
// keeps every mail that it was given, and misbehaves where a test asks it to.
//
// It promises that what it shows as received was received over a socket, bytes
// unchanged but for the dots that SMTP adds. It never sends a mail on.
package mailertest
