package live

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pull-9: what a watch or a notification hints at becomes due, with the trace of the
// notification, and the schedule is looked at.
func TestHintsBecomeDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		l := w.live()
		l.Set([]Account{accountOf(0, 3)})
		w.running(t, l, func() {
			_ = w.calls[0].emit(sdk.WatchEvent{Heartbeat: true})
			_ = w.calls[0].emit(sdk.WatchEvent{Dirty: []string{address(1), "stranger@northwind.example"}})
			synctest.Wait()
			w.answer = sdk.DeliverResponse{Status: 202, Dirty: []string{address(2), address(2)}}
			answer, err := l.Deliver(t.Context(), northwind, "00-trace", sdk.DeliverRequest{})
			if err != nil || answer.Status != 202 {
				t.Errorf("%+v, %v", answer, err)
			}
			synctest.Wait()
		})
		if len(w.due) != 2 || w.due[0].Trainer != trainer(1) || w.due[1].Trainer != trainer(2) || w.pokes != 2 {
			t.Fatalf("due are %+v after %d pokes", w.due, w.pokes)
		}
		second := w.due[1]
		if diff := cmp.Diff([]string{"00-trace"}, second.Traceparents); diff != "" || second.Cause != "notification" || second.At.IsZero() {
			t.Errorf("%+v: %s", second, diff)
		}
	})
}

// H2: a burst is stored in as many transactions as the disk has time for, and costs the
// plugin no time.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.writing = make(chan struct{})
		l := w.live()
		l.Set([]Account{accountOf(0, 1)})
		w.running(t, l, func() {
			for range 500 {
				_ = w.calls[0].emit(sdk.WatchEvent{Dirty: []string{address(0)}})
			}
			close(w.writing)
			synctest.Wait()
		})
		if w.writes > 2 || len(w.due) == 0 {
			t.Errorf("%d transactions for a burst, due are %+v", w.writes, w.due)
		}
	})
}

// What could not be stored is not lost, and neither is the newest state.
func TestDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.refuse = errDisk
		l := w.live()
		l.Set([]Account{accountOf(0, 2)})
		w.running(t, l, func() {
			_ = w.calls[0].emit(sdk.WatchEvent{Dirty: []string{address(0)}})
			_ = w.calls[0].emit(sdk.WatchEvent{State: &sdk.WatchState{Mailbox: address(0), State: []byte("old")}})
			time.Sleep(10 * time.Second)
			_ = w.calls[0].emit(sdk.WatchEvent{State: &sdk.WatchState{Mailbox: address(0), State: []byte("new")}})
			w.mu.Lock()
			w.refuse = nil
			w.mu.Unlock()
			time.Sleep(10 * time.Second)
		})
		if len(w.due) != 1 || string(w.watches[trainer(0)].State) != "new" {
			t.Errorf("due are %+v, stored is %+v", w.due, w.watches)
		}
	})
}

// A restart takes the stored states up; those of another tenant, or of another mailbox of
// the trainer, are no good.
func TestStatesAreTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		restart := func(a Account) sdk.WatchRequest {
			l := w.live()
			l.Set([]Account{a})
			w.running(t, l, func() {
				for n := range 2 {
					_ = w.calls[len(w.calls)-1].emit(sdk.WatchEvent{State: &sdk.WatchState{Mailbox: a.Boxes[n].Mailbox.Address, State: []byte{byte(n)}}})
				}
				synctest.Wait()
			})
			return w.calls[len(w.calls)-1].req
		}
		states := func(req sdk.WatchRequest) (all []string) {
			for _, m := range req.Mailboxes {
				all = append(all, string(m.State))
			}
			return all
		}
		moved := accountOf(0, 2)
		moved.Boxes[0].Mailbox.Address = "another@northwind.example"
		for i, c := range []struct {
			what     string
			identity string
			account  Account
			want     []string
		}{
			{"at first", "tenant", accountOf(0, 2), []string{"", ""}},
			{"after a restart", "tenant", accountOf(0, 2), []string{"\x00", "\x01"}},
			{"another mailbox", "tenant", moved, []string{"", "\x01"}},
			{"another tenant", "other", moved, []string{"", ""}},
		} {
			w.identity = c.identity
			req := restart(c.account)
			if diff := cmp.Diff(c.want, states(req)); diff != "" || req.NotificationURL != c.account.NotificationURL {
				t.Errorf("%d: %s: %s", i, c.what, diff)
			}
		}
	})
}

