package localpg

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// installLine is how this system gets PostgreSQL, of that major version unless
// it is 0.
func installLine(major int) string {
	release, _ := os.ReadFile("/etc/os-release") // absent on systems without one
	return installOn(runtime.GOOS, string(release), major)
}

func installOn(goos, release string, major int) string {
	command := packageCommand(goos, release, major)
	if command == "" {
		return "install PostgreSQL with your system's package manager"
	}
	return "install it with: " + command
}

func packageCommand(goos, release string, major int) string {
	n, newest := fmt.Sprint(major), fmt.Sprint(cmp.Or(major, 17))
	if major == 0 {
		n = ""
	}
	switch goos {
	case "darwin":
		return "brew install postgresql@" + newest
	case "freebsd":
		return "pkg install postgresql" + newest + "-server"
	}
	family := " " + releaseField(release, "ID") + " " + releaseField(release, "ID_LIKE") + " "
	is := func(name string) bool { return strings.Contains(family, " "+name+" ") }
	switch {
	case is("debian") || is("ubuntu"):
		if n != "" {
			n = "-" + n
		}
		return "apt-get install postgresql" + n
	case is("rhel") && oldRedHat(release):
		return "dnf module install postgresql:" + fmt.Sprint(cmp.Or(major, oldestMajor)) + "/server"
	case is("fedora") || is("rhel"):
		return "dnf install postgresql" + n + "-server"
	case is("alpine"):
		return "apk add postgresql" + n
	case is("suse"):
		return "zypper install postgresql" + n + "-server"
	case is("arch"):
		return "pacman -S postgresql"
	}
	return ""
}

// oldRedHat tells the releases whose plain package is older than 15.
func oldRedHat(release string) bool {
	major, _, _ := strings.Cut(releaseField(release, "VERSION_ID"), ".")
	return major == "8" || major == "9"
}

func releaseField(release, name string) string {
	for line := range strings.Lines(release) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}
