package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// pluginDir is a folder with the files named; those that end in "*" are executable.
func pluginDir(t *testing.T, names ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("this system has no executable files")
	}
	dir := t.TempDir()
	for _, name := range names {
		plain, executable := strings.CutSuffix(name, "*")
		mode := os.FileMode(0o600)
		if executable {
			mode = 0o700
		}
		if err := os.WriteFile(filepath.Join(dir, plain), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	f := Finder{Dir: pluginDir(t, "gateway-plugin-caldav*", "gateway-plugin-asleep", "mine*")}
	if err := os.Mkdir(filepath.Join(f.Dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []config.Plugin{
		{Service: "caldav"},
		{Service: "other", Command: filepath.Join(f.Dir, "mine")},
	} {
		if _, err := f.Find(p); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for _, c := range []struct {
		plugin config.Plugin
		want   string
	}{
		{config.Plugin{Service: "nowhere"}, "gateway-plugin-nowhere does not exist; install it there"},
		{config.Plugin{Service: "asleep"}, "gateway-plugin-asleep is not executable; install it there"},
		{config.Plugin{Service: "caldav", Command: filepath.Join(f.Dir, "gone")}, "gone does not exist; correct the command"},
		{config.Plugin{Service: "caldav", Command: filepath.Join(f.Dir, "folder")}, "folder is no file; correct the command"},
	} {
		err := f.Check(c.plugin)
		if !errors.Is(err, ErrNoProgram) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want ErrNoProgram that says %q", c.plugin, err, c.want)
		}
	}
}

func TestNewFinder(t *testing.T) {
	f, err := NewFinder()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Dir); err != nil || !info.IsDir() {
		t.Errorf("%s is no folder: %v", f.Dir, err)
	}
}

func TestServices(t *testing.T) {
	f := Finder{Dir: pluginDir(t, "gateway*", "gateway-plugin-b*", "gateway-plugin-a*", "gateway-plugin-asleep")}
	got, err := f.Services()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}
