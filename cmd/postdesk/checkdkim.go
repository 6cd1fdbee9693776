package main

import (
	"bytes"
	"context"
	"fmt"

	"postdesk/core"
	"postdesk/smtpd/verify"
	"postdesk/web"
)

// A keyRecord is what is published where the record of a DKIM key belongs.
type keyRecord struct {
	key core.SigningKey
	answered
}

// keyRecords asks for the records of a domain's keys.
func (a asker) keyRecords(ctx context.Context, domain string, keys []core.SigningKey) (records []keyRecord) {
	for _, key := range keys {
		if key.Domain == domain {
			records = append(records, a.keyRecord(ctx, key))
		}
	}
	return records
}

func (a asker) keyRecord(ctx context.Context, key core.SigningKey) keyRecord {
	r := keyRecord{key: key}
	r.texts, r.err = a.texts(ctx, key.RecordName())
	return r
}

// state compares what is published with what should be, and says what is wrong.
func (r keyRecord) state() (state web.RecordState, problem string) {
	name := r.key.RecordName()
	switch {
	case r.err != nil && !absent(r.err):
		return web.RecordUnknown, trouble(r.err)
	case len(r.texts) == 0:
		return web.RecordMissing, name + " is not published"
	case len(r.texts) > 1:
		return web.RecordWrong, fmt.Sprintf("%s has %d records, which count as none", name, len(r.texts))
	}
	public, problem := verify.SigningKey(r.texts[0])
	switch {
	case problem != "":
		return web.RecordWrong, name + " is of no use, " + problem
	case !bytes.Equal(public, r.key.Public):
		return web.RecordWrong, name + " holds another key (p= differs)"
	}
	return web.RecordPublished, ""
}

// judgeDKIM tells of the key that signs, and of one that waits.
func (p published) judgeDKIM() (all []finding) {
	for _, r := range p.keys {
		all = append(all, r.judge())
	}
	if len(all) == 0 {
		all = append(all, finding{what: "DKIM", level: note, text: "for " + p.domain + ": the key is made when postdesk serve runs; check tells then what to publish"})
	}
	return all
}

func (r keyRecord) judge() finding {
	f := finding{what: "DKIM", level: warning}
	state, problem := r.state()
	whose, harm := "signs the mail of "+r.key.Domain, ": nobody can verify the signatures"
	if r.key.Waits() {
		f.level, whose, harm = note, "waits to sign the mail of "+r.key.Domain, ": do not use the key yet"
	}
	switch state {
	case web.RecordPublished:
		f.level, f.text = fine, r.key.RecordName()+" holds the key that "+whose
		if r.key.Waits() {
			f.text += ": it can be used"
		}
		return f
	case web.RecordUnknown:
		f.text = "for " + r.key.RecordName() + ": " + problem
		return f
	}
	f.text = problem + ", and that key " + whose + harm + "; publish"
	if state == web.RecordWrong {
		f.text += " instead"
	}
	f.records = []string{txt(r.key.RecordName(), r.key.Record())}
	return f
}

// records lets the panel see what check sees.
type records struct {
	asker
	s settings
	p parsed
}

func newRecords(s settings, p parsed) records {
	return records{asker{verify.NewResolver(s.Resolver), askPatience}, s, p}
}

func (r records) ofKey(ctx context.Context, key core.SigningKey) (web.RecordState, string) {
	return r.keyRecord(ctx, key).state()
}

// ofDomain tells of MX, SPF and DMARC.
func (r records) ofDomain(ctx context.Context, domain string) (all []web.Finding) {
	from := r.sending(ctx, r.p)
	_, replyDomain := ourDomains(r.p, nil, r.s.ReplyDomain)
	published := r.domain(ctx, domain, from)
	for _, f := range []finding{published.judgeMX(from, r.p.exempt), published.judgeEnvelope(from, replyDomain), published.judgeDMARC()} {
		all = append(all, web.Finding{What: f.what, Good: f.level <= note, Text: f.text, Records: f.records})
	}
	return all
}
