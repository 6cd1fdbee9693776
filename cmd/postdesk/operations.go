package main

import "time"

// operations are settings for who runs this program, not for what it does.
type operations struct {
	StopDelay time.Duration `help:"How long /readyz says no before the listeners close, so that a balancer sends nobody here any more. Comes on top of the 30 s in which a stop ends." env:"POSTDESK_STOP_DELAY" default:"0s" name:"stop-delay"`
}
