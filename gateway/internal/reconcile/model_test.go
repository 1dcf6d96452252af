package reconcile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

var (
	base   = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	window = calendar.Window{Start: base.AddDate(0, 0, -7), End: base.AddDate(0, 0, 365)}
)

func hours(start time.Time, h int) calendar.When {
	return calendar.When{Start: start, End: start.Add(time.Duration(h) * time.Hour), TimeZone: "Europe/London"}
}

func appointment(subject string, when calendar.When) calendar.Appointment {
	return calendar.Appointment{Subject: subject, When: when, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal}
}

// model is a mailbox and a gateway's memory of it, with the runner's part played in
// the simplest way that can be right.
type model struct {
	guard *Guard
	t     interface {
		Fatalf(string, ...any)
		Helper()
	}
	items   map[calendar.ItemID]calendar.Item
	natives map[calendar.ItemID]calendar.Item // as the trainer left them
	touched []string                          // ids of natives that a plan wrote
	wanted  map[string]Wanted
	links   map[string]Link
	mirrors map[string]Mirror
	seq     int
	// markersInReads: a read returns markers (EWS) or not (Graph's delta).
	markersInReads bool
	// foundAll: the next read is preceded by a search for markers.
	foundAll bool
}

func newModel(t interface {
	Fatalf(string, ...any)
	Helper()
},
) *model {
	return &model{
		t: t, items: map[calendar.ItemID]calendar.Item{}, natives: map[calendar.ItemID]calendar.Item{},
		wanted: map[string]Wanted{}, links: map[string]Link{}, mirrors: map[string]Mirror{},
		foundAll: true,
	}
}

func (m *model) next(prefix string) string {
	m.seq++
	return fmt.Sprintf("%s%04d", prefix, m.seq)
}

func (m *model) put(item calendar.Item) calendar.Item {
	if item.ID == "" {
		item.ID = calendar.ItemID(m.next("id"))
	}
	item.Version = m.next("v")
	m.items[item.ID] = item
	return item
}

func (m *model) native(item calendar.Item) calendar.Item {
	item = m.put(item)
	m.natives[item.ID] = item
	return item
}

func (m *model) want(key string, revision int64, a calendar.Appointment) {
	m.wanted[key] = Wanted{Key: key, Revision: revision, Appointment: a}
}

