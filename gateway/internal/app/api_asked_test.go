package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// asking is the API's service of a gateway, whose runs ctx ends.
func asking(t *testing.T, ctx context.Context) *apiService {
	t.Helper()
	a := newApp(t, t.TempDir(), "v1")
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &apiService{app: a, Store: state, ctx: ctx, began: time.Now(), stopping: make(chan struct{})}
}

// busy has somebody work on northwind's ana until the function it returns is called.
func busy(t *testing.T, a *App) (ana platform.TrainerID, end func()) {
	t.Helper()
	ana = platform.TrainerID{Provider: "northwind", Label: "ana"}
	working, enough, over := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		over <- a.leased(t.Context(), "another", []platform.TrainerID{ana}, false, func(context.Context, func(platform.TrainerID, time.Time)) error {
			close(working)
			<-enough
			return nil
		})
	}()
	<-working
	return ana, func() {
		t.Helper()
		close(enough)
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
}

// A run that was asked for is known from the answer on: it waits while others work on its
// trainers, for whoever sees those, and is recorded in the end.
func TestAskedRunWaits(t *testing.T) {
	s := asking(t, t.Context())
	ana, end := busy(t, s.app)
	which := httpapi.Selection{Providers: []string{"northwind"}, Trainers: []platform.TrainerID{ana}}
	begin := map[string]func() (string, error){
		"sync":    func() (string, error) { return s.Sync(t.Context(), which) },
		"resync":  func() (string, error) { return s.Resync(t.Context(), which, true) },
		"retry":   func() (string, error) { return s.Retry(t.Context(), ana) },
		"approve": func() (string, error) { return s.Approve(t.Context(), ana, []string{"1"}) },
	}
	ids := map[string]string{}
	for name, do := range begin {
		id, err := do()
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
		run, err := s.Run(t.Context(), id)
		if err != nil || run.ID != id || run.State != store.RunWaiting || run.Started.IsZero() {
			t.Errorf("%s: %+v, %v", name, run, err)
		}
		if len(run.Trainers) != 1 || run.Trainers[0].Trainer != ana {
			t.Errorf("%s is of %+v", name, run.Trainers)
		}
	}
	end()
	s.endRuns()
	for name, id := range ids {
		recorded, err := s.Store.Run(t.Context(), id)
		if err != nil || recorded.Finished.IsZero() {
			t.Errorf("%s: recorded %+v, %v", name, recorded, err)
		}
		if run, err := s.Run(t.Context(), id); err != nil || run.State != recorded.State {
			t.Errorf("%s: told %s, %v, recorded %s", name, run.State, err, recorded.State)
		}
	}
	if _, err := s.Run(t.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a run that nobody asked for: %v", err)
	}
}

// A run that waited when the gateway stopped is recorded as canceled, of its trainers.
func TestAskedRunCanceled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := asking(t, ctx)
	ana, end := busy(t, s.app)
	defer end()
	id, err := s.Sync(t.Context(), httpapi.Selection{Providers: []string{"northwind"}, Trainers: []platform.TrainerID{ana}})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	s.endRuns()
	run, err := s.Store.Run(t.Context(), id)
	if err != nil || run.State != store.RunCanceled || run.Message == "" || len(run.Trainers) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
}
