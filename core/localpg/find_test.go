package localpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pretend makes a folder whose postgres says that version.
func pretend(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheClustersVersionDecidesElseTheNewest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var dirs []string
	for _, version := range []string{"13.4", "15.13 (Debian 15.13-0+deb12u1)", "17beta2", "16.1"} {
		dirs = append(dirs, pretend(t, filepath.Join(root, strings.Fields(version)[0]), version))
	}
	found := installed(append(dirs, dirs[0], filepath.Join(root, "absent"), root))
	if len(found) != 4 {
		t.Fatalf("found %v, want four", found)
	}
	for want, major := range map[int]int{0: 17, 15: 15, 16: 16, 13: 13, 14: 0, 18: 0} {
		if got, ok := pick(found, want); got.major != major || ok != (major != 0) {
			t.Errorf("for a cluster of version %d: %v, %v, want %d", want, got, ok, major)
		}
	}
	if got, ok := pick(found[:1], 0); ok {
		t.Errorf("a new cluster is made with %v", got)
	}
}

func TestALinkInPATHLeadsToTheRealFolder(t *testing.T) {
	t.Parallel()
	real := pretend(t, filepath.Join(t.TempDir(), "real"), "16.2")
	bin := t.TempDir()
	if err := os.Symlink(filepath.Join(real, "postgres"), filepath.Join(bin, "postgres")); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PATH": "/nowhere:" + bin}
	dirs := searchFolders(func(name string) string { return env[name] })
	if !slices.Contains(dirs, real) || slices.Contains(dirs, bin) {
		t.Errorf("searched %v, want %s and not %s", dirs, real, bin)
	}
	env["PGBINDIR"] = "/opt/mine"
	if dirs := searchFolders(func(name string) string { return env[name] }); !slices.Equal(dirs, []string{"/opt/mine"}) {
		t.Errorf("with PGBINDIR searched %v", dirs)
	}
}

func TestTheErrorTellsWhatIsNeededFoundAndToInstall(t *testing.T) {
	t.Parallel()
	old := []binaries{{dir: "/usr/lib/postgresql/13/bin", major: 13}}
	for _, c := range []struct {
		found []binaries
		want  int
		says  []string
	}{
		{nil, 0, []string{"version 15 or later is needed, found none", "--database-url"}},
		{old, 0, []string{"version 15 or later is needed, found 13 in /usr/lib/postgresql/13/bin"}},
		{old, 16, []string{"the data in /data/postgres needs version 16, found 13"}},
	} {
		err := missing(c.found, c.want, "/data/postgres")
		if !errors.Is(err, ErrNoPostgreSQL) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v is not one line of ErrNoPostgreSQL", err)
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not say %q", err, part)
			}
		}
	}
}

func TestEachSystemGetsItsInstallLine(t *testing.T) {
	t.Parallel()
	const (
		debian  = "NAME=\"Debian\"\nID=debian\n"
		ubuntu  = "ID=ubuntu\nID_LIKE=debian\n"
		mint    = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"
		rocky   = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n"
		rocky10 = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"10.0\"\n"
	)
	for _, c := range []struct {
		goos, release string
		major         int
		want          string
	}{
		{"linux", debian, 0, "apt-get install postgresql"},
		{"linux", debian, 16, "apt-get install postgresql-16"},
		{"linux", ubuntu, 0, "apt-get install postgresql"},
		{"linux", mint, 0, "apt-get install postgresql"},
		{"linux", "ID=fedora\n", 0, "dnf install postgresql-server"},
		{"linux", rocky, 0, "dnf module install postgresql:15/server"},
		{"linux", rocky10, 0, "dnf install postgresql-server"},
		{"linux", "ID=rhel\n", 0, "dnf install postgresql-server"},
		{"linux", "ID=alpine\n", 17, "apk add postgresql17"},
		{"linux", "ID=arch\n", 0, "pacman -S postgresql"},
		{"linux", "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", 0, "zypper install postgresql-server"},
		{"darwin", "", 0, "brew install postgresql@17"},
		{"darwin", "", 16, "brew install postgresql@16"},
		{"freebsd", "", 0, "pkg install postgresql17-server"},
	} {
		if got := installOn(c.goos, c.release, c.major); got != "install it with: "+c.want {
			t.Errorf("%s %q %d: %s, want %s", c.goos, c.release, c.major, got, c.want)
		}
	}
	if got := installOn("linux", "", 0); got == "" || strings.Contains(got, "with: ") {
		t.Errorf("an unknown system is told %q", got)
	}
}
