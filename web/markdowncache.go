package web

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// Reading an article costs its rendering, and the worst text takes seconds: a page
// that everybody may ask for shows again what was made of the same text before. That
// is a pure function of the text, so another process has nothing to agree on.

// mostRendered bounds what is kept, in bytes of HTML and text.
const mostRendered = 8 << 20

// A markdownCache keeps the articles that were shown last.
type markdownCache struct {
	mu     sync.Mutex
	size   int
	recent *list.List // of *keptArticle, the last shown first
	known  map[[sha256.Size]byte]*list.Element
}

type keptArticle struct {
	of  [sha256.Size]byte // digest of its source
	doc renderedArticle
}

func (k *keptArticle) size() int { return len(k.doc.HTML) + len(k.doc.Text) + 1024 }

func newMarkdownCache() *markdownCache {
	return &markdownCache{recent: list.New(), known: map[[sha256.Size]byte]*list.Element{}}
}

// render is renderMarkdown, but for the time. Nobody may change what it gives.
func (c *markdownCache) render(src string) renderedArticle {
	of := sha256.Sum256([]byte(src))
	if doc, ok := c.find(of); ok {
		return doc
	}
	doc := renderMarkdown(src) // not under the lock: others are shown meanwhile
	c.keep(&keptArticle{of, doc})
	return doc
}

func (c *markdownCache) find(of [sha256.Size]byte) (renderedArticle, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.known[of]
	if !ok {
		return renderedArticle{}, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*keptArticle).doc, true
}

func (c *markdownCache) keep(k *keptArticle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[k.of] != nil || k.size() > mostRendered {
		return
	}
	c.known[k.of] = c.recent.PushFront(k)
	for c.size += k.size(); c.size > mostRendered; {
		last := c.recent.Remove(c.recent.Back()).(*keptArticle)
		c.size -= last.size()
		delete(c.known, last.of)
	}
}
