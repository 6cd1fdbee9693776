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

// printed is made once, so that a page is parsed once.
var printed = sync.OnceValues(printAll)

func printAll() (p printing, err error) {
	if p.assets, err = tagAssets(); err != nil {
		return p, err
	}
	if p.english, err = pagesOf(language.English, p.assets); err != nil {
		return p, err
	}
	p.german, err = pagesOf(language.German, p.assets)
	return p, err
}
