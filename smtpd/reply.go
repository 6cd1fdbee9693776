package smtpd

import (
	"crypto/rand"
	"errors"

	"github.com/emersion/go-smtp"

	"postdesk/core"
)

// What a conn says by itself, apart from go-smtp. Those that end the connection
// are 421: the sender keeps its mail and comes again (RFC 5321 section 3.8).
const (
	replyTooManyHere    = "421 4.7.0 Too many connections from your network, come again later"
	replyTooMany        = "421 4.3.2 Too many connections, come again later"
	replyEarly          = "421 4.7.0 You spoke before the greeting"
	replyIdle           = "421 4.4.2 Waited too long for you"
	replySessionOver    = "421 4.4.2 This session lasts too long, connect again"
	replyStopping       = "421 4.3.2 Going down, come again in a minute"
	replyTooManyErrors  = "421 4.7.0 Too many errors"
	replyTooMuchTalk    = "421 4.7.0 Too many commands without a mail"
	replyMidChunks      = "421 4.5.1 Gave up in the middle of a mail"
	replyLineTooLong    = "500 5.5.6 Command line too long"
	replyBadChunk       = "501 5.5.4 Cannot tell how long this chunk is"
	replyChunkTooBig    = "552 5.3.4 Chunk too big"
	replyFlood          = "552 5.3.4 Far more than the greatest mail"
	replyNoMail         = "554 5.6.0 Not one octet of a mail was sent"
	replyControl        = "500 5.5.2 Control character in command"
	replySourceRoute    = "550 5.7.1 No source routes"
	replyGreetAgain     = "503 5.5.1 Greet again after STARTTLS"
	replyStartTLS       = "220 2.0.0 Ready to start TLS"
	replyNoTLS          = "502 5.5.1 STARTTLS is not offered"
	replyTLSAlready     = "503 5.5.1 This is inside of TLS already"
	replyOtherProtocol  = "421 4.7.0 This is no SMTP"
	replyBadHelo        = "501 5.5.4 This is no host name"
	replyBadParameter   = "501 5.5.4 Bad parameter"
	replyNotAParameter  = "555 5.5.4 This parameter is not offered"
	replyNotOffered     = "502 5.5.1 This command is not offered"
	replyUnknownCommand = "500 5.5.2 Unknown command"
	replyHelp           = "214 2.0.0 RFC 5321 tells; a person is at postmaster"
)

// Refusals of the session.
var (
	errNested      = refusal(503, smtp.EnhancedCode{5, 5, 1}, "A mail is under way already")
	errNoMail      = refusal(503, smtp.EnhancedCode{5, 5, 1}, "No mail is under way")
	errBadAddress  = refusal(553, smtp.EnhancedCode{5, 1, 3}, "This is not a mail address")
	errBadSender   = refusal(553, smtp.EnhancedCode{5, 1, 7}, "This is not a mail address")
	errNeedsUTF8   = refusal(553, smtp.EnhancedCode{5, 6, 7}, "Address needs SMTPUTF8")
	errNoSuchUser  = refusal(550, smtp.EnhancedCode{5, 1, 1}, "No such mailbox here")
	errNotOurs     = refusal(550, smtp.EnhancedCode{5, 7, 1}, "Not an address that we take mail for")
	errTooBig      = refusal(552, smtp.EnhancedCode{5, 3, 4}, "Mail too big")
	errLoop        = refusal(554, smtp.EnhancedCode{5, 4, 6}, "Too many hops, this mail goes in circles")
	errNoRoom      = refusal(452, smtp.EnhancedCode{4, 3, 1}, "No room for this mail now, come again later")
	errBusy        = refusal(451, smtp.EnhancedCode{4, 3, 2}, "Too much mail at once, come again later")
	errUnconfirmed = refusal(451, smtp.EnhancedCode{4, 4, 2}, "Connection lost before the mail was stored")
)

func refusal(code int, status smtp.EnhancedCode, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: status, Message: text}
}

// reply turns any error into what the peer may know of it (house.md section 7).
// go-smtp looks at the bare type only and makes everything else permanent with
// its text, so nothing but a bare *smtp.SMTPError leaves here. A reference is
// given for trouble of our own: it is in the answer, and has to be in the log.
func reply(err error) (answer *smtp.SMTPError, reference string) {
	switch {
	case errors.As(err, &answer):
		return answer, ""
	case errors.Is(err, core.ErrNotFound):
		return errNoSuchUser, ""
	case errors.Is(err, core.ErrForbidden):
		return errNotOurs, ""
	case errors.Is(err, core.ErrLimit):
		return errNoRoom, ""
	}
	reference = rand.Text()[:8]
	return refusal(451, smtp.EnhancedCode{4, 3, 0}, "Try again later, reference "+reference), reference
}
