package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// share is which of all kills are tried: with part 2 of 4 the second, the sixth and so
// on. The zero share tries few of each kind, and is what a change waits for.
type share struct{ part, of int }

// kills is read from TRAINERCAL_KILLS, as "2/4"; TRAINERCAL_LONG alone is "1/1", all.
var kills = func() share {
	text := os.Getenv("TRAINERCAL_KILLS")
	if text == "" && os.Getenv("TRAINERCAL_LONG") != "" {
		text = "1/1"
	}
	if text == "" {
		return share{}
	}
	var s share
	if n, err := fmt.Sscanf(text, "%d/%d", &s.part, &s.of); n != 2 || err != nil || s.part < 1 || s.part > s.of {
		panic(fmt.Sprintf("TRAINERCAL_KILLS=%q: want PART/OF, as 2/4", text))
	}
	return s
}()

// chosen are the indices that are tried of total: those of the share, or else few,
// evenly spread.
func (s share) chosen(total, few int) []int {
	first, step := s.part-1, s.of
	if s.of == 0 {
		first, step = 0, max(1, total/few)
	}
	var all []int
	for i := first; i < total && (s.of > 0 || len(all) < few); i += step {
		all = append(all, i)
	}
	return all
}

// victims are whom to kill at the i-th moment: each of them where every moment is
// tried, else one and then the other.
func (s share) victims(i int) []string {
	both := []string{"gateway", "plugins"}
	if s.of > 0 {
		return both
	}
	return both[i%2 : i%2+1]
}

// killRigs are rigs in which the same was prepared, once in each, and is brought back
// before every kill: a kill costs the killed command and what follows it, no more.
type killRigs struct{ free chan *killRig }

// newKillRigs prepares one rig for each kill that runs at a time.
func newKillRigs(t *testing.T, prepare func(*killRig)) killRigs {
	t.Helper()
	n := 1
	if kills.of > 0 {
		n = runtime.GOMAXPROCS(0)
	}
	rigs := killRigs{free: make(chan *killRig, n)}
	for range n {
		rig := newKillRig(t)
		prepare(rig)
		rig.save()
		rigs.free <- rig
	}
	return rigs
}

// take gives a rig to a test, as it was prepared, until the test ends.
func (rigs killRigs) take(t *testing.T) *killRig {
	t.Helper()
	rig := <-rigs.free
	before := rig.t
	rig.t = t
	t.Cleanup(func() {
		rig.nothingMailed()
		rig.t = before
		rigs.free <- rig
	})
	rig.restore()
	return rig
}

// save notes calendars and files, so that restore can bring them back.
func (r *killRig) save() {
	r.t.Helper()
	kept, calendars := r.t.TempDir(), r.sim.World().Save()
	r.copyFiles(r.dir, kept)
	r.restore = func() {
		r.t.Helper()
		calendars()
		if err := os.RemoveAll(r.dir); err != nil {
			r.t.Fatal(err)
		}
		r.copyFiles(kept, r.dir)
	}
}

// copyFiles copies what lies in a folder; sockets of processes that ended stay behind.
func (r *killRig) copyFiles(from, to string) {
	r.t.Helper()
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, name[len(from):])
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
