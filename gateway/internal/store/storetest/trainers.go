package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func emptyMemory(t *testing.T, d Driver) {
	s := d.fresh(t)
	if diff := same(store.Trainer{ID: ana}, trainer(t, s, ana)); diff != "" {
		t.Error(diff)
	}
	ids, err := s.TrainerIDs(t.Context())
	if err != nil || len(ids) > 0 {
		t.Errorf("TrainerIDs is %v, %v", ids, err)
	}
}

// memory is what a store must remember of one trainer, kept in the simplest way.
type memory struct {
	trainer store.Trainer
	links   map[string]reconcile.Link
	mirrors map[string]reconcile.Mirror
}

func (m *memory) commit(r store.Result) {
	m.trainer.Binding, m.trainer.Cursor, m.trainer.Fingerprint, m.trainer.Failing = r.Binding, r.Cursor, r.Fingerprint, r.Failing
	m.trainer.Owed, m.trainer.Conflicts = r.Owed, r.Conflicts
	if !r.Proven.IsZero() {
		m.trainer.Proven = r.Proven
	}
	if r.Place != (store.Place{}) {
		m.trainer.Place = r.Place
	}
	if !r.Read.At.IsZero() {
		m.trainer.Read = r.Read
	}
	m.putLinks(r.PutLinks)
	for _, mirror := range r.PutMirrors {
		m.mirrors[mirror.ID] = mirror
	}
	for _, key := range r.DropLinks {
		delete(m.links, key)
	}
	for _, id := range r.DropMirrors {
		delete(m.mirrors, id)
	}
}

func (m *memory) putLinks(links []reconcile.Link) {
	for _, l := range links {
		m.links[l.Key] = l
	}
}

func (m *memory) whole(id platform.TrainerID) store.Trainer {
	t := m.trainer
	t.ID = id
	for _, key := range slices.Sorted(maps.Keys(m.links)) {
		t.Links = append(t.Links, m.links[key])
	}
	for _, key := range slices.Sorted(maps.Keys(m.mirrors)) {
		t.Mirrors = append(t.Mirrors, m.mirrors[key])
	}
	return t
}

// resultsRoundTrip: whatever is committed, in whatever order, is read again, and no
// trainer's memory touches another's.
func resultsRoundTrip(t *testing.T, d Driver) {
	s := d.fresh(t)
	checks := 0
	rapid.Check(t, func(r *rapid.T) {
		checks++ // trainers of its own for each check
		one, two := fmt.Sprint("provider", checks), fmt.Sprint("other", checks)
		want := map[platform.TrainerID]*memory{}
		for range rapid.IntRange(1, 6).Draw(r, "commits") {
			id := rapid.SampledFrom([]platform.TrainerID{{Provider: one, Label: "ana"}, {Provider: one, Label: "zoe"}, {Provider: two, Label: "ana"}}).Draw(r, "trainer")
			if want[id] == nil {
				want[id] = &memory{links: map[string]reconcile.Link{}, mirrors: map[string]reconcile.Mirror{}}
			}
			if rapid.Bool().Draw(r, "intend") {
				links := rapid.SliceOfN(links(), 0, 4).Draw(r, "links")
				must(t, s.Intend(context.Background(), id, links))
				want[id].putLinks(links)
				continue
			}
			result := results(id).Draw(r, "result")
			must(t, s.Commit(context.Background(), result))
			want[id].commit(result)
		}
		for id, m := range want {
			if diff := same(m.whole(id), trainer(t, s, id)); diff != "" {
				r.Fatalf("memory of %s: %s", id, diff)
			}
		}
		ids, err := s.TrainerIDs(context.Background())
		must(t, err)
		for id := range want {
			if !slices.Contains(ids, id) {
				r.Fatalf("TrainerIDs lacks %s", id)
			}
		}
	})
}

// texts are those a calendar may hold, quotes and all.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), rapid.StringN(0, 20, 80), rapid.Just(`"';--`+"\n\t\u00a0 end"))
}

func instants() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		zone := rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("east", 13*3600), time.FixedZone("west", -9*3600-1800)}).Draw(t, "zone")
		return time.Unix(rapid.Int64Range(-1e9, 7e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).In(zone)
	})
}

