package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"postdesk/core/localpg"
)

// runDatabase runs a PostgreSQL of its own in the workshop, which outlives the
// gateways that are killed.
func runDatabase(ctx context.Context, w *workshop) (*localpg.Server, *database, error) {
	server, err := localpg.Run(ctx, filepath.Join(w.dir, "database"), startTime, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return server, &database{conn}, nil
}

// command runs the gateway's program beside the gateway, on its database.
func (g *gateway) command(ctx context.Context, stdin string, args ...string) (string, error) {
	args = append(args, "--data-dir", g.dataDir)
	if g.database != "" {
		args = append(args, "--database-url", g.database)
	}
	cmd := exec.CommandContext(ctx, g.binary, args...)
	cmd.Env, cmd.Stdin = environment(cmd.Environ()), strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args[:2], " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Of filling a queue: an API token makes so many requests a minute.
const (
	perToken   = 2500
	fillers    = 8
	theirOwner = "owner@staff.test"
)

// fill lets an agent open n conversations by the API, each with a customer of its
// own: as many mails are queued then that the gateway composes itself. It tells
// how long that took.
func (g *gateway) fill(ctx context.Context, n int, text string) (time.Duration, error) {
	if _, err := g.command(ctx, "a password that nobody types\n", "user", "create", "--role", "owner", "--email", theirOwner, "--password-stdin"); err != nil {
		return 0, err
	}
	tokens := make([]string, n/perToken+1)
	for i := range tokens {
		var err error
		if tokens[i], err = g.command(ctx, "", "token", "create", "--email", theirOwner); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range fillers {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := g.openConversation(ctx, tokens[i/perToken], i, text); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return time.Since(start), err
}

func (g *gateway) openConversation(ctx context.Context, token string, n int, text string) error {
	body, err := json.Marshal(map[string]string{
		"subject": fmt.Sprintf("Proof number %d.", n), "contents": text, "requester_email": fmt.Sprintf("u%d@%s", n, senderDomain)})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.at.http+"/api/v1/cases", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("POST /cases: %s: %s", answer.Status, said)
	}
	return err
}

// countQueue counts mails that are to be sent.
func (db *database) countQueue(ctx context.Context) (n int, err error) {
	err = db.conn.QueryRow(ctx, `select count(*) from deliveries where state = 'queued'`).Scan(&n)
	return n, err
}

// awaitSent returns when nothing is queued any more.
func (db *database) awaitSent(ctx context.Context) error {
	for {
		n, err := db.countQueue(ctx)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d mails are still queued: %w", n, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// multiply makes n mails of those that the gateway composed and sent: the same
// bytes, each with a recipient, a Message-ID and a bounce address of its own. It
// tells the size of one.
func (db *database) multiply(ctx context.Context, n int) (size int, err error) {
	err = db.conn.QueryRow(ctx, `
		with model as (
			select *, trim(both '<>' from message_id) as name, row_number() over (order by id) as place, count(*) over () as models
			from deliveries where bytes is not null and state = 'sent'),
		made as (
			insert into deliveries (purpose, kind, state, recipient, user_id, conversation_id, post_id, mailbox_id, author_id, bounce_name, id_name,
				automatic, subject, message_id, bytes, composed_at)
			select purpose, kind, 'queued', 'copy' || n || '@`+senderDomain+`', user_id, conversation_id, post_id, mailbox_id, author_id,
				(random() * 9e18)::bigint, (random() * 9e18)::bigint, automatic, subject, replace(message_id, name, 'copy' || n || '.' || name),
				convert_to(replace(convert_from(bytes, 'UTF8'), name, 'copy' || n || '.' || name), 'UTF8'), now()
			from generate_series(1, $1) n join model on place = n % models + 1
			returning octet_length(bytes) as size)
		select coalesce(max(size), 0) from made`, n).Scan(&size)
	if err == nil && size == 0 {
		err = errors.New("there is no composed mail to copy")
	}
	if err == nil {
		_, err = db.conn.Exec(ctx, `vacuum analyze deliveries`)
	}
	return size, err
}
