package mailer

import (
	"context"

	"postdesk/core"
)

// memoryForMails bounds the large mails that all lanes carry at once, in octets. A
// mail is in memory about four times while it is composed and signed, and once while
// it is sent.
const memoryForMails = 128 << 20

// carryInMemory waits until there is memory for the mail. Where that takes too long
// for its claim, the mail is given back.
func (l *lane) carryInMemory(ctx, carrying context.Context, mail core.Delivery) (goOn bool, err error) {
	size := min(mail.Size, memoryForMails)
	if size <= inOneWrite {
		return l.carry(carrying, mail)
	}
	waiting, cancel := context.WithDeadline(ctx, l.batch.claimed.Add(freshFor))
	defer cancel()
	if l.courier.memory.Acquire(waiting, size) != nil {
		l.courier.giveBack(carrying, []core.Delivery{mail})
		return false, l.recorded()
	}
	defer l.courier.memory.Release(size)
	return l.carry(carrying, mail)
}