func whens() *rapid.Generator[calendar.When] {
	return rapid.Custom(func(t *rapid.T) calendar.When {
		w := calendar.When{TimeZone: rapid.SampledFrom([]string{"", "Europe/London", "America/New_York"}).Draw(t, "timezone")}
		if rapid.Bool().Draw(t, "allDay") {
			w.AllDay = true
			w.FirstDay = calendar.DateOf(instants().Draw(t, "day"))
			w.EndDay = w.FirstDay.AddDays(rapid.IntRange(1, 40).Draw(t, "days"))
			return w
		}
		w.Start, w.End = instants().Draw(t, "start"), instants().Draw(t, "end")
		return w
	})
}

func appointments() *rapid.Generator[calendar.Appointment] {
	return rapid.Custom(func(t *rapid.T) calendar.Appointment {
		return calendar.Appointment{
			Subject: texts().Draw(t, "subject"), Location: texts().Draw(t, "location"), Body: texts().Draw(t, "body"), When: whens().Draw(t, "when"),
			ShowAs:      rapid.SampledFrom([]calendar.ShowAs{"", calendar.ShowAsBusy, calendar.ShowAsFree}).Draw(t, "showAs"),
			Sensitivity: rapid.SampledFrom([]calendar.Sensitivity{"", calendar.SensitivityNormal, calendar.SensitivityPrivate}).Draw(t, "sensitivity"),
		}
	})
}

func links() *rapid.Generator[reconcile.Link] {
	return rapid.Custom(func(t *rapid.T) reconcile.Link {
		l := reconcile.Link{
			Key:        rapid.SampledFrom([]string{"k1", "k2", "K1", "k/3"}).Draw(t, "key"),
			Generation: texts().Draw(t, "generation"), ItemID: calendar.ItemID(texts().Draw(t, "item")), Version: texts().Draw(t, "version"),
			Rendered: appointments().Draw(t, "rendered"), Revision: rapid.Int64().Draw(t, "revision"),
			State: rapid.SampledFrom([]reconcile.LinkState{reconcile.LinkIntended, reconcile.LinkWritten, reconcile.LinkRemoving}).Draw(t, "state"),
		}
		if rapid.Bool().Draw(t, "read back") {
			content := appointments().Draw(t, "canonical")
			l.Canonical = &content
		}
		return l
	})
}

func mirrors() *rapid.Generator[reconcile.Mirror] {
	return rapid.Custom(func(t *rapid.T) reconcile.Mirror {
		m := reconcile.Mirror{
			ID:     rapid.SampledFrom([]string{"m1", "m2", "m3", "M1"}).Draw(t, "id"),
			ItemID: calendar.ItemID(texts().Draw(t, "item")), SeriesID: calendar.ItemID(texts().Draw(t, "series")),
			Version: texts().Draw(t, "version"), Description: texts().Draw(t, "description"), When: whens().Draw(t, "when"),
			ShowAs: rapid.SampledFrom([]calendar.ShowAs{calendar.ShowAsBusy, calendar.ShowAsOutOfOffice}).Draw(t, "showAs"), Private: rapid.Bool().Draw(t, "private"),
			Held: rapid.Bool().Draw(t, "held"), Detail: rapid.SampledFrom([]string{"", "full"}).Draw(t, "detail"),
		}
		if m.Private {
			m.Description = reconcile.Unavailable
		}
		return m
	})
}

