// Package eml reads mail: bytes to core.Letter.
//
// It promises an answer to every input. There is no error and no panic: what
// cannot be read is told in Letter.Defects, and when nothing can be read the
// whole mail is the text. Everything in a Letter is valid UTF-8 without NUL.
// Work is linear in the size of the mail and bounded in depth, parts, fields
// and decoded text (limits.go).
//
// It never decides what a mail may do, opens no connection, unpacks no archive,
// renders nothing, and deletes nothing: quotes and signatures are only folded.
package eml
