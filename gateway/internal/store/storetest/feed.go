package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func pulled(id, description string) reconcile.Mirror {
	return reconcile.Mirror{ID: id, Description: description, ShowAs: calendar.ShowAsBusy, When: calendar.When{Start: noon, End: noon.Add(time.Hour)}}
}

func put(t rapid.TB, s store.Trainers, id platform.TrainerID, mirrors ...reconcile.Mirror) {
	t.Helper()
	must(t, s.Commit(context.Background(), store.Result{ID: id, PutMirrors: mirrors}))
}

func drop(t rapid.TB, s store.Trainers, id platform.TrainerID, ids ...string) {
	t.Helper()
	must(t, s.Commit(context.Background(), store.Result{ID: id, DropMirrors: ids}))
}

func changes(t testing.TB, s store.Feed, after int64, providers ...string) store.FeedPage {
	t.Helper()
	page, err := s.Changes(context.Background(), after, 100, providers)
	must(t, err)
	return page
}

// told are the changes in short: what happened to which item, with the text it has now.
func told(page store.FeedPage) (all []string) {
	for _, c := range page.Changes {
		text := "-"
		if c.Mirror != nil {
			text = c.Mirror.Description
		}
		all = append(all, fmt.Sprint(c.Op, " ", c.Trainer, " ", c.ID, " ", text))
	}
	return all
}

// feedTells: what is told of each change, with the text as it is when it is read (pull-10).
func feedTells(t *testing.T, d Driver) {
	s := d.fresh(t)
	put(t, s, ana, pulled("1", "Dentist"), pulled("2", "Leave"))
	put(t, s, zoe, pulled("1", "Theirs"))
	unseen := pulled("1", "Dentist")
	unseen.ItemID, unseen.Version, unseen.Detail, unseen.Held = "another", "2", "full", true
	put(t, s, ana, unseen)
	secret := pulled("2", "Leave")
	secret.Private = true
	put(t, s, ana, secret)
	_, err := s.Release(t.Context(), ana, []string{"1", "2"})
	must(t, err)
	drop(t, s, ana, "none")
	must(t, s.Commit(t.Context(), store.Result{ID: ana, PutMirrors: []reconcile.Mirror{pulled("3", "x"), pulled("4", "y"), pulled("4", "z")}, DropMirrors: []string{"3", "2"}}))
	put(t, s, ana, pulled("2", "Back"))

	want := []string{
		"create northwind/ana 1 -",
		"create northwind/ana 2 Back",
		"update northwind/ana 2 Back",
		"remove northwind/ana 1 -",
		"remove northwind/ana 2 -",
		"create northwind/ana 4 z",
		"create northwind/ana 2 Back",
	}
	page := changes(t, s, 0, "northwind")
	if diff := same(want, told(page)); diff != "" {
		t.Error(diff)
	}
	for i, c := range page.Changes {
		if c.Version != c.Position || i > 0 && c.Position <= page.Changes[i-1].Position || time.Since(c.At).Abs() > time.Hour {
			t.Errorf("change %d: %+v", i, c)
		}
	}
	all, err := s.Changes(t.Context(), 0, 100, nil)
	if must(t, err); len(all.Changes) != len(want)+1 {
		t.Errorf("of all providers: %v", told(all))
	}
	part, err := s.Changes(t.Context(), 0, 2, []string{"northwind"})
	if must(t, err); len(part.Changes) != 2 || part.Next != part.Changes[1].Position || part.Newest != page.Newest {
		t.Errorf("a part: %+v", part)
	}
	if none := changes(t, s, part.Next, "nobody"); len(none.Changes) != 0 || none.Next != page.Newest {
		t.Errorf("of nobody: %+v", none)
	}
	if n, err := s.FeedPositionOf(t.Context(), 0, []string{"contoso"}); err != nil || n != all.Changes[2].Position {
		t.Errorf("the newest of contoso: %d, %v", n, err)
	}
}

