package web

import (
	"sync"

	"postdesk/core/language"
)

// A printing is what all servers of a program have in common: it is made of the
// embedded files alone.
type printing struct {
	english, german pages
	assets          assets
}

// printed is made once: parsing all pages takes a third of a second of a processor.
var printed = sync.OnceValues(printAll)

func printAll() (p printing, err error) {
	if p.assets, err = tagAssets(); err != nil {
		return p, err
	}
	if p.english, err = parsePages(); err != nil {
		return p, err
	}
	p.german, err = p.english.in(language.German)
	return p, err
}
