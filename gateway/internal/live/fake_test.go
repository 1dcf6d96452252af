package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

const northwind = "northwind/fake"

// plugin is a world's account; nothing but watches and deliveries is asked of it.
type plugin struct {
	sdk.Account
	*world
}

// world is everything around a Live: the store, the schedule and a plugin.
type world struct {
	mu      sync.Mutex
	watches map[platform.TrainerID]store.Watch
	// due are the trainers that became due, in order; writes counts the transactions.
	due    []store.Due
	writes int
	pokes  int
	// refuse, when set, fails a write.
	refuse error
	// writing, when set, is waited for by each write.
	writing chan struct{}

	identity string
	// calls are the watches that were asked for.
	calls []*call
	// fails answers the nth watch, from 0; nil lets it go on.
	fails func(n int) *sdk.Error
	// answer is that of deliveries.
	answer sdk.DeliverResponse
}

// call is a watch.
type call struct {
	at    time.Time
	req   sdk.WatchRequest
	emit  func(sdk.WatchEvent) error
	ended bool
}

func newWorld() *world {
	return &world{watches: map[platform.TrainerID]store.Watch{}, identity: "tenant"}
}

func (w *world) live() *Live {
	return New(Options{Memory: w, Accounts: w, Poke: func() { w.mu.Lock(); defer w.mu.Unlock(); w.pokes++ }})
}

// running runs a Live in a bubble while do runs; all watches end after.
func (w *world) running(t *testing.T, l *Live, do func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	synctest.Wait()
	do()
	stop()
	<-ended
	for i, c := range w.calls {
		if !c.ended {
			t.Errorf("watch %d goes on", i)
		}
	}
}

func (w *world) Account(context.Context, string) (runner.Account, error) {
	return runner.Account{Account: plugin{world: w}, Identity: w.identity}, nil
}

func (w plugin) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	w.mu.Lock()
	n := len(w.calls)
	c := &call{at: time.Now(), req: req, emit: emit}
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); defer w.mu.Unlock(); c.ended = true }()
	if w.fails != nil {
		if err := w.fails(n); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (w plugin) Deliver(context.Context, sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return w.answer, nil
}

func (w *world) write() error {
	if w.writing != nil {
		<-w.writing
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	return w.refuse
}

func (w *world) MarkDue(_ context.Context, due []store.Due) error {
	if err := w.write(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortFunc(due, func(x, y store.Due) int { return cmp.Compare(x.Trainer.Label, y.Trainer.Label) })
	w.due = append(w.due, due...)
	return nil
}

func (w *world) PutWatches(_ context.Context, watches []store.Watch) error {
	if err := w.write(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range watches {
		w.watches[one.Trainer] = one
	}
	return nil
}

func (w *world) Watches(_ context.Context, account string) ([]store.Watch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(w.watches)), func(one store.Watch) bool { return one.Account != account }), nil
}

// open are the watches that go on.
func (w *world) open() []*call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.calls), func(c *call) bool { return c.ended })
}

// asked is how many watches were asked for.
func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

func trainer(n int) platform.TrainerID {
	return platform.TrainerID{Provider: "northwind", Label: fmt.Sprintf("t%04d", n)}
}

func address(n int) string { return trainer(n).Label + "@northwind.example" }

// account has the mailboxes of trainers from to below to.
func accountOf(from, to int) Account {
	a := Account{Name: northwind, NotificationURL: "https://calendar.example/notifications/" + northwind}
	for n := from; n < to; n++ {
		a.Boxes = append(a.Boxes, Box{trainer(n), sdk.Mailbox{Address: address(n), TimeZone: "Europe/London"}})
	}
	return a
}

var errDisk = errors.New("the disk fails")