// A change of the mailboxes restarts the watches that it touches and no others; no
// mailbox is watched twice at a time.
func TestOnlyWhatChangedRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		l := w.live()
		l.Set([]Account{accountOf(0, 450)})
		w.running(t, l, func() {
			step := func(what string, a Account, restarts, open int) {
				t.Helper()
				before := w.asked()
				l.Set([]Account{a})
				synctest.Wait()
				if got := w.asked() - before; got != restarts || len(w.open()) != open {
					t.Errorf("%s: %d watches began and %d are open, want %d and %d", what, got, len(w.open()), restarts, open)
				}
				watched := map[string]int{}
				for _, c := range w.open() {
					for _, m := range c.req.Mailboxes {
						watched[m.Mailbox.Address]++
					}
				}
				for _, b := range a.Boxes {
					if watched[b.Mailbox.Address] != 1 {
						t.Errorf("%s: %s is watched %d times", what, b.Mailbox.Address, watched[b.Mailbox.Address])
					}
				}
				if len(watched) != len(a.Boxes) {
					t.Errorf("%s: %d mailboxes are watched, want %d", what, len(watched), len(a.Boxes))
				}
			}
			all := accountOf(0, 450)
			step("nothing", all, 0, 3)
			step("one paused", without(all, 10), 1, 3)
			step("resumed", all, 1, 3)
			step("one swapped", without(accountOf(0, 451), 10), 1, 3)
			step("another address", withURL(all, "https://other.example"), 3, 3)
			step("nobody of the first two hundred and one", withURL(accountOf(201, 450), "https://other.example"), 1, 2)
			step("nobody", Account{Name: northwind}, 0, 0)
		})
	})
}

func without(a Account, n int) Account {
	a.Boxes = slices.Delete(slices.Clone(a.Boxes), n, n+1)
	return a
}

func withURL(a Account, url string) Account {
	a.NotificationURL = url
	return a
}

// A watch that ends is begun again ever more rarely; meanwhile its mailboxes are noted
// with the reason.
func TestBackOff(t *testing.T) {
	for name, c := range map[string]struct {
		err      *sdk.Error
		min, max int
	}{
		"a plugin that dies":        {sdk.CodePluginDied.New("it died"), 15, 30},
		"a server that is down":     {sdk.CodeUnavailable.New("it is down"), 15, 30},
		"a server that asks for it": {sdk.CodeThrottled.New("later").WithRetryAfter(20 * time.Minute), 3, 4},
		"a backend that cannot":     {sdk.CodeUnsupported.New("never"), 2, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fails = func(int) *sdk.Error { return c.err }
				l := w.live()
				l.Set([]Account{accountOf(0, 2)})
				w.running(t, l, func() { time.Sleep(59 * time.Minute) })
				if n := w.asked(); n < c.min || n > c.max {
					t.Errorf("%d watches in an hour, want %d to %d", n, c.min, c.max)
				}
				f := w.watches[trainer(1)].Failing
				if f == nil || f.Code != string(c.err.Code) || f.Message != c.err.Message || f.Attempts != w.asked() || !f.Since.Equal(w.calls[0].at) || !f.Next.After(time.Now()) {
					t.Errorf("noted is %+v after %d watches", f, w.asked())
				}
			})
		})
	}
}

// A watch that ends once is back after seconds, and its mailboxes are watched again.
func TestPluginRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fails = func(n int) *sdk.Error {
			if n == 0 {
				return sdk.CodePluginDied.New("it died")
			}
			return nil
		}
		l := w.live()
		l.Set([]Account{accountOf(0, 1)})
		w.running(t, l, func() {
			time.Sleep(2 * firstPause)
			synctest.Wait()
			_ = w.calls[1].emit(sdk.WatchEvent{State: &sdk.WatchState{Mailbox: address(0)}})
		})
		if f := w.watches[trainer(0)].Failing; f != nil || w.asked() != 2 {
			t.Errorf("after %d watches %+v", w.asked(), f)
		}
	})
}

// A mailbox that the plugin gave up is asked for again later, and one that it tries by
// itself is left to it; the others stay watched meanwhile.
func TestGivenUpMailboxIsAskedForAgain(t *testing.T) {
	for _, c := range []struct {
		err  *sdk.Error
		asks int
	}{{sdk.CodeAccessDenied.New("no right"), 2}, {sdk.CodeUnavailable.New("down"), 1}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			l := w.live()
			l.Set([]Account{accountOf(0, 2)})
			w.running(t, l, func() {
				_ = w.calls[0].emit(sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: address(1), Err: c.err}})
				time.Sleep(firstRefusal)
			})
			if f := w.watches[trainer(1)].Failing; w.asked() != c.asks || f == nil || f.Code != string(c.err.Code) {
				t.Errorf("%s: %d watches, noted is %+v", c.err.Code, w.asked(), f)
			}
			if _, noted := w.watches[trainer(0)]; noted {
				t.Error("the other mailbox is noted")
			}
		})
	}
}

// A notification for nobody's account is told apart from one that failed.
func TestDeliverUnknown(t *testing.T) {
	w := newWorld()
	if _, err := w.live().Deliver(t.Context(), "northwind/other", "", sdk.DeliverRequest{}); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if diff := cmp.Diff([]platform.TrainerID(nil), w.live().trainers("northwind/other", []string{"a"})); diff != "" {
		t.Error(diff)
	}
}
