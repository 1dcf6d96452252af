package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/storetest"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// holdState names the state that the test program, started by a test, opens and
// holds until it is killed.
const holdState = "TRAINERCAL_TEST_HOLD_STATE"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdState); path != "" {
		hold(path)
	}
	os.Exit(m.Run())
}

// hold owns a state with an open run and an intention, says so, and waits.
func hold(path string) {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err == nil {
		err = s.BeginRun(ctx, store.Run{ID: "r", State: store.RunRunning, Started: day})
	}
	if err == nil {
		err = s.Intend(ctx, ana, []reconcile.Link{{Key: "k", State: reconcile.LinkIntended}})
	}
	fmt.Println("held", err)
	select {}
}

var (
	ana = platform.TrainerID{Provider: "northwind", Label: "ana"}
	day = calendar.Date{Year: 2026, Month: 11, Day: 24}.In(time.UTC)
)

func state(dir string) string { return filepath.Join(dir, "a folder", "gate?way#%41.db") }

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{
		Open: func(ctx context.Context, dir string) (store.Store, error) {
			s, err := Open(ctx, state(dir))
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		OpenReadOnly: func(ctx context.Context, dir string) (store.Store, error) {
			s, err := OpenReadOnly(ctx, state(dir))
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	})
}

// TestKilledOwner is L1 for a state that one process owns: while it lives, no second
// one opens it; when the owning process is killed, its lock goes with it, its
// intentions are there and its run is not running any more.
func TestKilledOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.db")
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	owner.Env = append(os.Environ(), holdState+"="+path)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Wait() }()
	defer func() { _ = owner.Process.Kill() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held <nil>\n" {
		t.Fatalf("the owner says %q, %v", line, err)
	}
	_, err = Open(t.Context(), path)
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", owner.Process.Pid)) {
		t.Errorf("err is %v, want ErrLocked with the owner's process id", err)
	}
	if owned, err := Owned(path); !owned || err != nil {
		t.Errorf("the state is owned: %v, %v", owned, err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed
	if owned, err := Owned(path); owned || err != nil {
		t.Errorf("after its owner's death the state is owned: %v, %v", owned, err)
	}
	if owned, err := Owned(filepath.Join(t.TempDir(), "none.db")); owned || err != nil {
		t.Errorf("a state that is not there is owned: %v, %v", owned, err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	memory, err := s.Trainer(t.Context(), ana)
	if err != nil || len(memory.Links) != 1 || memory.Links[0].State != reconcile.LinkIntended {
		t.Errorf("remembered: %+v, %v", memory, err)
	}
	if run, err := s.Run(t.Context(), "r"); err != nil || run.State != store.RunAborted {
		t.Errorf("the run is %+v, %v", run, err)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), state(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	files, err := filepath.Glob(filepath.Join(dir, "a folder", "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files are %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f, info.Mode(), err)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE schema_version SET version = 1000`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Open: %v, want ErrNewerSchema", err)
	}
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("OpenReadOnly: %v, want ErrNewerSchema", err)
	}
	if _, err := Open(t.Context(), path); errors.Is(err, store.ErrLocked) {
		t.Error("a failed Open keeps the lock")
	}
}

// TestReadWhileMade: whoever reads while the state is made sees none or a whole one.
func TestReadWhileMade(t *testing.T) {
	t.Parallel()
	path := state(t.TempDir())
	opened := make(chan error, 1)
	var owner *Store
	go func() {
		var err error
		owner, err = Open(t.Context(), path)
		opened <- err
	}()
	for whole := false; !whole; {
		reader, err := OpenReadOnly(t.Context(), path)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("a reader saw a state that is half made: %v", err)
		}
		if whole = err == nil; whole {
			err = reader.Close()
		}
		if whole && err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(<-opened, owner.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestEmptyAndForeignFiles: an empty file is no state yet, and a file that is no
// database is refused and left as it is.
func TestEmptyAndForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty, foreign := filepath.Join(dir, "empty.db"), filepath.Join(dir, "foreign.db")
	text := strings.Repeat("not a database ", 1000)
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(foreign, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReadOnly(t.Context(), empty); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an empty file: %v, want ErrNotFound", err)
	}
	if _, err := Open(t.Context(), foreign); err == nil {
		t.Error("a foreign file was opened")
	}
	if got, err := os.ReadFile(foreign); err != nil || string(got) != text {
		t.Errorf("the foreign file was changed: %v", err)
	}
}

// BenchmarkCommit is one trainer's whole result with 200 mirrors.
func BenchmarkCommit(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "gateway.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	mirrors := make([]reconcile.Mirror, 200)
	for i := range mirrors {
		mirrors[i] = reconcile.Mirror{ID: fmt.Sprint("m", i), ItemID: "item", Description: "Dentist", When: calendar.When{Start: day, End: day}}
	}
	for i := 0; b.Loop(); i++ {
		id := platform.TrainerID{Provider: "northwind", Label: fmt.Sprint("t", i)}
		if err := s.Commit(b.Context(), store.Result{ID: id, PutMirrors: mirrors}); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Trainer(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

// A file that is no state is left as it is, and the error says how to go on.
func TestDamagedState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	content := []byte(strings.Repeat("this is no database\n", 500))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(context.Context, string) (*Store, error){"owner": Open, "reader": OpenReadOnly} {
		if _, err := open(t.Context(), path); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
		t.Errorf("the file was changed: %v", err)
	}
}
