package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"postdesk/core"
	"postdesk/migrations"
	"postdesk/smtpd/eml"
)

// quiet is the log of commands that speak for themselves.
func quiet(c console) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func withDesk(ctx context.Context, db *databaseSettings, c console, do func(*core.Desk) error) error {
	desk, opened, err := openDesk(ctx, db, core.Config{Logger: quiet(c)}, false)
	if err != nil {
		return err
	}
	defer opened.close()
	return do(desk)
}

type userCommands struct {
	Create         userCreateCommand         `cmd:"" help:"Make an enabled account. No mail is sent. Prints its id."`
	TwoFactorReset userTwoFactorResetCommand `cmd:"" help:"Turn two-factor sign-in off for somebody who has lost device and backup codes, the owner too. Signs them out everywhere and tells them by mail."`
}

type userCreateCommand struct {
	Email         string `required:"" help:"Its address."`
	Name          string `help:"Its name; the local part of the address if not given."`
	Role          string `required:"" enum:"owner,admin,agent,collaborator,customer" help:"owner, admin, agent, collaborator or customer."`
	PasswordStdin bool   `help:"Read a password from the first line of standard input."`
}

func (u *userCreateCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	var password *string
	if u.PasswordStdin {
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("--password-stdin: %w", err)
		}
		line = strings.TrimRight(line, "\r\n")
		password = &line
	}
	return withDesk(ctx, db, c, func(desk *core.Desk) error {
		id, err := desk.CreateAccount(ctx, core.NewUser{Email: u.Email, Name: u.Name, Role: core.Role(u.Role)}, password)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, id)
		return nil
	})
}

type userTwoFactorResetCommand struct {
	Email string `required:"" help:"An address of the account."`
}

func (u *userTwoFactorResetCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	return withDesk(ctx, db, c, func(desk *core.Desk) error {
		err := desk.ResetTwoFactorOf(ctx, u.Email)
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account with the address %s", u.Email)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s signs in with the password alone now\n", u.Email)
		return nil
	})
}

type tokenCommands struct {
	Create tokenCreateCommand `cmd:"" help:"Make an API token. Printed once, alone on a line."`
}

type tokenCreateCommand struct {
	Email string `required:"" help:"Address of the account that it acts for."`
}

func (t *tokenCreateCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	return withDesk(ctx, db, c, func(desk *core.Desk) error {
		secret, err := desk.CreateToken(ctx, t.Email)
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account with the address %s", t.Email)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, secret)
		return nil
	})
}

type letterCommand struct {
	Files []string `arg:"" help:"Files with one mail each."`
}

// Run reads every file that can be read; a missing one is told and fails the
// command at its end.
func (l *letterCommand) Run(c console) error {
	out := json.NewEncoder(c.out)
	out.SetEscapeHTML(false)
	var failed error
	for _, name := range l.Files {
		raw, err := os.ReadFile(name)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if err := out.Encode(eml.Read(name, raw)); err != nil {
			return err
		}
	}
	return failed
}

type migrateCommand struct{}

func (*migrateCommand) Run(ctx context.Context, s *databaseSettings, c console) error {
	db, err := openDatabase(ctx, s, false, quiet(c))
	if err != nil {
		return err
	}
	defer db.close()
	before, _, err := migrations.Versions(ctx, db.url)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, db.url); err != nil {
		return err
	}
	after, _, err := migrations.Versions(ctx, db.url)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "schema version %d, was %d\n", after, before)
	return nil
}

type replayCommand struct {
	IDs []core.InboundID `arg:"" name:"id" help:"Ids of mails, from the mail log."`
}

// Run gives the mails back to the intake of whichever process serves. Who can
// run commands on this machine is as good as an owner.
func (r *replayCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	operator := core.Actor{Role: core.RoleOwner, Enabled: true, Name: "the operator"}
	return withDesk(ctx, db, c, func(desk *core.Desk) error {
		var failed error
		for _, id := range r.IDs {
			switch err := desk.Replay(ctx, operator, id); {
			case errors.Is(err, core.ErrNotFound):
				failed = errors.Join(failed, fmt.Errorf("mail %d: there is no such mail", id))
			case err != nil:
				failed = errors.Join(failed, err)
			default:
				fmt.Fprintf(c.out, "mail %d: due again\n", id)
			}
		}
		return failed
	})
}

type versionCommand struct{}

func (versionCommand) Run(c console) error {
	fmt.Fprintln(c.out, "postdesk", version)
	return nil
}
