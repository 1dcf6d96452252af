package reconcile

import (
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

var (
	monday = hours(base.AddDate(0, 0, 7).Add(9*time.Hour), 7)
	key    = "northwind/ana/course/1"
)

func TestPush(t *testing.T) {
	t.Parallel()
	fork := appointment("Training: Forklift", monday)
	moved := appointment("Training: Forklift", hours(monday.Start.AddDate(0, 0, 1), 7))
	tests := []struct {
		name string
		do   func(m *model)
		want []string
	}{
		{"push-1 a wanted course is created", func(m *model) { m.want(key, 1, fork) }, []string{"calendar create new"}},
		{"P1 a second run writes nothing", func(m *model) { m.want(key, 1, fork); m.run(-1) }, nil},
		{"push-7 a trigger updates", func(m *model) { m.want(key, 1, fork); m.run(-1); m.want(key, 2, moved) }, []string{"calendar update triggered"}},
		{"push-13 without a trigger nothing is sent", func(m *model) { m.want(key, 1, fork); m.run(-1); m.want(key, 1, moved) }, nil},
		{"push-9 a deleted item is restored", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			clear(m.items)
		}, []string{"calendar create deleted_in_calendar"}},
		{"push-9 an edited item is restored in place (K4)", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			item := m.own()[key][0]
			item.Subject = "mine now"
			m.put(item)
		}, []string{"calendar update drift"}},
		{"B7 a new version without a difference is noted", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			m.put(m.own()[key][0])
		}, nil},
		{"an item moved out of the window is moved back, not doubled", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			item := m.own()[key][0]
			item.When = hours(window.End.AddDate(1, 0, 0), 1)
			m.put(item)
		}, []string{"calendar update drift"}},
		{"push-8 what is no longer wanted goes", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			delete(m.wanted, key)
		}, []string{"calendar remove not_wanted"}},
		{"B2 a crash after the create is adopted", func(m *model) { m.want(key, 1, fork); m.run(1) }, nil},
		{"a crash before the create is repeated", func(m *model) { m.want(key, 1, fork); m.run(0) }, []string{"calendar create outcome_unknown"}},
		{"B3 lost state is rebuilt from markers", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			clear(m.links)
			m.foundAll = true
		}, nil},
		{"B5 a copy at the same time is our duplicate", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			dup := m.own()[key][0]
			dup.ID = ""
			m.put(dup)
		}, []string{"calendar remove duplicate"}},
		{"B5 a copy at another time is the trainer's", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			dup := m.own()[key][0]
			dup.ID, dup.When = "", moved.When
			m.put(dup)
		}, []string{"platform create appeared"}},
		{"push-14 an ended course is left as written", func(m *model) {
			m.want(key, 1, fork)
			m.run(-1)
			clear(m.items)
			w := m.wanted[key]
			w.Ended = true
			m.wanted[key] = w
		}, nil},
		{"another installation's item is pulled and reported", func(m *model) {
			m.put(calendar.Item{Appointment: fork, Marker: &calendar.Marker{Installation: "there", Key: key, Generation: "g"}})
		}, []string{"platform create appeared"}},
		{"A12 a native item like ours is not touched", func(m *model) {
			m.native(calendar.Item{Appointment: fork})
			m.want(key, 1, fork)
		}, []string{"calendar create new", "platform create appeared"}},
	}
	for _, tt := range tests {
		for _, markers := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				m := newModel(t)
				m.markersInReads = markers
				tt.do(m)
				wantReasons(t, m.plan(), tt.want...)
				m.run(-1)
				if p := m.run(-1); !p.Empty() {
					t.Fatalf("the next run still writes: %v", reasons(p))
				}
			})
		}
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	dentist := calendar.Item{Appointment: appointment("Dentist", monday)}
	dentist.Body = "bring the card"
	with := func(change func(*calendar.Item)) calendar.Item {
		i := dentist
		change(&i)
		return i
	}
	tests := []struct {
		name        string
		item        calendar.Item
		want        []string
		description string
	}{
		{"pull-1 subject and body", dentist, []string{"platform create appeared"}, "Dentist\nbring the card"},
		{"pull-1 without a subject", with(func(i *calendar.Item) { i.Subject = " " }), []string{"platform create appeared"}, "Unavailable\nbring the card"},
		{"pull-2 free", with(func(i *calendar.Item) { i.ShowAs = calendar.ShowAsFree }), nil, ""},
		{"pull-2 free and private", with(func(i *calendar.Item) {
			i.ShowAs, i.Sensitivity = calendar.ShowAsFree, calendar.SensitivityPrivate
		}), nil, ""},
		{"pull-3 private", with(func(i *calendar.Item) { i.Sensitivity = calendar.SensitivityPrivate }), []string{"platform create appeared"}, Unavailable},
		{"pull-3 unknown sensitivity", with(func(i *calendar.Item) { i.Sensitivity = "secretish" }), []string{"platform create appeared"}, Unavailable},
		{"J5 cancelled", with(func(i *calendar.Item) { i.Cancelled = true }), nil, ""},
		{"J5 declined", with(func(i *calendar.Item) { i.Declined = true }), nil, ""},
		{"F1 ends when the window starts", with(func(i *calendar.Item) { i.When = hours(window.Start.Add(-3600e9), 1) }), nil, ""},
		{"F1 starts when the window ends", with(func(i *calendar.Item) { i.When = hours(window.End, 1) }), nil, ""},
		{"pull-6 all day", with(func(i *calendar.Item) {
			d := calendar.DateOf(base)
			i.When = calendar.When{AllDay: true, FirstDay: d, EndDay: d.AddDays(1)}
		}), []string{"platform create appeared"}, "Dentist\nbring the card"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.native(tt.item)
			p := m.plan()
			wantReasons(t, p, tt.want...)
			if len(p.Platform) == 1 && p.Platform[0].Mirror.Description != tt.description {
				t.Errorf("description %q, want %q", p.Platform[0].Mirror.Description, tt.description)
			}
		})
	}
}

