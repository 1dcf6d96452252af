package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// realGateway is the variable that makes this test binary, called as gateway, a wrapper
// of the program it names: what that prints with --json is checked against the schema.
const realGateway = "TRAINERCAL_TEST_GATEWAY"

// checkedDir makes a folder with the wrapper in it, to be put before the real programs.
func checkedDir(dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	checked := filepath.Join(dir, "checked")
	if err := os.Mkdir(checked, 0o700); err != nil {
		return "", err
	}
	return checked, os.Symlink(self, filepath.Join(checked, "gateway"))
}

// runChecked is the wrapper: it runs the real gateway in its own place unless there is a
// document to check.
func runChecked(program string) int {
	args := os.Args[1:]
	command := slices.IndexFunc(args, func(a string) bool { _, ok := printedBy[a]; return ok })
	if !slices.Contains(args, "--json") || command < 0 || args[command] == "serve" || args[command] == "schema" && command+1 < len(args) {
		err := syscall.Exec(program, append([]string{program}, args...), os.Environ())
		fmt.Fprintln(os.Stderr, err)
		return 97
	}
	var document bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &document, os.Stderr
	err := cmd.Run()
	_, _ = os.Stdout.Write(document.Bytes())
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 97
	}
	if failed := cmd.ProcessState.ExitCode() == exitError && document.Len() == 0; failed {
		return exitError
	}
	if err := conform(args[command], document.Bytes()); err != nil {
		fmt.Printf("\nSCHEMA: gateway %s: %v\n", strings.Join(args, " "), err)
		return 97
	}
	return cmd.ProcessState.ExitCode()
}
