package pluginhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// programPrefix begins the names of plugins' programs; the service follows.
const programPrefix = "gateway-plugin-"

// ErrNoProgram: a plugin's program is not where it should be.
var ErrNoProgram = errors.New("the plugin's program is not there")

// noProgram says more about ErrNoProgram.
type noProgram struct{ path, reason, hint string }

func (e noProgram) Error() string        { return e.path + " " + e.reason + "; " + e.hint }
func (e noProgram) Is(target error) bool { return target == ErrNoProgram }

// Finder finds the programs of plugins.
type Finder struct {
	// Dir is where the programs are that no plugin block names.
	Dir string
}

// NewFinder looks beside the gateway's own program. PATH is not searched: whoever
// can put a program there would get the calendars' credentials.
func NewFinder() (Finder, error) {
	own, err := os.Executable()
	if err != nil {
		return Finder{}, fmt.Errorf("find the gateway's own program: %w", err)
	}
	if own, err = filepath.EvalSymlinks(own); err != nil {
		return Finder{}, fmt.Errorf("find the gateway's own program: %w", err)
	}
	return Finder{Dir: filepath.Dir(own)}, nil
}

// Find returns the path of the plugin's program. An error matches [ErrNoProgram] and
// says what to do.
func (f Finder) Find(p config.Plugin) (string, error) {
	path, hint := p.Command, "correct the command of its plugin block"
	if path == "" {
		path = filepath.Join(f.Dir, programPrefix+p.Service+programSuffix())
		hint = "install it there, or name it with the command of a plugin block"
	}
	if reason := unusable(path); reason != "" {
		return "", noProgram{path, reason, hint}
	}
	return path, nil
}

// Check says why the plugin's program cannot be found; nil when it can. It fits
// [config.Options].
func (f Finder) Check(p config.Plugin) error {
	_, err := f.Find(p)
	return err
}

// unusable says why a file is no program; empty when it is one.
func unusable(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "does not exist"
	case err != nil:
		return "cannot be looked at"
	case !info.Mode().IsRegular():
		return "is no file"
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return "is not executable"
	}
	return ""
}

// Services returns the services whose programs are in the folder, by name.
func (f Finder) Services() ([]string, error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, fmt.Errorf("look for plugins: %w", err)
	}
	var services []string
	for _, e := range entries {
		service, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), programSuffix()), programPrefix)
		if ok && service != "" && unusable(filepath.Join(f.Dir, e.Name())) == "" {
			services = append(services, service)
		}
	}
	slices.Sort(services)
	return services, nil
}

func programSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