func results(id platform.TrainerID) *rapid.Generator[store.Result] {
	return rapid.Custom(func(t *rapid.T) store.Result {
		r := store.Result{
			ID: id, Binding: texts().Draw(t, "binding"), Cursor: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "cursor"), Fingerprint: texts().Draw(t, "fingerprint"),
			PutLinks: rapid.SliceOfN(links(), 0, 4).Draw(t, "links"), PutMirrors: rapid.SliceOfN(mirrors(), 0, 4).Draw(t, "mirrors"),
			DropLinks:   rapid.SliceOfN(rapid.SampledFrom([]string{"k1", "k2", "none"}), 0, 2).Draw(t, "dropLinks"),
			DropMirrors: rapid.SliceOfN(rapid.SampledFrom([]string{"m1", "m2", "none"}), 0, 2).Draw(t, "dropMirrors"),
		}
		if rapid.Bool().Draw(t, "failing") {
			r.Failing = &store.Failing{Code: "c", Message: texts().Draw(t, "message"), Advice: "a", Since: instants().Draw(t, "since"), Attempts: 3}
		}
		if rapid.Bool().Draw(t, "proven") {
			r.Proven = instants().Draw(t, "provenAt")
			r.Read = store.Reading{At: r.Proven, Covered: calendar.Window{Start: instants().Draw(t, "from"), End: instants().Draw(t, "until")}}
			r.Place = store.Place{Account: "p/s", Mailbox: sdk.Mailbox{Address: texts().Draw(t, "address"), TimeZone: "Europe/London"}}
		}
		r.Owed = rapid.SliceOfN(owed(), 0, 3).Draw(t, "owed")
		for i := range rapid.IntRange(0, 2).Draw(t, "conflicts") {
			r.Conflicts = append(r.Conflicts, store.Conflict{
				Conflict: reconcile.Conflict{
					Key: "k1", Other: fmt.Sprint("m", i), Pulled: rapid.Bool().Draw(t, "pulled"), Start: noon, End: noon.Add(time.Hour),
				},
				Since: instants().Draw(t, "found").UTC(),
			})
		}
		return r
	})
}

func owed() *rapid.Generator[store.Owed] {
	return rapid.Custom(func(t *rapid.T) store.Owed {
		o := store.Owed{
			Key: texts().Draw(t, "key"), Op: reconcile.OpRemove, Reason: reconcile.ReasonNotWanted, Step: texts().Draw(t, "step"),
			Code: "c", Message: texts().Draw(t, "message"), Since: instants().Draw(t, "since").UTC(), Attempts: 2,
		}
		if rapid.Bool().Draw(t, "backing off") {
			o.Next = instants().Draw(t, "next").UTC()
		}
		return o
	})
}

// retriesOwed holds the store's part of C8: what backs off can be made due.
func retriesOwed(t *testing.T, d Driver) {
	s := d.fresh(t)
	item := store.Owed{Key: "k", Op: reconcile.OpCreate, Since: noon, Next: noon.Add(time.Hour), Attempts: 3}
	must(t, s.Commit(t.Context(), store.Result{ID: ana, Cursor: []byte("c"), Owed: []store.Owed{item}}))
	n, err := s.RetryOwed(t.Context(), ana)
	item.Next = time.Time{}
	if diff := same(store.Trainer{ID: ana, Cursor: []byte("c"), Owed: []store.Owed{item}}, trainer(t, s, ana)); diff != "" || n != 1 || err != nil {
		t.Errorf("%d items, %v: %s", n, err, diff)
	}
	if n, err = s.RetryOwed(t.Context(), zoe); n != 0 || err != nil {
		t.Errorf("of a trainer never seen %d items, %v", n, err)
	}
}

// privateText holds pull-3 for the state, whatever it is given.
func privateText(t *testing.T, d Driver) {
	s := d.fresh(t)
	must(t, s.Commit(t.Context(), store.Result{ID: ana, PutMirrors: []reconcile.Mirror{{ID: "m", Description: "secret", Private: true}}}))
	if got := trainer(t, s, ana).Mirrors[0].Description; got != reconcile.Unavailable {
		t.Errorf("a private mirror is kept as %q", got)
	}
}

// releases holds the store's part of hold-1: what is released is what was named, is
// still held, and is that trainer's.
func releases(t *testing.T, d Driver) {
	s := d.fresh(t)
	held := []reconcile.Mirror{{ID: "m1", Held: true}, {ID: "m2", Held: true}, {ID: "m3", Held: true}, {ID: "m4"}}
	zoe := platform.TrainerID{Provider: ana.Provider, Label: "zoe"}
	for _, id := range []platform.TrainerID{ana, zoe} {
		must(t, s.Commit(t.Context(), store.Result{ID: id, Cursor: []byte("c"), PutMirrors: held}))
	}
	conflict := func(other string) store.Conflict {
		return store.Conflict{Conflict: reconcile.Conflict{Key: "k", Other: other, Pulled: true, Start: noon, End: noon.Add(time.Hour)}, Since: noon}
	}
	must(t, s.Commit(t.Context(), store.Result{
		ID: ana, Cursor: []byte("c"), PutMirrors: []reconcile.Mirror{{ID: "m2"}}, Conflicts: []store.Conflict{conflict("m1"), conflict("m2")},
	}))
	released, err := s.Release(t.Context(), ana, []string{"m1", "m2", "m4", "none"})
	if err != nil || !slices.Equal(released, []string{"m1"}) {
		t.Errorf("released %v, %v; want m1 alone", released, err)
	}
	left := store.Trainer{ID: ana, Cursor: []byte("c"), Mirrors: []reconcile.Mirror{{ID: "m2"}, {ID: "m3", Held: true}, {ID: "m4"}}, Conflicts: []store.Conflict{conflict("m2")}}
	if diff := same(left, trainer(t, s, ana)); diff != "" {
		t.Error(diff)
	}
	if diff := same(store.Trainer{ID: zoe, Cursor: []byte("c"), Mirrors: held}, trainer(t, s, zoe)); diff != "" {
		t.Error(diff)
	}
}

