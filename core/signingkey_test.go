package core_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// openAgain is a second process on the same database.
func openAgain(t *testing.T, d coretest.Desk, cfg core.Config) *core.Desk {
	t.Helper()
	desk, err := core.Open(t.Context(), d.Pool, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

// signs tells that what the signer signs is what the record lets others verify.
func signs(t *testing.T, s core.Signer, k core.SigningKey) bool {
	t.Helper()
	_, p, ok := strings.Cut(k.Record(), "v=DKIM1; k=rsa; p=")
	der, err := base64.StdEncoding.DecodeString(p)
	if !ok || err != nil {
		t.Fatalf("record %q: %v", k.Record(), err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("words"))
	signature, err := s.Key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key := public.(*rsa.PublicKey)
	return key.N.BitLen() == 2048 && s.Domain == k.Domain && s.Selector == k.Selector && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}

func signerOf(t *testing.T, d *core.Desk, domain string) core.Signer {
	t.Helper()
	s, err := d.Signer(t.Context(), domain)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keysOf(t *testing.T, d *core.Desk, admin core.Actor) []core.SigningKey {
	t.Helper()
	keys, err := d.SigningKeys(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestEveryDomainOfAMailboxHasOneKeyThatSigns(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	d.Exec(t, `insert into mailboxes (address, name) values ('sales@desk.test', 'Sales'), ('me@localhost', 'Me')`)
	for range 2 {
		if err := d.MakeSigningKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.CreateMailbox(t.Context(), admin, "Hilfe@Bücher.test", ""); err != nil {
		t.Fatal(err)
	}
	keys := keysOf(t, d.Desk, admin)
	if len(keys) != 2 || keys[0].Domain != "desk.test" || keys[1].Domain != "xn--bcher-kva.test" {
		t.Fatalf("keys %+v", keys)
	}
	for _, k := range keys {
		if !k.Signs() || k.Waits() || !k.RecordUntil().IsZero() || !signs(t, signerOf(t, d.Desk, k.Domain), k) {
			t.Errorf("key %+v", k)
		}
		if !regexp.MustCompile(`^pd20\d{6}-[a-z2-7]{8}\._domainkey\.` + regexp.QuoteMeta(k.Domain) + `$`).MatchString(k.RecordName()) {
			t.Errorf("record at %s", k.RecordName())
		}
	}
	if _, err := d.Signer(t.Context(), "localhost"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a name of this machine: %v", err)
	}
}

func TestDesksThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	desks := []*core.Desk{d.Desk, openAgain(t, d, core.Config{}), openAgain(t, d, core.Config{})}
	signers := make([]core.Signer, 2*len(desks))
	var all sync.WaitGroup
	for i := range signers {
		all.Go(func() { signers[i], _ = desks[i/2].Signer(t.Context(), "desk.test") })
	}
	all.Wait()
	keys := keysOf(t, d.Desk, admin)
	if len(keys) != 1 {
		t.Fatalf("%d keys", len(keys))
	}
	for i, s := range signers {
		if s.Key == nil || !signs(t, s, keys[0]) {
			t.Errorf("signer %d signs with another key", i)
		}
	}
}

func TestASigningKeyIsWrappedUnderTheSecret(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{Secret: "one"})
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	signerOf(t, d.Desk, "desk.test")
	stored := func() []byte {
		var private []byte
		if err := d.Pool.QueryRow(t.Context(), `select private from signing_keys`).Scan(&private); err != nil {
			t.Fatal(err)
		}
		return private
	}
	if _, err := x509.ParsePKCS8PrivateKey(stored()); err == nil || d.Text(t, `select wrapped::text from signing_keys`) != "true" {
		t.Error("the key stands there bare")
	}
	if !signs(t, signerOf(t, openAgain(t, d, core.Config{Secret: "one"}), "desk.test"), keysOf(t, d.Desk, admin)[0]) {
		t.Error("with the secret, another process signs otherwise")
	}
	// Its token keys would not let it open, but what is said of this key counts too.
	d.Exec(t, `update keys set wrapped = false, secret = sha256('a')`)
	for secret, want := range map[string]string{"two": "POSTDESK_SECRET is not the one", "": "it is wrapped"} {
		if _, err := openAgain(t, d, core.Config{Secret: secret}).Signer(t.Context(), "desk.test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("secret %q: %v", secret, err)
		}
	}
	if d.Text(t, `select count(*)::text from signing_keys`) != "1" {
		t.Error("another key was made in its place")
	}
}

func TestAKeyIsRotatedInTwoSteps(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, ctx := d.Person(t, core.RoleAdmin, "ada@people.test"), t.Context()
	before := signerOf(t, d.Desk, "desk.test")
	next, err := d.MakeSigningKey(ctx, admin, "desk.test")
	if err != nil || !next.Waits() || next.Signs() {
		t.Fatalf("%+v, %v", next, err)
	}
	if _, err := d.MakeSigningKey(ctx, admin, "desk.test"); !errors.Is(err, core.ErrConflict) {
		t.Errorf("a second one that waits: %v", err)
	}
	if s := signerOf(t, openAgain(t, d, core.Config{}), "desk.test"); s.Selector != before.Selector {
		t.Error("the waiting key signs")
	}
	if err := d.ActivateSigningKey(ctx, admin, next.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.ActivateSigningKey(ctx, admin, next.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
	keys := keysOf(t, d.Desk, admin)
	if len(keys) != 2 || !keys[0].Signs() || keys[0].ID != next.ID || keys[1].RetiredAt == nil || keys[1].Signs() || keys[1].Waits() {
		t.Fatalf("keys %+v", keys)
	}
	if until := keys[1].RecordUntil(); until.Sub(*keys[1].RetiredAt) < 5*24*time.Hour {
		t.Errorf("mail that waits for 5 days outlives the record: until %s", until)
	}
	for _, desk := range []*core.Desk{d.Desk, openAgain(t, d, core.Config{})} {
		if !signs(t, signerOf(t, desk, "desk.test"), keys[0]) {
			t.Error("the new key does not sign")
		}
	}
	if d.Text(t, `select length(private)::text from signing_keys where retired_at is not null`) != "0" {
		t.Error("a retired key can still sign")
	}
	acts := d.Text(t, `select string_agg(act || ' ' || object || ' ' || (detail->>'selector'), ', ' order by id) from audit where act like 'signing.%'`)
	if want := "signing.made domain desk.test " + next.Selector + ", signing.retired domain desk.test " + before.Selector + ", signing.activated domain desk.test " + next.Selector; acts != want {
		t.Errorf("audit %s, want %s", acts, want)
	}
	if open, err := core.SigningKeysOf(ctx, d.Pool); err != nil || len(open) != 1 || open[0].ID != next.ID {
		t.Errorf("of a closed desk: %+v, %v", open, err)
	}
}

// A held mail may leave long after its key was retired.
func TestTheRecordOfARetiredKeyStaysWhileItsMailIsHeld(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, abe := d.Person(t, core.RoleAdmin, "ada@people.test"), d.Person(t, core.RoleAgent, "abe@people.test")
	signerOf(t, d.Desk, "desk.test")
	if _, err := d.Reply(t.Context(), abe, d.Conversation(t, d.Person(t, core.RoleCustomer, "cara@acme.test"), "parcels"), core.ReplyForm{Text: "Yes."}); err != nil {
		t.Fatal(err)
	}
	next, err := d.MakeSigningKey(t.Context(), admin, "desk.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ActivateSigningKey(t.Context(), admin, next.ID); err != nil {
		t.Fatal(err)
	}
	unsent := func() string {
		keys := keysOf(t, d.Desk, admin)
		return fmt.Sprint(keys[0].Unsent, keys[1].Unsent)
	}
	if got := unsent(); got != "false true" {
		t.Errorf("while a mail is held: %s", got)
	}
	d.Exec(t, `update deliveries set state = 'failed'`)
	if got := unsent(); got != "false false" {
		t.Errorf("after it: %s", got)
	}
}

func TestTwoAdminsAtOnceMakeOneKeyAndUseItOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	signerOf(t, d.Desk, "desk.test")
	desks := []*core.Desk{d.Desk, openAgain(t, d, core.Config{})}
	count := func(do func(*core.Desk) error) (well, refused int) {
		results := make([]error, len(desks))
		var all sync.WaitGroup
		for i, desk := range desks {
			all.Go(func() { results[i] = do(desk) })
		}
		all.Wait()
		for _, err := range results {
			if err == nil {
				well++
			} else if errors.Is(err, core.ErrConflict) {
				refused++
			} else {
				t.Error(err)
			}
		}
		return well, refused
	}
	if well, refused := count(func(desk *core.Desk) error {
		_, err := desk.MakeSigningKey(t.Context(), admin, "desk.test")
		return err
	}); well != 1 || refused != 1 {
		t.Errorf("made %d, refused %d", well, refused)
	}
	next := keysOf(t, d.Desk, admin)[0]
	if well, refused := count(func(desk *core.Desk) error { return desk.ActivateSigningKey(t.Context(), admin, next.ID) }); well != 1 || refused != 1 {
		t.Errorf("used %d, refused %d", well, refused)
	}
}

func TestOnlyThoseWhoAdministerSeeAndRotateKeys(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	waiting, err := d.MakeSigningKey(t.Context(), admin, "desk.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range core.Roles() {
		actor := d.Person(t, role, string(role)+"@people.test")
		_, seen := d.SigningKeys(t.Context(), actor)
		_, made := d.MakeSigningKey(t.Context(), actor, "desk.test")
		used := d.ActivateSigningKey(t.Context(), actor, waiting.ID+1)
		for i, err := range []error{seen, made, used} {
			if may := slices.Contains([]core.Role{core.RoleAdmin, core.RoleOwner}, role); errors.Is(err, core.ErrForbidden) == may {
				t.Errorf("%s, deed %d: %v", role, i, err)
			}
		}
	}
	for _, domain := range []string{"acme.test", "", "localhost", "DESK.test"} {
		if _, err := d.MakeSigningKey(t.Context(), admin, domain); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("a key for %q: %v", domain, err)
		}
	}
	if err := d.ActivateSigningKey(t.Context(), admin, waiting.ID+1); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
}
