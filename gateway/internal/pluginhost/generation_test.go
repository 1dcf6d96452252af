package pluginhost

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk"
)

// setupOf is the setup of a configuration, in the world.
func setupOf(t *testing.T, w *world, text string) Setup {
	t.Helper()
	cfg := load(t, text)
	return Setup{Launch: w.launch, Accounts: specs(cfg), Blocks: cfg.Plugins, Eval: cfg.EvalContext}
}

// reload puts another configuration in force.
func reload(t *testing.T, h *Host, w *world, text string) {
	t.Helper()
	next, diags := h.Prepare(t.Context(), setupOf(t, w, text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	next.Use()
	h.closing.Wait()
}

// live counts the processes that run, and the accounts that are open in them but for
// those of a validation.
func (w *world) live() (processes int, accounts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.processes {
		select {
		case <-p.done:
		default:
			processes++
		}
	}
	for _, a := range w.accounts {
		if !a.closed {
			accounts = append(accounts, a.settings)
		}
	}
	return processes, accounts
}

const aSettings, bSettings = `{"password":"from A","url":"https://a.example"}`, `{"password":"hunter2","url":"https://b.example"}`

// What a reload leaves as it is keeps its process and stays open; what it changes is
// opened anew, and closed as it was.
func TestReloadKeepsWhatIsUnchanged(t *testing.T) {
	changed := strings.Replace(twoAccounts, "hunter2", "hunter3", 1)
	for name, tt := range map[string]struct {
		text                string
		processes, launched int
		openedA, openedB    int
		bSettings           string
	}{
		"nothing changed":     {text: twoAccounts, processes: 1, launched: 1, openedA: 1, openedB: 1, bSettings: bSettings},
		"an account changed":  {text: changed, processes: 1, launched: 1, openedA: 1, openedB: 1, bSettings: strings.Replace(bSettings, "2", "3", 1)},
		"the plugin changed":  {text: twoAccounts + "plugin \"caldav\" { env = [\"X\"] }\n", processes: 1, launched: 2, openedA: 1, openedB: 1, bSettings: bSettings},
		"an account is gone":  {text: twoAccounts[:strings.Index(twoAccounts, `provider "b"`)], processes: 1, launched: 1, openedA: 1},
		"a comment was added": {text: "# hello\n\n\n" + twoAccounts, processes: 1, launched: 1, openedA: 1, openedB: 1, bSettings: bSettings},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{}
			h := New(Options{Setup: setupOf(t, w, twoAccounts)})
			t.Cleanup(h.Close)
			for _, account := range []string{"a/caldav", "b/caldav"} {
				if err := readOne(t, h, account); err != nil {
					t.Fatal(err)
				}
			}
			reload(t, h, w, tt.text)
			if err := readOne(t, h, "a/caldav"); err != nil {
				t.Error(err)
			}
			if err := readOne(t, h, "b/caldav"); tt.openedB == 0 && !errors.Is(err, sdk.ErrInvalidSettings) || tt.openedB > 0 && err != nil {
				t.Error(err)
			}
			processes, accounts := w.live()
			if launched, _, _ := w.count(); processes != tt.processes || launched != tt.launched {
				t.Errorf("%d processes run of %d launched, want %d of %d", processes, launched, tt.processes, tt.launched)
			}
			count := map[string]int{}
			for i, settings := range accounts {
				if w.accounts[i].world != nil {
					count[settings]++
				}
			}
			if tt.launched == 2 { // the accounts of the process that ended went with it
				count[aSettings]--
				count[bSettings]--
			}
			if count[aSettings] != tt.openedA || count[tt.bSettings] != tt.openedB {
				t.Errorf("open accounts: %v", count)
			}
		})
	}
}

// TestReloadIsRefused: a plugin that refuses the settings leaves everything as it was.
func TestReloadIsRefused(t *testing.T) {
	w := &world{onOpen: func(_ context.Context, a *fakeAccount) error {
		if strings.Contains(a.settings, "bad") {
			return sdk.CodeInvalidSettings.New("no such password")
		}
		return nil
	}}
	h := New(Options{Setup: setupOf(t, w, twoAccounts)})
	t.Cleanup(h.Close)
	if err := readOne(t, h, "b/caldav"); err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(twoAccounts, "hunter2", "bad", 1) + "plugin \"caldav\" { env = [\"X\"] }\n"
	next, diags := h.Prepare(t.Context(), setupOf(t, w, bad))
	if next != nil || !diags.HasErrors() {
		t.Fatalf("prepared %v, with %v", next, says(diags))
	}
	h.closing.Wait()
	if processes, _ := w.live(); processes != 1 {
		t.Errorf("%d processes run", processes)
	}
	if err := readOne(t, h, "b/caldav"); err != nil {
		t.Error(err)
	}
}