// feedForgets: a trainer's text and history leave the feed, and readers hear which of the
// trainer's items are gone (forget-1).
func feedForgets(t *testing.T, d Driver) {
	s := d.fresh(t)
	put(t, s, ana, pulled("1", "Dentist"), pulled("2", "Leave"))
	put(t, s, ben, pulled("1", "Other"))
	drop(t, s, ana, "2")
	position, err := s.FeedPosition(t.Context())
	must(t, err)
	_, err = s.Forget(t.Context(), ana)
	must(t, err)
	want := []string{"create northwind/ben 1 Other", "remove northwind/ana 1 -", "remove northwind/ana 2 -"}
	if diff := same(want, told(changes(t, s, 0, "northwind"))); diff != "" {
		t.Errorf("from the start: %s", diff)
	}
	if diff := same(want[1:], told(changes(t, s, position, "northwind"))); diff != "" {
		t.Errorf("for who knew it: %s", diff)
	}
}

// feedPrunes: positions are never used twice, and who is behind what is kept is told so.
func feedPrunes(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	put(t, s, ana, pulled("1", "a"), pulled("2", "b"))
	before := time.Now()
	put(t, s, ana, pulled("3", "c"))
	n, err := s.PruneFeed(t.Context(), before)
	if must(t, err); n != 2 {
		t.Errorf("pruned %d", n)
	}
	page := changes(t, s, 2, "northwind")
	if diff := same([]string{"create northwind/ana 3 c"}, told(page)); diff != "" {
		t.Error(diff)
	}
	_, err = s.PruneFeed(t.Context(), time.Now().Add(time.Hour))
	must(t, err)
	if none := changes(t, s, 3, "northwind"); len(none.Changes) != 0 || none.Next != 3 {
		t.Errorf("at the newest: %+v", none)
	}
	for _, after := range []int64{0, 2, 4} {
		if _, err := s.Changes(t.Context(), after, 10, nil); !errors.Is(err, store.ErrGone) {
			t.Errorf("after %d: %v", after, err)
		}
		if err := s.AwaitChanges(t.Context(), after); !errors.Is(err, store.ErrGone) {
			t.Errorf("waiting after %d: %v", after, err)
		}
	}
	must(t, s.Close())
	s = d.open(t, dir)
	drop(t, s, ana, "1")
	if page := changes(t, s, 3, "northwind"); len(page.Changes) != 1 || page.Changes[0].Position != 4 {
		t.Errorf("after all was pruned: %+v", page)
	}
}

// feedWakes: who waits hears of changes at once, and of those of other processes.
func feedWakes(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	reader, err := d.OpenReadOnly(t.Context(), dir)
	must(t, err)
	defer func() { _ = reader.Close() }()
	woken := make(chan error, 2)
	for _, one := range []store.Feed{s, reader} {
		go func() { woken <- one.AwaitChanges(t.Context(), 0) }()
	}
	put(t, s, ana, pulled("1", "a"))
	must(t, errors.Join(<-woken, <-woken))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.AwaitChanges(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("there is nothing: %v", err)
	}
}

// follower is a reader of the feed that keeps what it was told, each item's newest version.
type follower struct {
	providers []string
	items     map[store.FeedKey]reconcile.Mirror
	versions  map[store.FeedKey]int64
	position  int64
}

// start takes a snapshot in pages; between them, more may happen.
func (f *follower) start(r *rapid.T, s store.Feed, meanwhile func()) {
	f.items, f.versions = map[store.FeedKey]reconcile.Mirror{}, map[store.FeedKey]int64{}
	limit := rapid.IntRange(1, 4).Draw(r, "page")
	var after store.FeedKey
	for first := true; ; first = false {
		page, position, err := s.FeedSnapshot(context.Background(), f.providers, after, limit)
		must(r, err)
		if first {
			f.position = position
		}
		for _, i := range page {
			f.items[i.FeedKey], f.versions[i.FeedKey], after = i.Mirror, i.Version, i.FeedKey
		}
		if len(page) < limit {
			return
		}
		meanwhile()
	}
}

