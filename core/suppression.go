package core

import "time"

// A Suppression is an address that reported a permanent failure: mail to it
// fails at once (mail-law section 6).
type Suppression struct {
	Address   Address
	Reason    string
	Delivery  DeliveryID // 0: since deleted
	CreatedAt time.Time
}