// Who holds the accounts of before works with them to the end (L4); they are closed then.
func TestReloadDuringARun(t *testing.T) {
	w := &world{}
	h := New(Options{Setup: setupOf(t, w, twoAccounts)})
	t.Cleanup(h.Close)
	held := h.Hold()
	a, err := held.Account(t.Context(), "b/caldav")
	if err != nil {
		t.Fatal(err)
	}
	withEnv := strings.Replace(twoAccounts, "hunter2", "hunter3", 1) + "plugin \"caldav\" { env = [\"X\"] }\n"
	reload(t, h, w, withEnv)
	if err := read(t, a, 1); err != nil {
		t.Errorf("an account taken before: %v", err)
	}
	again, err := held.Account(t.Context(), "b/caldav")
	if err != nil || again.Account.(*guarded).opened != a.Account.(*guarded).opened {
		t.Errorf("the run gets another account than before: %v", err)
	}
	if err := readOne(t, h, "b/caldav"); err != nil {
		t.Errorf("the account as it is now: %v", err)
	}
	if processes, _ := w.live(); processes != 2 {
		t.Errorf("%d processes, want the one of before and the one of now", processes)
	}
	held.Release()
	held.Release()
	h.closing.Wait()
	if processes, _ := w.live(); processes != 1 {
		t.Errorf("%d processes after the run", processes)
	}
	if err := read(t, a, 1); !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("a call after the end: %v", err)
	}
}

// A call that is under way ends as it began; then its account is closed.
func TestReloadDuringACall(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w := &world{onCall: func(_ context.Context, a *fakeAccount) (*sdk.Error, error) {
		if strings.Contains(a.settings, "hunter2") {
			once.Do(func() { close(begun) })
			<-goOn
		}
		return nil, nil
	}}
	h := New(Options{Setup: setupOf(t, w, twoAccounts)})
	t.Cleanup(h.Close)
	ended := make(chan error, 1)
	go func() { ended <- readOne(t, h, "b/caldav") }()
	<-begun
	reload(t, h, w, strings.Replace(twoAccounts, "hunter2", "hunter3", 1))
	if _, accounts := w.live(); len(accounts) != 1 || accounts[0] != bSettings {
		t.Errorf("open during the call: %v", accounts)
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	h.closing.Wait()
	if _, accounts := w.live(); len(accounts) != 0 {
		t.Errorf("open after the call: %v", accounts)
	}
}

// Credentials that were refused are not tried again by a reload that leaves them, and
// are once they are changed.
func TestReloadWithOtherCredentials(t *testing.T) {
	w := &world{onCall: func(_ context.Context, a *fakeAccount) (*sdk.Error, error) {
		if strings.Contains(a.settings, "hunter2") {
			return nil, sdk.ErrCredentials
		}
		return nil, nil
	}}
	h := New(Options{Setup: setupOf(t, w, twoAccounts)})
	t.Cleanup(h.Close)
	if err := readOne(t, h, "b/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Fatal(err)
	}
	_, _, before := w.count()
	reload(t, h, w, "# new\n"+twoAccounts)
	if err := readOne(t, h, "b/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("unchanged: %v", err)
	}
	if _, _, calls := w.count(); calls != before {
		t.Error("refused credentials were tried again")
	}
	reload(t, h, w, strings.Replace(twoAccounts, "hunter2", "right", 1))
	if err := readOne(t, h, "b/caldav"); err != nil {
		t.Errorf("changed: %v", err)
	}
}

func TestSameProgram(t *testing.T) {
	block := config.Plugin{Service: "x", Command: "c", SHA256: "s", Env: []string{"A"}}
	moved := block
	moved.Range.Start.Line = 7
	other := block
	other.Env = []string{"B"}
	if !sameProgram(block, moved) || sameProgram(block, other) {
		t.Error("the place of a block counts, or its variables do not")
	}
}
