package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/foxcpp/go-mockdns"
)

// A dnsTemper is how names are answered.
type dnsTemper struct {
	each  bool          // each sender has a domain
	after time.Duration // so long after the question
}

// A slowDNS stands before a name server and passes its answers on later.
type slowDNS struct {
	behind *mockdns.Server
	front  net.PacketConn
}

func startSlowDNS(senders int, t dnsTemper) (*slowDNS, error) {
	zones := map[string]mockdns.Zone{}
	add := func(domain string) {
		zones[domain+"."] = mockdns.Zone{TXT: []string{"v=spf1 ip4:127.0.0.1 -all"}}
		zones["_dmarc."+domain+"."] = mockdns.Zone{TXT: []string{"v=DMARC1; p=reject"}}
	}
	add(senderDomain)
	for n := 1; t.each && n <= senders; n++ {
		add(fmt.Sprintf("d%d.%s", n, senderDomain))
	}
	behind, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		return nil, err
	}
	d := &slowDNS{behind: behind}
	if t.after == 0 {
		return d, nil
	}
	if d.front, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, behind.Close())
	}
	go d.serve(t.after)
	return d, nil
}

func (d *slowDNS) addr() string {
	if d.front != nil {
		return d.front.LocalAddr().String()
	}
	return d.behind.LocalAddr().String()
}

// Close ends the server.
func (d *slowDNS) Close() {
	if d.front != nil {
		_ = d.front.Close()
	}
	_ = d.behind.Close()
}

func (d *slowDNS) serve(after time.Duration) {
	for {
		question := make([]byte, 1500)
		n, from, err := d.front.ReadFrom(question)
		if err != nil {
			return
		}
		time.AfterFunc(after, func() { d.answer(question[:n], from) })
	}
}

// answer asks the server behind. Who gets no answer asks again, as with any other.
func (d *slowDNS) answer(question []byte, to net.Addr) {
	conn, err := net.Dial("udp", d.behind.LocalAddr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write(question); err != nil {
		return
	}
	answer := make([]byte, 4096)
	if n, err := conn.Read(answer); err == nil {
		_, _ = d.front.WriteTo(answer[:n], to)
	}
}
