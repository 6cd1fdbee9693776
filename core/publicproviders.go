package core

import (
	_ "embed"
	"strings"
)

// publicProviders lists domains at which everybody can have a mailbox, one a
// line. Sub-domains of them count too.
//
//go:embed publicproviders.txt
var publicProviders string

// publicProvider tells a domain at, below, or above which strangers have
// mailboxes: co.uk is as bad as yahoo.co.uk.
func publicProvider(domain string) bool {
	for line := range strings.Lines(publicProviders) {
		provider := strings.TrimSpace(line)
		if provider == "" || provider[0] == '#' {
			continue
		}
		if domain == provider || strings.HasSuffix(domain, "."+provider) || strings.HasSuffix(provider, "."+domain) {
			return true
		}
	}
	return false
}