// read is a full read of the window, in the order that shuffle gives.
func (m *model) read(shuffle *rand.Rand) Read {
	r := Read{Complete: true, Full: true, Covered: window, FoundAll: m.foundAll}
	ids := slices.Sorted(maps.Keys(m.items))
	if shuffle != nil {
		shuffle.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	for _, id := range ids {
		item := m.items[id]
		if m.foundAll && item.Marker != nil {
			r.Found = append(r.Found, item)
		}
		if start, end := item.When.Span(time.UTC); !window.Overlaps(start, end) {
			continue
		}
		if !m.markersInReads {
			item.Marker = nil
		}
		r.Changes = append(r.Changes, calendar.Change{Upsert: &item})
	}
	return r
}

func (m *model) input(r Read) Input {
	return Input{
		Trainer: "northwind/ana", Read: r,
		Wanted:  slices.Collect(maps.Values(m.wanted)),
		Links:   slices.Collect(maps.Values(m.links)),
		Mirrors: slices.Collect(maps.Values(m.mirrors)),
		Policy: Policy{
			Installation: "here", Push: true, Pull: true, Window: window, Zone: time.UTC, Detail: DetailFull, Now: base, Guard: m.guard,
			ShowAs: []calendar.ShowAs{calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice, calendar.ShowAsWorkingElsewhere, calendar.ShowAsUnknown},
		},
		Generation: func() string { return m.next("g") },
	}
}

// answer plays the runner's part of answering questions.
func (m *model) answer(in Input) Input {
	in.Read.Got = map[calendar.ItemID]*calendar.Item{}
	for _, id := range Questions(in) {
		in.Read.Got[id] = nil
		if item, ok := m.items[id]; ok {
			in.Read.Got[id] = &item
		}
	}
	return in
}

func (m *model) plan() Plan { return Make(m.answer(m.input(m.read(nil)))) }

// run plans and applies; crashAfter writes the store commit is lost (below zero:
// never).
func (m *model) run(crashAfter int) Plan {
	p := m.plan()
	for _, s := range p.Calendar {
		if s.Op != OpUpdate && !s.Duplicate {
			m.links[s.Link.Key] = s.Link // the intention is committed first
		}
	}
	var done []CalendarStep
	for i, s := range p.Calendar {
		if crashAfter >= 0 && i >= crashAfter {
			m.foundAll = true
			return p
		}
		done = append(done, m.carryOut(s))
	}
	if crashAfter >= 0 {
		m.foundAll = true
		return p
	}
	m.commit(p, done)
	return p
}

// carryOut plays the calendar's part of a step.
func (m *model) carryOut(s CalendarStep) CalendarStep {
	m.t.Helper()
	if _, isNative := m.natives[s.Link.ItemID]; isNative {
		m.touched = append(m.touched, string(s.Link.ItemID))
	}
	switch s.Op {
	case OpRemove:
		delete(m.items, s.Link.ItemID)
	case OpCreate:
		if s.MaybeDone {
			for _, item := range m.items {
				if item.Marker != nil && item.Marker.Generation == s.Link.Generation {
					m.t.Fatalf("a repeated create of %s was planned although its item is there", s.Link.Key)
				}
			}
		}
		s.Link.ItemID = ""
		s = m.store(s)
	case OpUpdate:
		if _, there := m.items[s.Link.ItemID]; !there {
			m.t.Fatalf("update of %s, which is gone", s.Link.ItemID)
		}
		s = m.store(s)
	}
	return s
}

func (m *model) store(s CalendarStep) CalendarStep {
	a := s.Link.Rendered
	a.Body = strings.TrimSpace(a.Body) + "\r\n" // servers rewrite text (C5)
	marker := calendar.Marker{Installation: "here", Key: s.Link.Key, Generation: s.Link.Generation}
	item := m.put(calendar.Item{ID: s.Link.ItemID, Appointment: a, Marker: &marker})
	s.Link.ItemID, s.Link.Version, s.Link.State, s.Link.Canonical = item.ID, item.Version, LinkWritten, &a
	return s
}

func (m *model) commit(p Plan, done []CalendarStep) {
	m.foundAll = false
	for _, s := range p.Links {
		if s.Op == OpRemove {
			delete(m.links, s.Link.Key)
		} else {
			m.links[s.Link.Key] = s.Link
		}
	}
	for _, s := range done {
		switch {
		case s.Duplicate:
		case s.Op == OpRemove:
			delete(m.links, s.Link.Key)
		default:
			m.links[s.Link.Key] = s.Link
		}
	}
	for _, s := range p.Platform {
		if s.Op == OpRemove {
			delete(m.mirrors, s.Mirror.ID)
		} else {
			m.mirrors[s.Mirror.ID] = s.Mirror
		}
	}
	for _, n := range p.Notes {
		m.mirrors[n.ID] = n
	}
}

// own returns the marked items of this installation, by key.
func (m *model) own() map[string][]calendar.Item {
	own := map[string][]calendar.Item{}
	for _, item := range m.items {
		if item.Marker != nil && item.Marker.Installation == "here" {
			own[item.Marker.Key] = append(own[item.Marker.Key], item)
		}
	}
	return own
}

func reasons(p Plan) []string {
	var out []string
	for _, s := range p.Calendar {
		out = append(out, fmt.Sprintf("calendar %s %s", s.Op, s.Reason))
	}
	for _, s := range p.Platform {
		out = append(out, fmt.Sprintf("platform %s %s", s.Op, s.Reason))
	}
	slices.Sort(out)
	return out
}

func wantReasons(t *testing.T, p Plan, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := reasons(p); !slices.Equal(got, want) {
		t.Fatalf("plan has\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
