//go:build unix

package host

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts the plugin into a process group of its own: keys pressed in a
// terminal do not reach it, and what it started ends with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the plugin and what it started.
func killGroup(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// ownedByUs reports whether a file belongs to the user that this process runs as.
func ownedByUs(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return !known || int(owner.Uid) == os.Geteuid()
}
