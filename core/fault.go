package core

// A Point is a place between two steps of a mail's way, where a proof of
// reliability ends the process. Only a program that is built with the tag faults
// knows how (fault_on.go); in every other one, Passing does nothing.
type Point string

// The points, in the order in which a mail passes them.
const (
	PointStored   Point = "stored"   // the raw mail is inserted, not committed
	PointAccepted Point = "accepted" // committed, the 250 not said
	PointParsed   Point = "parsed"   // read, not filed
	PointFiling   Point = "filing"   // in the midst of the transaction that files
	PointEnqueued Point = "enqueued" // the outgoing mail stands beside its cause, neither is committed
	PointFiled    Point = "filed"    // both are committed
	PointDot      Point = "dot"      // an outgoing mail's final dot was said, the answer not read
	PointSent     Point = "sent"     // the next server has taken it, which is not recorded
	PointRecorded Point = "recorded" // it is
)

// A Fault is a promise that is broken on purpose, so that a proof can show that it
// would notice. In a program without the tag faults, Faulty is never true.
type Fault string

// The faults.
const (
	FaultAckFirst     Fault = "ack-first"     // the 250 comes before the commit
	FaultNoUniqueKey  Fault = "no-unique-key" // nothing recognises the same mail sent again
	FaultAsynchronous Fault = "asynchronous"  // synchronous_commit is off
	FaultOutboxApart  Fault = "outbox-apart"  // outgoing mail is written after the commit of its cause
	FaultClock        Fault = "clock"         // nothing is mended after the database's clock was set back
	FaultPoison       Fault = "poison"        // mail with a header for it makes the parser panic, hang or kill
)

// durable makes a transaction synchronous, whatever is set as default.
func durable() string {
	if Faulty(FaultAsynchronous) {
		return "set local synchronous_commit to off"
	}
	return durableSQL
}
