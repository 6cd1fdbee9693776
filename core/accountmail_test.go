package core_test

import (
	"errors"
	"path"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// mailed claims the next mail as the courier does, and gives its link's secret.
func mailed(t *testing.T, d coretest.Desk) (core.Delivery, string) {
	t.Helper()
	c, err := d.ClaimDelivery(t.Context())
	if err != nil || c.Outgoing == nil {
		t.Fatalf("claim: %+v %v", c, err)
	}
	return c, path.Base(c.Outgoing.Link)
}

func TestTheLinkOfAMailWorksOnceItIsComposedAndANewerMailKillsIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://help.desk.test"})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	u, err := d.CreateUser(ctx, owner, core.NewUser{Email: "cara@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	c, first := mailed(t, d)
	if c.Recipient != u.Primary() || c.Purpose != core.PurposeVerify || c.Outgoing.Link != "https://help.desk.test/accept/"+first {
		t.Errorf("%+v", c.Outgoing)
	}
	if _, err := d.Link(ctx, first); err != nil {
		t.Errorf("the link of the mail: %v", err)
	}
	if err := d.RequestReset(ctx, "cara@acme.test", "c"); err != nil {
		t.Fatal(err)
	}
	if err := d.SendAccountMail(ctx, owner, u.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, first); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the older link: %v", err)
	}
	links := map[core.DeliveryPurpose]string{}
	for range 2 {
		c, secret := mailed(t, d)
		links[c.Purpose] = secret
	}
	if _, _, err := d.AcceptLink(ctx, links[core.PurposeVerify], core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, links[core.PurposeReset]); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the reset asked before the address proved itself: %v", err)
	}
	if err := d.SendAccountMail(ctx, owner, u.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("asking somebody with a password: %v", err)
	}
	if _, err := d.ClaimDelivery(ctx); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("mail is left: %v", err)
	}
}

func TestProvingAnAddressEndsWhatWasPendingBefore(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	evil := who
	evil.Address = address(t, "mallory@evil.test")
	pending := link(t, d, core.LinkVerify, evil)
	d.Exec(t, `update users set password_hash = 'x' where id = $1`, who.ID) // of whoever began it
	if err := d.AddIdentity(ctx, who, who.ID, "second@evil.test"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkReset, who), core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, pending, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the address that somebody was adding: %v", err)
	}
	if s := d.Text(t, `select string_agg(state, ' ') from deliveries`); s != "failed" {
		t.Errorf("the mail to it is %s", s)
	}
	u, err := d.User(ctx, who, who.ID)
	if err != nil || len(u.Addresses) != 1 {
		t.Errorf("%+v %v", u.Addresses, err)
	}
}

func TestAnAcknowledgementOutlivesTheLinkInIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	c := d.Conversation(t, who, "help")
	d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, conversation_id, mailbox_id, bounce_name, id_name, automatic, link_purpose)
		values ('acknowledgement', 'queued', 'cara@acme.test', $1, $2, $3, $4, $5, true, 'verify')`,
		who.ID, c, d.Mailbox, int64(core.NewRowName()), int64(core.NewRowName()))
	if err := d.SendAccountMail(ctx, owner, who.ID); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state || ' ' || coalesce(link_purpose, 'plain') from deliveries where purpose = 'acknowledgement'`); got != "queued plain" {
		t.Errorf("the acknowledgement is %s", got)
	}
}

func TestWhatNoLongerCountsIsForgotten(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	who := d.Customer(t, "cara@acme.test")
	young := link(t, d, core.LinkVerify, who)
	link(t, d, core.LinkReset, who)
	d.Exec(t, `update links set expires_at = now() - interval '31 days' where purpose = 'reset'`)
	d.Exec(t, `insert into sign_in_attempts values ('client a', now() - interval '2 days'), ('client b', now())`)
	d.Exec(t, `insert into sessions values ('old', '', now() - interval '1 minute'), ('new', '', now() + interval '1 hour')`)
	if err := d.TidyAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := d.Text(t, `select concat((select count(*) from links), (select count(*) from sign_in_attempts), (select count(*) from sessions))`)
	if _, err := d.Link(t.Context(), young); err != nil || got != "111" {
		t.Errorf("left %s, want one of each: %v", got, err)
	}
}
