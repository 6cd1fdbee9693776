// Package web is the desk's pages and its HTTP API.
//
// It promises that every page works without scripts, that a page is finished
// bytes before the first of them leaves, that nothing changes on GET but the
// reader's own mark of having read, and that what a mail brought is shown only
// where it can do nothing. It decides no right itself: it asks core, and hides
// what core would refuse. It never reads MIME, never opens a connection, and
// never builds a link from what a request says about itself.
package web
