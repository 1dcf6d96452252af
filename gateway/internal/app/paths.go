package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxSocketPath is the longest path of a unix socket on every system (104 bytes on
// macOS, 108 on Linux, with a final zero).
const maxSocketPath = 100

// paths are the files that belong to a state database.
type paths struct {
	// history is the database of recent traces.
	history string
	// upkeep notes when the state was last looked after.
	upkeep string
	// runDir holds the control socket of a running serve.
	runDir string
}

// pathsOf derives the files' places from the database's, so that every command with
// the same configuration finds them.
func pathsOf(database string) paths {
	p := paths{history: strings.TrimSuffix(database, ".db") + ".traces.db", upkeep: database + ".upkeep.json", runDir: database + ".run"}
	if len(p.control()) > maxSocketPath {
		sum := sha256.Sum256([]byte(database))
		p.runDir = filepath.Join(os.TempDir(), fmt.Sprintf("gateway-%d-%s", os.Getuid(), hex.EncodeToString(sum[:8])))
	}
	return p
}

// control is the socket over which work is handed to a running serve.
func (p paths) control() string { return filepath.Join(p.runDir, "control.sock") }

// makeRunDir makes the folder that only the gateway's own user may enter. A folder
// that somebody else made in its place is refused.
func (p paths) makeRunDir() error {
	if err := os.Mkdir(p.runDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the run directory: %w", err)
	}
	return p.checkRunDir()
}

func (p paths) checkRunDir() error {
	info, err := os.Lstat(p.runDir)
	if err != nil {
		return fmt.Errorf("look at the run directory: %w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || (known && int(owner.Uid) != os.Getuid()) {
		return fmt.Errorf("the run directory %s is not a folder that belongs to this user alone: remove it", p.runDir)
	}
	return nil
}

// maxRunDir is the longest path of a folder that plugins make their sockets in.
const maxRunDir = 60

// newRunDir makes a folder of this process alone, for the sockets between it and its
// plugins. Their paths must be short, so a long TMPDIR is passed over.
func newRunDir() (string, error) {
	var errs []error
	for _, parent := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		if parent == "" || len(parent)+len("/gateway-4294967295") > maxRunDir {
			continue
		}
		dir, err := os.MkdirTemp(parent, "gateway-") // mode 0700
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("make a folder with a short path for sockets (see TMPDIR): %w", errors.Join(errs...))
}
