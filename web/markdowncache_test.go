package web

import (
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestAnArticleIsKeptAsItIsRenderedAndTheLeastShownIsForgotten(t *testing.T) {
	t.Parallel()
	c := newMarkdownCache()
	for _, src := range []string{"", "# A\n\n*b*", "# A\n\n*b*", "## C"} {
		if got := c.render(src); !reflect.DeepEqual(got, renderMarkdown(src)) {
			t.Errorf("%q becomes %v", src, got)
		}
	}
	if len(c.known) != 3 {
		t.Errorf("%d texts are kept", len(c.known))
	}
	long := strings.Repeat("word ", mostRendered/100)
	for i := range 12 { // a third more than there is room for
		c.render(long + strings.Repeat("x", i))
		c.render("## C") // shown all the time
	}
	if c.size > mostRendered || len(c.known) != c.recent.Len() || c.size < mostRendered/2 {
		t.Errorf("%d bytes of %d are kept, in %d of %d", c.size, mostRendered, len(c.known), c.recent.Len())
	}
	if c.recent.Front().Value.(*keptArticle).doc.TOC[0].Title != "C" {
		t.Error("what is shown all the time was forgotten")
	}
	var sum int
	for e := c.recent.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*keptArticle).size()
	}
	if sum != c.size {
		t.Errorf("%d bytes are kept, %d are counted", sum, c.size)
	}
}

func TestManyReadersShareWhatIsKept(t *testing.T) {
	t.Parallel()
	c := newMarkdownCache()
	var readers sync.WaitGroup
	for i := range 8 {
		readers.Go(func() {
			for n := range 50 {
				if doc := c.render(strings.Repeat("a ", (i+n)%7+1)); !strings.HasPrefix(string(doc.HTML), "<p>a") {
					t.Errorf("%s", doc.HTML)
				}
			}
		})
	}
	readers.Wait()
	if len(c.known) != 7 {
		t.Errorf("%d texts are kept", len(c.known))
	}
}