func TestPullChanges(t *testing.T) {
	t.Parallel()
	dentist := calendar.Item{Appointment: appointment("Dentist", monday)}
	tests := []struct {
		name   string
		change func(m *model, item calendar.Item)
		want   []string
	}{
		{"pull-1 deleted", func(m *model, i calendar.Item) { delete(m.items, i.ID) }, []string{"platform remove vanished"}},
		{"pull-1 renamed", func(m *model, i calendar.Item) { i.Subject = "Doctor"; m.put(i) }, []string{"platform update changed"}},
		{"pull-1 moved", func(m *model, i calendar.Item) { i.When = hours(base, 1); m.put(i) }, []string{"platform update changed"}},
		{"pull-2 turned free", func(m *model, i calendar.Item) { i.ShowAs = calendar.ShowAsFree; m.put(i) }, []string{"platform remove free"}},
		{"pull-11 made private", func(m *model, i calendar.Item) {
			i.Sensitivity, i.Subject = calendar.SensitivityPrivate, ""
			m.put(i)
		}, []string{"platform update changed"}},
		{"pull-11 another text", func(m *model, i calendar.Item) { i.Body = "Bring the papers"; m.put(i) }, []string{"platform update changed"}},
		{"pull-11 tentative", func(m *model, i calendar.Item) { i.ShowAs = calendar.ShowAsTentative; m.put(i) }, []string{"platform update changed"}},
		{"called off", func(m *model, i calendar.Item) { i.Cancelled = true; m.put(i) }, []string{"platform remove cancelled"}},
		{"only the version", func(m *model, i calendar.Item) { m.put(i) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			item := m.native(dentist)
			m.run(-1)
			tt.change(m, item)
			wantReasons(t, m.plan(), tt.want...)
		})
	}
}

// TestPartialReadDoesNothing holds A1 and A2: no removal and no addition without a
// complete read.
func TestPartialReadDoesNothing(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.want(key, 1, appointment("Training: Forklift", monday))
	m.native(calendar.Item{Appointment: appointment("Dentist", monday)})
	r := m.read(nil)
	r.Complete = false
	in := m.input(r)
	if ids := Questions(in); len(ids) > 0 {
		t.Errorf("asked for %v", ids)
	}
	if p := Make(in); !p.Empty() || len(p.Links)+len(p.Notes)+len(p.Skipped) > 0 {
		t.Errorf("planned %v", reasons(p))
	}
}

// TestHistoryStays holds pull-7 and F3: what slid out of the window is left.
func TestHistoryStays(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.mirrors["cal-old"] = Mirror{ID: "cal-old", ItemID: "old", When: hours(window.Start.AddDate(0, 0, -2), 1)}
	wantReasons(t, m.plan())
}

// TestSeriesIsReplaced holds E1: an occurrence that the whole series no longer has
// is gone, without a word about it.
func TestSeriesIsReplaced(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	for day := range 3 {
		m.native(calendar.Item{SeriesID: "s", Appointment: appointment("Standup", hours(base.AddDate(0, 0, day), 1))})
	}
	m.run(-1)
	var left []calendar.Item
	for _, item := range m.items {
		if item.When.Start.Equal(base) {
			left = append(left, item)
		}
	}
	r := Read{Complete: true, Covered: window, Changes: []calendar.Change{{ReplaceSeries: &calendar.Series{ID: "s", Items: left}}}}
	wantReasons(t, Make(m.input(r)), "platform remove vanished", "platform remove vanished")
}
