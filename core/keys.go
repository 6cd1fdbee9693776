package core

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// loadKeys reads the instance's keys, making instance and first key when there
// are none. Two processes that start at once agree: the insert that comes second
// does nothing, and both read what the first wrote.
func (d *Desk) loadKeys(ctx context.Context) (Keys, error) {
	var instance, secret [16 + 32]byte
	_, _ = rand.Read(instance[:])
	_, _ = rand.Read(secret[:])
	stored, err := d.wrapKey(secret[:32])
	if err != nil {
		return Keys{}, err
	}
	var keys Keys
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `insert into instance (instance_id) values ($1) on conflict do nothing`, instance[:16]); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			insert into keys (number, secret, wrapped) select 0, $1, $2 where not exists (select from keys)
			on conflict do nothing`, stored, d.cfg.Secret != ""); err != nil {
			return err
		}
		keys, err = d.readKeys(ctx, tx)
		return err
	})
	return keys, err
}

func (d *Desk) readKeys(ctx context.Context, tx pgx.Tx) (Keys, error) {
	var instance []byte
	if err := tx.QueryRow(ctx, `select instance_id from instance`).Scan(&instance); err != nil {
		return Keys{}, err
	}
	rows, err := tx.Query(ctx, `select number, secret, wrapped, retired_at is not null from keys order by number`)
	if err != nil {
		return Keys{}, err
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) {
		var number int16
		var secret []byte
		var wrapped, retired bool
		if err := row.Scan(&number, &secret, &wrapped, &retired); err != nil {
			return Key{}, err
		}
		plain, err := d.unwrapKey(secret, wrapped)
		if err != nil {
			return Key{}, fmt.Errorf("key %d: %w", number, err)
		}
		if len(plain) != 32 {
			return Key{}, fmt.Errorf("key %d: it has %d bytes instead of 32", number, len(plain))
		}
		return Key{Number: uint8(number), Secret: [32]byte(plain), Retired: retired}, nil
	})
	if err != nil {
		return Keys{}, err
	}
	return NewKeys([16]byte(instance), keys)
}

// wrapKey encrypts a key under POSTDESK_SECRET, where that is set.
func (d *Desk) wrapKey(plain []byte) ([]byte, error) {
	if d.cfg.Secret == "" {
		return plain, nil
	}
	aead, err := d.wrapping()
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, nil), nil
}

func (d *Desk) unwrapKey(stored []byte, wrapped bool) ([]byte, error) {
	if wrapped {
		if d.cfg.Secret == "" {
			return nil, errors.New("it is wrapped: set POSTDESK_SECRET to what it was when the key was made")
		}
		aead, err := d.wrapping()
		if err != nil {
			return nil, err
		}
		if stored, err = aead.Open(nil, nil, stored, nil); err != nil {
			return nil, errors.New("POSTDESK_SECRET is not the one that it was wrapped with")
		}
	}
	return stored, nil
}

func (d *Desk) wrapping() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(d.cfg.Secret), nil, "postdesk key wrapping v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
