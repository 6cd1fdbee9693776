package main

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"time"
)

// chatTime bounds one dialogue.
const chatTime = 8 * time.Second

// chat holds a dialogue and gives the first line of the gateway that is no reply
// of SMTP, if there was one.
func chat(addr string, d dialogue) (odd string, err error) {
	c, err := net.DialTimeout("tcp", addr, chatTime)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(chatTime))
	in := bufio.NewReader(c)
	if d.tls != noTLS {
		if c, in = startTLS(c, in, d.tls); c == nil {
			return "", nil
		}
	}
	heard := make(chan string, 1)
	go func() { heard <- listenTo(in) }()
	for _, p := range d.pieces {
		pause(p.wait)
		if _, err := c.Write(p.octets); err != nil {
			break // it has hung up, as it may
		}
	}
	leave(c, d.end)
	return <-heard, nil
}

// leave ends a dialogue and, unless the client wants to hear more, the hearing.
func leave(c net.Conn, end ending) {
	tcp, plain := c.(*net.TCPConn)
	switch {
	case end == endRST && plain:
		_ = tcp.SetLinger(0)
		_ = c.Close()
	case end == endClose, end == endRST:
		_ = c.Close()
	case end == endFIN:
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	default:
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	}
}

// listenTo reads to the end and gives the first whole line that is no reply.
func listenTo(in *bufio.Reader) (odd string) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return odd
		}
		if odd == "" && !isReplyLine(line) {
			odd = line
		}
	}
}

func isReplyLine(line string) bool {
	text, ended := strings.CutSuffix(line, "\r\n")
	return ended && len(text) >= 4 && text[0] >= '2' && text[0] <= '5' && text[1] >= '0' && text[1] <= '9' &&
		text[2] >= '0' && text[2] <= '9' && (text[3] == ' ' || text[3] == '-') && !strings.ContainsAny(text, "\r\x00")
}

// startTLS asks for TLS and does with it what d wishes. It gives nil if the
// gateway hung up.
func startTLS(c net.Conn, in *bufio.Reader, wish tlsWish) (net.Conn, *bufio.Reader) {
	if _, err := c.Write([]byte("EHLO " + senderDomain + "\r\nSTARTTLS\r\n")); err != nil {
		return nil, nil
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, nil
		}
		if strings.HasPrefix(line, "220 2.0.0") {
			break
		}
	}
	switch wish {
	case goodTLS:
		secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		if secure.Handshake() != nil {
			return nil, nil
		}
		return secure, bufio.NewReader(secure)
	case brokenTLS: // a ClientHello that promises more than comes
		_, _ = c.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 0, 0, 0, 0})
		return c, bufio.NewReader(nothing{}) // what TLS answers is no reply
	default:
		return c, bufio.NewReader(nothing{})
	}
}

// nothing is at its end.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, net.ErrClosed }
