package serve

import (
	"fmt"
	"io"
	"os"
	"strconv"
)

// watchLifeline ends the process when the host is gone: the descriptor is the
// reading end of a pipe that the host holds open and never writes to. Without a
// number there is no lifeline, as when a debugger starts the plugin.
func watchLifeline(number string) error {
	if number == "" {
		return nil
	}
	fd, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return fmt.Errorf("the lifeline's descriptor is %q, not a number", number)
	}
	line := os.NewFile(uintptr(fd), "lifeline")
	if line == nil {
		return fmt.Errorf("the lifeline's descriptor %d is not open", fd)
	}
	if _, err := line.Stat(); err != nil {
		return fmt.Errorf("the lifeline's descriptor %d is not open: %w", fd, err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, line)
		os.Exit(1)
	}()
	return nil
}
