package core_test

import (
	"bytes"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestKeysOfCertificatesAreWrappedLikeAllKeys(t *testing.T) {
	t.Parallel()
	const pem = "-----BEGIN EC PRIVATE KEY-----\nsecret\n"
	for _, secret := range []string{"", "a secret of the instance"} {
		d := coretest.OpenDesk(t, core.Config{Secret: secret})
		if err := d.StoreCertificate(t.Context(), "desk.acme.test", []byte(pem)); err != nil {
			t.Fatal(err)
		}
		stored := d.Text(t, `select encode(data, 'escape') from certificates`)
		if strings.Contains(stored, "PRIVATE") != (secret == "") {
			t.Errorf("with the secret %q is stored: %s", secret, stored)
		}
		got, err := d.Certificate(t.Context(), "desk.acme.test")
		if err != nil || !bytes.Equal(got, []byte(pem)) {
			t.Errorf("with the secret %q: %q (%v)", secret, got, err)
		}
		if secret == "" {
			continue
		}
		// What was stored before there was a secret can still be read.
		d.Exec(t, `update certificates set data = convert_to($1, 'UTF8')`, pem)
		if got, err := d.Certificate(t.Context(), "desk.acme.test"); err != nil || string(got) != pem {
			t.Errorf("stored before the secret: %q (%v)", got, err)
		}
	}
}
