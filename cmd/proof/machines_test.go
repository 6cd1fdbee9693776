package main

import (
	"os"
	"strings"
	"testing"
)

func TestThePageOfSeveralMachinesSaysWhatTheProofsDo(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../postdesk/operating/machines.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(content)), " ")
	for line := range strings.Lines(poolerConfig) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.Contains(value, "%") || value == "" && name != "[pgbouncer]" || name == "unix_socket_dir " {
			continue // ports and folders of the proof
		}
		if !strings.Contains(page, strings.TrimSpace(line)) {
			t.Errorf("the page does not say %q", line)
		}
	}
	for _, setting := range synchronous {
		name, value, _ := strings.Cut(setting, "=")
		if !strings.Contains(page, "alter system set "+name+" = '"+value+"'") {
			t.Errorf("the page does not say %q", setting)
		}
	}
	for _, option := range cloning {
		if !strings.Contains(page, option) {
			t.Errorf("the page makes a standby without %q", option)
		}
	}
}
