package mailer_test

import (
	"fmt"
	"time"

	"postdesk/core"
	"postdesk/mailer"
	"postdesk/mailer/mailertest"
)

func ExampleCompose() {
	raw, err := mailer.Compose(&core.Outgoing{
		Purpose:   core.PurposeReply,
		Instance:  "Acme Support",
		From:      core.NamedAddress{Name: "Acme Support", Address: "support@acme.test"},
		To:        []core.NamedAddress{{Name: "Cara", Address: "cara@customer.test"}},
		Subject:   "Re: Grüße",
		MessageID: "one@acme.test",
		Date:      time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC),
		Author:    "Abe Agent",
		Text:      "It is on its way.",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mail, err := mailertest.Parse(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mail.Field("Subject"))
	fmt.Print(mail.Text)
	// Output:
	// Re: Grüße
	// It is on its way.
	//
	// Abe Agent
}
