package verify

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// The ARC suite of ValiMail stands beside the repository and is not part of it.
const arcSuite = "../../../shared/corpus/auth/arc/validation-part-a.yml"

// arcVectors is how many of the suite are judged as published.
const arcVectors = 90

// An arcScenario is one document of the suite. Some of its tests share a name.
type arcScenario struct {
	Description string
	Tests       yaml.Node
	TXT         map[string]string `yaml:"txt-records"`
}

func TestTheARCVectorsAreJudgedAsPublished(t *testing.T) {
	t.Parallel()
	right, all := 0, 0
	for _, s := range readARCSuite(t) {
		resolver, _ := serve(t, s.TXT, nil)
		for i := 0; i+1 < len(s.Tests.Content); i += 2 {
			name := s.Tests.Content[i].Value
			var test struct{ Message, CV string }
			if err := s.Tests.Content[i+1].Decode(&test); err != nil {
				t.Fatal(name, err)
			}
			all++
			words := askARC(t.Context(), newLookups(resolver, 10*time.Second, maxQueries, 0), split([]byte(test.Message)), time.Now())
			got, _, _ := strings.Cut(words, " ")
			if want := strings.ToLower(strings.TrimSpace(test.CV)); strings.TrimSuffix(got, ":") != want && !(want == "" && got == "fail") {
				t.Errorf("%s: %s: %q, want %q", s.Description, name, words, want)
				continue
			}
			right++
		}
	}
	t.Logf("ARC vectors: %d of %d", right, all)
	if right < arcVectors {
		t.Errorf("%d ARC vectors are judged as published, %d were before", right, arcVectors)
	}
}

func readARCSuite(t *testing.T) (scenarios []arcScenario) {
	t.Helper()
	raw, err := os.ReadFile(arcSuite)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no corpus beside the repository")
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var s arcScenario
		err := decoder.Decode(&s)
		if errors.Is(err, io.EOF) {
			return scenarios
		}
		if err != nil {
			t.Fatal(err)
		}
		scenarios = append(scenarios, s)
	}
}
