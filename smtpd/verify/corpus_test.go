package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The corpus stands beside the repository and is not part of it.
const dkimCorpus = "../../../shared/corpus/auth/dkim"

// dkimVectors is how many are judged as published, or more strictly.
const dkimVectors = 10

// Two vectors are judged more strictly here than by the program that they come
// from: we check eight signatures where it checks five, and none with l=.
var stricter = map[string]int{
	"002-chasquid-too-many-headers.json": 7,
	"008-chasquid-limited-body.json":     2,
}

func TestTheDKIMVectorsAreJudgedAsPublished(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join(dkimCorpus, "*.json"))
	if len(files) == 0 {
		t.Skip("no corpus beside the repository")
	}
	right := 0
	for _, file := range files {
		var vector struct {
			DNS      map[string]string `json:"dns_txt"`
			Expected struct{ Valid int }
		}
		readJSON(t, file, &vector)
		raw, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".eml")
		if err != nil {
			t.Fatal(err)
		}
		want := vector.Expected.Valid
		if n, ok := stricter[filepath.Base(file)]; ok {
			want = n
		}
		if got := passing(t, vector.DNS, raw); got != want {
			t.Errorf("%s: %d signatures pass, want %d", filepath.Base(file), got, want)
			continue
		}
		right++
	}
	t.Logf("DKIM vectors: %d of %d", right, len(files))
	if right < dkimVectors {
		t.Errorf("%d DKIM vectors are judged as published, %d were before", right, dkimVectors)
	}
}

func passing(t *testing.T, records map[string]string, raw []byte) (n int) {
	t.Helper()
	zone := txts{}
	for name, record := range records {
		switch record {
		case "TEMPERROR":
			record = "SERVFAIL"
		case "PERMERROR":
			continue // a name that does not exist
		}
		zone[name] = record
	}
	resolver, _ := serve(t, zone, nil)
	m := split(raw)
	l := newLookups(resolver, time.Second, maxQueries, 1)
	for _, s := range askDKIM(t.Context(), l, m, m.signatures("acme.test"), fromOf(t, m), time.Now()) {
		if s.problem == "" {
			n++
		} else {
			t.Logf("%s: %s", s.domain, s.problem)
		}
	}
	return n
}

// fromOf is the address in angle brackets of the From field.
func fromOf(t *testing.T, m mail) string {
	t.Helper()
	for _, f := range m.fields {
		if f.is("from") {
			_, address, _ := strings.Cut(f.value(), "<")
			address, _, _ = strings.Cut(address, ">")
			return address
		}
	}
	t.Fatal("no From")
	return ""
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(file, err)
	}
}
