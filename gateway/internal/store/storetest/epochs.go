package storetest

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// given is a position as a reader got it.
func given(t *testing.T, s store.Feed) store.FeedPlace {
	t.Helper()
	epoch, err := s.FeedEpoch(t.Context())
	must(t, err)
	position, err := s.FeedPosition(t.Context())
	must(t, err)
	return store.FeedPlace{Epoch: epoch, Position: position}
}

// holds: readers may go on from a position exactly if this state gave it out.
func holds(t *testing.T, s store.Feed, name string, at store.FeedPlace, want bool) {
	t.Helper()
	err := s.InFeed(t.Context(), at.Epoch, at.Position)
	if err != nil && !errors.Is(err, store.ErrGone) || (err == nil) != want {
		t.Errorf("%s, %s: %v, want it to hold: %t", name, at, err, want)
	}
}

// feedEpochs: a reader of a state that was replaced by an older copy is told so, also when
// the copy has gone on to as many changes by then; who has seen nothing that the copy lacks
// goes on, and so does everybody after a mere restart.
func feedEpochs(t *testing.T, d Driver) {
	dir, copied := t.TempDir(), t.TempDir()
	s := d.open(t, dir)
	empty := given(t, s)
	put(t, s, ana, pulled("1", "a"))
	shared := given(t, s)
	must(t, s.Close())
	must(t, os.CopyFS(copied, os.DirFS(dir)))

	s = d.open(t, dir)
	holds(t, s, "after a restart", shared, true)
	quiet := given(t, s) // of the same number, and given out after the copy was made
	put(t, s, ana, pulled("2", "b"), pulled("3", "c"))
	lost := given(t, s)
	must(t, s.Close())
	s = d.open(t, dir)
	for name, at := range map[string]store.FeedPlace{"the start": empty, "before": shared, "between": quiet, "the newest": lost} {
		holds(t, s, name+" after restarts", at, true)
	}
	ahead := given(t, s)
	ahead.Position++
	holds(t, s, "never given out", ahead, false)
	holds(t, s, "ahead of its epoch's end", store.FeedPlace{Epoch: shared.Epoch, Position: lost.Position}, false)

	restored := d.open(t, copied)
	for i := range 5 { // the same numbers again, for other changes
		put(t, restored, zoe, pulled(fmt.Sprint("other", i), "x"))
	}
	if now := given(t, restored); now.Position < lost.Position || now.Epoch == lost.Epoch {
		t.Fatalf("restored: %s after %s", now, lost)
	}
	holds(t, restored, "what both states know", shared, true)
	holds(t, restored, "what is lost", lost, false)
	holds(t, restored, "an epoch that began after the copy", quiet, false)
	holds(t, restored, "its own", given(t, restored), true)
	holds(t, restored, "of no epoch", store.FeedPlace{Position: 1}, false)
}

// feedEpochsPruned: epochs go with the changes after their positions, and not before.
func feedEpochsPruned(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	put(t, s, ana, pulled("1", "a"))
	first := given(t, s)
	must(t, s.Close())
	s = d.open(t, dir)
	put(t, s, ana, pulled("2", "b"))
	second := given(t, s)
	must(t, s.Close())
	s = d.open(t, dir)
	_, err := s.PruneFeed(t.Context(), time.Now().Add(-time.Hour))
	must(t, err)
	holds(t, s, "nothing was pruned", first, true)
	_, err = s.PruneFeed(t.Context(), time.Now().Add(time.Hour))
	must(t, err)
	holds(t, s, "a change after it is gone", first, false)
	holds(t, s, "every change after it is kept", second, true)
	holds(t, s, "this epoch", given(t, s), true)
}

// readersEpoch: who reads alone tells positions of the epoch of the process that owns the
// state.
func readersEpoch(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	put(t, s, ana, pulled("1", "a"))
	reader, err := d.OpenReadOnly(t.Context(), dir)
	must(t, err)
	defer func() { _ = reader.Close() }()
	if want, got := given(t, s), given(t, reader); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
