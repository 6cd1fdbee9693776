package localpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNoPostgreSQL is returned when no installed PostgreSQL fits: none at all,
// only ones older than 15, or not the one that made the cluster. The text says
// how to install it here.
var ErrNoPostgreSQL = errors.New("no suitable PostgreSQL is installed")

const oldestMajor = 15

// binaries is a folder with postgres and initdb of one major version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// chooseBinaries picks the PostgreSQL that made the cluster, or the newest if
// there is no cluster yet.
func chooseBinaries(cluster string) (binaries, error) {
	want := 0
	if made, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION")); err == nil {
		if want, err = strconv.Atoi(strings.TrimSpace(string(made))); err != nil {
			return binaries{}, fmt.Errorf("PG_VERSION of %s: %w", cluster, err)
		}
	}
	found := installed(searchFolders(os.Getenv))
	if best, ok := pick(found, want); ok {
		return best, nil
	}
	return binaries{}, missing(found, want, cluster)
}

func pick(found []binaries, want int) (best binaries, ok bool) {
	for _, b := range found {
		fits := b.major >= oldestMajor
		if want != 0 {
			fits = b.major == want
		}
		if fits && b.major > best.major {
			best, ok = b, true
		}
	}
	return best, ok
}

func missing(found []binaries, want int, cluster string) error {
	need := fmt.Sprintf("version %d or later is needed", oldestMajor)
	if want != 0 {
		need = fmt.Sprintf("the data in %s needs version %d", cluster, want)
	}
	have := "found none"
	if len(found) > 0 {
		names := make([]string, len(found))
		for i, b := range found {
			names[i] = fmt.Sprintf("%d in %s", b.major, b.dir)
		}
		have = "found " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%w: %s, %s; %s; or name a server of your own with --database-url",
		ErrNoPostgreSQL, need, have, installLine(want))
}

// searchFolders lists where PostgreSQL's programs may lie. PGBINDIR, when set,
// is the only one: who names a folder means it.
func searchFolders(getenv func(string) string) []string {
	if dir := getenv("PGBINDIR"); dir != "" {
		return []string{dir}
	}
	var dirs []string
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		// A link leads to the folder where initdb and the libraries lie as well.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PostgreSQL's own packages for Red Hat
		"/usr/libexec/postgresql*",  // Alpine
		"/usr/lib/postgresql*/bin",  // SUSE
		"/usr/local/pgsql/bin",      // built from source
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		matches, _ := filepath.Glob(pattern) // only a bad pattern fails
		dirs = append(dirs, matches...)
	}
	return dirs
}

// installed asks each folder's postgres for its version.
func installed(dirs []string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || slices.ContainsFunc(found, func(b binaries) bool { return b.dir == real }) {
			continue
		}
		if major := majorOf(real); major != 0 {
			found = append(found, binaries{dir: real, major: major})
		}
	}
	return found
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf returns 0 for a folder that cannot both make and run a cluster.
func majorOf(dir string) int {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return 0
	}
	major, _ := strconv.Atoi(string(m[1])) // digits; too many of them are 0, which is no version
	return major
}