// follow applies the changes after the follower's position, some pages of them.
func (f *follower) follow(r *rapid.T, s store.Feed, pages int) error {
	limit := rapid.IntRange(1, 4).Draw(r, "limit")
	for range pages {
		page, err := s.Changes(context.Background(), f.position, limit, f.providers)
		if err != nil {
			return err
		}
		for _, c := range page.Changes {
			if c.Position <= f.position {
				r.Fatalf("position %d comes after %d", c.Position, f.position)
			}
			f.apply(c)
		}
		f.position = page.Next
		if len(page.Changes) == 0 {
			return nil
		}
	}
	return nil
}

func (f *follower) apply(c store.FeedChange) {
	if c.Version <= f.versions[c.FeedKey] {
		return
	}
	f.versions[c.FeedKey] = c.Version
	delete(f.items, c.FeedKey)
	if c.Mirror != nil {
		f.items[c.FeedKey] = *c.Mirror
	}
}

// feedReplays: whoever starts from a snapshot at any moment and applies the changes after
// it knows what is pulled, whatever happens, and at least once (pull-10). Only pruning
// makes a reader start again, and only one that was behind.
func feedReplays(t *testing.T, d Driver) {
	s := d.fresh(t)
	checks := 0
	rapid.Check(t, func(r *rapid.T) {
		checks++
		one, two := fmt.Sprint("feed", checks), fmt.Sprint("elsewhere", checks)
		trainers := rapid.SampledFrom([]platform.TrainerID{{Provider: one, Label: "ana"}, {Provider: one, Label: "zoe"}, {Provider: two, Label: "ana"}})
		pruned := int64(0)
		act := func() {
			id := trainers.Draw(r, "trainer")
			switch rapid.IntRange(0, 9).Draw(r, "action") {
			case 0:
				_, err := s.Forget(context.Background(), id)
				must(r, err)
			case 1:
				position, err := s.FeedPosition(context.Background())
				must(r, err)
				_, err = s.PruneFeed(context.Background(), time.Now().Add(time.Hour))
				must(r, err)
				pruned = position
			case 2:
				_, err := s.Release(context.Background(), id, []string{"m1", "m2", "m3"})
				must(r, err)
			default:
				must(r, s.Commit(context.Background(), results(id).Draw(r, "result")))
			}
		}
		followers := []*follower{{providers: []string{one}}, {providers: []string{one, two}}}
		for _, f := range followers {
			f.start(r, s, act)
		}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			act()
			f := rapid.SampledFrom(followers).Draw(r, "follower")
			f.catchUp(r, s, pruned, 2)
		}
		for _, f := range followers {
			f.catchUp(r, s, pruned, 1000)
			if diff := same(f.now(r, s, []platform.TrainerID{{Provider: one, Label: "ana"}, {Provider: one, Label: "zoe"}, {Provider: two, Label: "ana"}}), f.items); diff != "" {
				r.Fatalf("a reader of %v: %s", f.providers, diff)
			}
		}
		unchanged(r, s, trainers.Draw(r, "same"))
	})
}

// catchUp follows, or starts again where the reader is told to.
func (f *follower) catchUp(r *rapid.T, s store.Feed, pruned int64, pages int) {
	err := f.follow(r, s, pages)
	if gone := errors.Is(err, store.ErrGone); gone && f.position < pruned {
		f.start(r, s, func() {})
		err = f.follow(r, s, pages)
	}
	must(r, err)
}

// now is what is pulled of the follower's providers.
func (f *follower) now(r *rapid.T, s store.Store, trainers []platform.TrainerID) map[store.FeedKey]reconcile.Mirror {
	all := map[store.FeedKey]reconcile.Mirror{}
	for _, id := range trainers {
		if !slices.Contains(f.providers, id.Provider) {
			continue
		}
		for _, m := range trainer(r, s, id).Mirrors {
			all[store.FeedKey{Trainer: id, ID: m.ID}] = m
		}
	}
	return all
}

// unchanged: storing what is stored tells nothing.
func unchanged(r *rapid.T, s store.Store, id platform.TrainerID) {
	before, err := s.FeedPosition(context.Background())
	must(r, err)
	put(r, s, id, trainer(r, s, id).Mirrors...)
	if after, err := s.FeedPosition(context.Background()); err != nil || after != before {
		r.Fatalf("nothing changed, and the feed went from %d to %d, %v", before, after, err)
	}
}
