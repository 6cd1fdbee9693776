package eml

// preview is what the enclosed mail says, for a mail that says nothing itself: one
// that is message/rfc822 as a whole, or was sent on without a word (T89). The
// enclosed fields are not looked at, and the enclosed files stay in their mail.
func (r *reader) preview() body {
	for range maxUnwraps {
		p := r.reportPart("message/rfc822")
		if p == nil {
			p = r.reportPart("message/global")
		}
		if p == nil {
			break
		}
		inner := &reader{defect: func(string) {}, textIn: r.textIn}
		if b := inner.body(walk(startOfMail(r.decode(p)), inner.defect), true); !blank(b.text) {
			return b
		}
		r = inner
	}
	return body{}
}
