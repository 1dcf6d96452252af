package cli

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// endState is what two runs are compared by: content and owner of every item, what the
// platform shows, and what is remembered; ids, versions and generations aside.
type endState struct {
	Calendars map[string][]calendarItem
	Platform  map[string][]pulledItem
	Links     map[string][]rememberedItem
	Failing   map[string]string
}

type calendarItem struct {
	Subject, Location, Body, ShowAs, Sensitivity string
	Start, End                                   time.Time
	AllDay, Ours                                 bool
}

type pulledItem struct {
	Description string
	Start, End  time.Time
}

type rememberedItem struct {
	Key   string
	State reconcile.LinkState
}

// state reads the end state from the calendars and the gateway's memory.
func (r *killRig) state() endState {
	r.t.Helper()
	s := endState{
		Calendars: map[string][]calendarItem{}, Platform: map[string][]pulledItem{},
		Links: map[string][]rememberedItem{}, Failing: map[string]string{},
	}
	for _, address := range r.boxes {
		for _, it := range r.mailbox(address).Items(world.Calendar) {
			s.Calendars[address] = append(s.Calendars[address], calendarItem{
				it.Subject, it.Location, it.Body.AsText(), string(it.ShowAs), string(it.Sensitivity),
				it.Start.UTC(), it.End.UTC(), it.AllDay, len(it.Properties) > 0,
			})
		}
		slices.SortFunc(s.Calendars[address], func(a, b calendarItem) int {
			return cmp.Or(cmp.Compare(a.Subject, b.Subject), a.Start.Compare(b.Start))
		})
	}
	r.remembered(&s)
	return s
}

func (r *killRig) remembered(s *endState) {
	r.t.Helper()
	memory, err := sqlite.OpenReadOnly(r.t.Context(), filepath.Join(r.dir, "gateway.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer memory.Close()
	ids, err := memory.TrainerIDs(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, id := range ids {
		trainer, err := memory.Trainer(r.t.Context(), id)
		if err != nil {
			r.t.Fatal(err)
		}
		name := id.String()
		for _, m := range trainer.Mirrors {
			start, end := m.When.Span(time.UTC)
			s.Platform[name] = append(s.Platform[name], pulledItem{m.Description, start.UTC(), end.UTC()})
		}
		slices.SortFunc(s.Platform[name], func(a, b pulledItem) int {
			return cmp.Or(cmp.Compare(a.Description, b.Description), a.Start.Compare(b.Start))
		})
		for _, l := range trainer.Links {
			s.Links[name] = append(s.Links[name], rememberedItem{l.Key, l.State})
		}
		slices.SortFunc(s.Links[name], func(a, b rememberedItem) int { return cmp.Compare(a.Key, b.Key) })
		if trainer.Failing != nil {
			s.Failing[name] = trainer.Failing.Code
		}
	}
}
