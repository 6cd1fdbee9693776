package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"postdesk/core"
)

// A witnessFile keeps what was last seen of the database in the data folder, where
// a restore of the database does not reach. It is a help and no duty: where it
// cannot be written, nothing else suffers.
type witnessFile struct {
	dir    string // empty: nothing is kept
	log    *slog.Logger
	failed bool // told once
}

func newWitnessFile(dataDir string, log *slog.Logger) *witnessFile {
	return &witnessFile{dir: dataDir, log: log}
}

func (f *witnessFile) path() string { return filepath.Join(f.dir, "seen.json") }

// recall gives what was written last, the zero value if nothing.
func (f *witnessFile) recall() (w core.Witness) {
	if f.dir == "" {
		return w
	}
	content, err := os.ReadFile(f.path())
	if err != nil || json.Unmarshal(content, &w) != nil {
		return core.Witness{}
	}
	return w
}

// remember replaces what was written: a half-written file would say nothing.
func (f *witnessFile) remember(w core.Witness) {
	if f.dir == "" {
		return
	}
	content, err := json.Marshal(w)
	if err == nil {
		err = f.replace(content)
	}
	if err != nil && !f.failed {
		f.failed = true
		f.log.Warn("cannot note what was seen of the database: a restore is found out less surely", "error", err)
	}
}

func (f *witnessFile) replace(content []byte) error {
	if err := os.MkdirAll(f.dir, 0o711); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.dir, ".seen-")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), f.path())
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
