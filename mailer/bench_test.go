package mailer

import (
	"bytes"
	"testing"

	"postdesk/core"
)

// BenchmarkCompose has a bound: 0.3 ms a mail.
func BenchmarkCompose(b *testing.B) {
	reply := outgoings()["reply"]
	withFile := reply
	withFile.Files = []core.File{{Name: "invoice.pdf", ContentType: "application/pdf", Content: bytes.Repeat([]byte("0123456789abcdef"), 20<<10/16)}}
	for _, mail := range []struct {
		name string
		o    core.Outgoing
	}{{"reply", reply}, {"reply with 20 KB", withFile}, {"acknowledgement", outgoings()["acknowledgement"]}} {
		b.Run(mail.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compose(&mail.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
