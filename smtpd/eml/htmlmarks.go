package eml

import "strings"

// quoteClasses are classes, ids and names that mail programs put on what they quote
// and on what stands over it, lower case.
var quoteClasses = map[string]markKind{
	"gmail_quote": markQuote, "gmail_attr": markQuote, "gmail_quote_container": markQuote, "nylas-quote": markQuote,
	"moz-cite-prefix": markQuote, "moz-email-headers-table": markQuote, "moz-forward-container": markQuote, "cite-prefix": markQuote,
	"protonmail_quote": markQuote, "tutanota_quote": markQuote, "zmail_extra": markQuote, "airmail_on": markQuote, "reply-intro": markQuote,
	"outlookmessageheader": markQuote, "replyheader": markQuote, "missive_quote": markQuote, "superhuman-quote": markQuote, "front-blockquote": markQuote,
	"hs_reply": markQuote, "messagereplysection": markQuote, "__quoted_text__": markQuote, "clean_bq": markQuote, "cm_quote": markQuote,
	"yahoo_quoted": markRange, "yahoo_quoted_begin": markQuote, "freshdesk_quote": markRange, "aqm-original": markRange,
	"edo-original": markRange, "_originalcontent": markRange, "origbody": markRange, "includetail": markRange,

	"divrplyfwdmsg": markHard, "appendonsend": markHard, "olk_src_body_section": markHard, "stopspelling": markHard, "zwchr": markHard, "__divider__": markHard,
	"__headers__": markHard, "replysplit": markHard, "isreplycontent": markHard, "isforwardcontent": markHard, "mail-editor-reference-message-container": markHard,
	"ms-outlook-mobile-reference-message": markHard, "original-content": markHard, "replybody": markHard, "replybody1": markHard, "ntes-origin-content": markHard,
	"mac_outlook_attribution_container": markHard, "spnnotesoriginalmessage": markHard,
}

// signatureNames are the same of signatures.
var signatureNames = map[string]bool{
	"gmail_signature": true, "moz-signature": true, "ms-outlook-mobile-signature": true, "applemailsignature": true, "apple-mail-signature": true,
	"protonmail_signature_block": true, "tutanota_signature": true, "front-signature": true, "messagesignaturesection": true, "ymail_android_signature": true, "composer_signature": true, "_signatureplaceholder": true, "aqm-signature": true, "cm_signature": true,
	"zmail_signature_below": true, "__sig_pre__": true, "__sig_post__": true, "-x-evo-signature": true, "bloop_sign": true, "gmail_signature_prefix": true, "edo-signature": true, "_rc_sig": true, "missive_signature": true, "__aliyun_signature_wrap": true, "ntes-mailmaster-signature": true, "mail_signature": true, "yahoo_signature": true, "foxmailsigndiv": true, "spnnotessignature": true,
}

// ownName takes off what a program puts before the names of what it quotes: "x_"
// (Outlook), "m_-123" (Gmail), "yiv123" (Yahoo).
func ownName(name string) string {
	name = strings.ToLower(name)
	for strings.HasPrefix(name, "x_") {
		name = name[2:]
	}
	if rest, ok := strings.CutPrefix(name, "m_"); ok {
		name = strings.TrimLeft(rest, "-_0123456789")
	} else if rest, ok := strings.CutPrefix(name, "yiv"); ok && rest != "" && isDigit(rest[0]) {
		name = strings.TrimLeft(rest, "0123456789")
	}
	return name
}

// beginsQuote knows the marks that mail programs put before what they quote.
func beginsQuote(t htmlTag) markKind {
	kind := markNone
	for c := range strings.FieldsSeq(t.class) {
		kind = max(kind, quoteClasses[ownName(c)])
	}
	if t.id != "" {
		kind = max(kind, quoteClasses[ownName(t.id)])
	}
	if t.name == "quote" { // GMX, web.de
		return markRange
	}
	if t.name != "" {
		kind = max(kind, quoteClasses[ownName(t.name)])
	}
	if kind == markNone && t.style != "" && isFieldsStyle(t.style) {
		return markFields
	}
	return kind
}

// isFieldsStyle knows the line that Outlook draws over the fields of an older mail.
func isFieldsStyle(style string) bool {
	if len(style) > 400 || !strings.Contains(style, "order-top") {
		return false
	}
	s := strings.ReplaceAll(strings.ToLower(style), " ", "")
	return strings.Contains(s, "border-top:solid") && (strings.Contains(s, "padding:3.0pt0") || strings.Contains(s, "padding:3pt0"))
}

func isSignature(t htmlTag) bool {
	for c := range strings.FieldsSeq(t.class) {
		if signatureNames[ownName(c)] {
			return true
		}
	}
	return t.id != "" && (signatureNames[ownName(t.id)] || t.id == "Signature" || t.id == "x_Signature" || t.id == "signature") || t.name != "" && signatureNames[strings.ToLower(t.name)]
}

// mayMark tells whether a page can have marks of quotes: one that has none of these
// letters has none.
func mayMark(page string) bool {
	return containsAny(page, pageQuoteNames)
}

// pageQuoteNames are what a page with such marks contains.
var pageQuoteNames = []string{"lockquote", "LOCKQUOTE", "uote", "RplyFwdMsg", "appendonsend", "moz-", "zmail_extra", "OLK_SRC", "editor-reference", "order-top", "airmail", "eply", "riginal", "essageHeader", "zwchr", "__HEADERS__", "stopSpelling", "sForwardContent", "includetail", "origbody", "ignature", "SIG_P", "sign"}
