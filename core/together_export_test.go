package core

import (
	"context"
	"errors"
)

// FileAll files mails in one transaction, as plain mails are that come at once.
func (d *Desk) FileAll(ctx context.Context, claims []Claim, letters []Letter, origins []Origin) error {
	batch, err := d.readMails(ctx, claims, letters, origins)
	if err != nil {
		return err
	}
	return d.fileAll(ctx, batch, make([]outcome[filedMail], len(batch)))
}

// FileTogether is FileAll, or each alone where that fails.
func (d *Desk) FileTogether(ctx context.Context, claims []Claim, letters []Letter, origins []Origin) error {
	batch, err := d.readMails(ctx, claims, letters, origins)
	for _, o := range d.fileTogether(ctx, batch) {
		if !errors.Is(o.err, errLostClaim) {
			err = errors.Join(err, o.err)
		}
	}
	return err
}

func (d *Desk) readMails(ctx context.Context, claims []Claim, letters []Letter, origins []Origin) ([]readMail, error) {
	own, err := d.ourAddresses(ctx, func(*ours) bool { return true })
	batch := make([]readMail, len(claims))
	for i := range claims {
		batch[i] = readMail{claim: claims[i], letter: letters[i], origin: origins[i], digest: letters[i].ContentDigest(), own: own}
	}
	return batch, err
}
