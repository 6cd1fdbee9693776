package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// key keeps two mails of one author out of one transaction: the second must see
// what the first has done.
func (m readMail) key() string { return onlyAddress(m.letter.From).String() }

func (m readMail) octets() int { return len(m.claim.Raw) }

// isPlain tells a mail that names nothing: no token of ours among its recipients,
// no id in its header, and no decision of staff. Such mails have nothing to do
// with each other, and most first contacts are of that kind. Great ones would keep the
// others waiting.
func (d *Desk) isPlain(m readMail) bool {
	replies, bounces := d.tokensIn(m.claim.Envelope.Recipients)
	return len(replies)+len(bounces)+len(m.letter.InReplyTo)+len(m.letter.References) == 0 &&
		m.claim.Released == nil && !m.own.passing[onlyAddress(m.letter.From)] && len(m.letter.Attachments) == 0 && len(m.claim.Raw) <= togetherBytes
}

// fileTogether files plain mails of different authors in one transaction. If
// anything is wrong with one of them, each is filed alone.
func (d *Desk) fileTogether(ctx context.Context, batch []readMail) []outcome[filedMail] {
	ctx, cancel := context.WithTimeout(ctx, filingTime)
	defer cancel()
	out := make([]outcome[filedMail], len(batch))
	if len(batch) > 1 && d.fileAll(ctx, batch, out) == nil {
		return out
	}
	for i, m := range batch {
		out[i].out, out[i].err = d.fileAlone(ctx, m)
	}
	return out
}

// fileAll does for all what fileAlone does for one, step by step.
func (d *Desk) fileAll(ctx context.Context, batch []readMail, out []outcome[filedMail]) error {
	skip, err := d.automaticSkip(ctx)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		arrivals := column(batch, func(m readMail) *arrival { return m.arrival(d, skip) })
		if err := d.gatherSenders(ctx, tx, arrivals); err != nil {
			return err
		}
		for i, a := range arrivals {
			if err := d.hideSecrets(ctx, tx, a); err != nil {
				return err
			}
			if a.facts.FiledAt != 0 {
				if err := d.gatherCases(ctx, tx, a); err != nil {
					return err
				}
			}
			d.assemble(a)
			a.chooseMailbox(batch[i].own)
		}
		if err := d.countAutomatic(ctx, tx, arrivals...); err != nil {
			return err
		}
		var opens []opening
		for i, a := range arrivals {
			out[i].out.decision = a.decide(batch[i].own)
			if out[i].out.decision.Effect == EffectOpen {
				opens = append(opens, opening{a, batch[i].own, out[i].out.decision})
			}
		}
		if err := openAll(ctx, tx, opens); err != nil {
			return err
		}
		for i, a := range arrivals {
			var err error
			if out[i].out.at, err = d.carryOut(ctx, tx, a, batch[i].own, out[i].out.decision); err != nil {
				return err
			}
		}
		end(tx, arrivals...)
		return nil
	})
}