// tooLate is a time that no driver can keep.
var tooLate = calendar.When{Start: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(12000, 1, 2, 0, 0, 0, 0, time.UTC)}

func atomic(t *testing.T, d Driver) {
	s := d.fresh(t)
	first := store.Result{ID: ana, Binding: "b", Cursor: []byte("1"), PutLinks: []reconcile.Link{{Key: "k1", State: reconcile.LinkWritten}}, PutMirrors: []reconcile.Mirror{{ID: "m1"}}}
	must(t, s.Commit(t.Context(), first))
	before := trainer(t, s, ana)
	change := func() store.Result {
		return store.Result{ID: ana, Cursor: []byte("2"), PutLinks: []reconcile.Link{{Key: "k2"}}, DropLinks: []string{"k1"}, PutMirrors: []reconcile.Mirror{{ID: "m2"}}, DropMirrors: []string{"m1"}}
	}
	badMirror, badLink := change(), change()
	badMirror.PutMirrors = append(badMirror.PutMirrors, reconcile.Mirror{ID: "m3", When: tooLate})
	badLink.PutLinks = append(badLink.PutLinks, reconcile.Link{Key: "k3", Rendered: calendar.Appointment{When: tooLate}})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"cancelled": s.Commit(cancelled, change()), "bad mirror": s.Commit(t.Context(), badMirror), "bad link": s.Commit(t.Context(), badLink),
		"intention": s.Intend(t.Context(), ana, badLink.PutLinks),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if diff := same(before, trainer(t, s, ana)); diff != "" {
		t.Errorf("a failed commit left something: %s", diff)
	}
	must(t, s.Commit(t.Context(), change()))
}

// intentions holds the half of B2 that is the store's.
func intentions(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	link := reconcile.Link{Key: "k", Generation: "g", State: reconcile.LinkIntended, Rendered: calendar.Appointment{Subject: "s"}}
	must(t, s.Intend(t.Context(), ana, []reconcile.Link{link}))
	must(t, s.Close())
	must(t, s.Close())
	s = d.open(t, dir)
	if diff := same(store.Trainer{ID: ana, Links: []reconcile.Link{link}}, trainer(t, s, ana)); diff != "" {
		t.Error(diff)
	}
}

func concurrent(t *testing.T, d Driver) {
	s := d.fresh(t)
	const workers, rounds = 6, 8
	var group sync.WaitGroup
	errs := make(chan error, workers)
	for w := range workers {
		group.Go(func() {
			id := platform.TrainerID{Provider: "northwind", Label: fmt.Sprintf("t%d", w)}
			errs <- work(t.Context(), s, id, rounds)
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		must(t, err)
	}
	ids, err := s.TrainerIDs(t.Context())
	if err != nil || len(ids) != workers {
		t.Errorf("TrainerIDs is %v, %v", ids, err)
	}
}

// work commits and reads in turn; each read sees one commit whole.
func work(ctx context.Context, s store.Store, id platform.TrainerID, rounds int) error {
	for i := range rounds {
		text := strings.Repeat("x", i)
		if err := s.Commit(ctx, store.Result{ID: id, Binding: text, PutMirrors: []reconcile.Mirror{{ID: "m", Version: text}}}); err != nil {
			return err
		}
		got, err := s.Trainer(ctx, id)
		if err != nil {
			return err
		}
		if got.Binding != text || len(got.Mirrors) != 1 || got.Mirrors[0].Version != text {
			return errors.New("a read saw half of a commit")
		}
	}
	return nil
}
