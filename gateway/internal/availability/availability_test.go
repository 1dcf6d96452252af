package availability

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func hours(from, to int) calendar.Window {
	return calendar.Window{Start: noon.Add(time.Duration(from) * time.Hour), End: noon.Add(time.Duration(to) * time.Hour)}
}

// TestOver holds avail-1 and A7: unknown is never free, and what is known to be busy
// stays so.
func TestOver(t *testing.T) {
	t.Parallel()
	known := Known{
		Blocks: []calendar.Window{hours(1, 2), hours(30, 31)}, Reads: true, Read: noon.Add(-time.Hour),
		Covered: hours(-24, 24), StaleAfter: 3 * time.Hour,
	}
	with := func(change func(*Known)) Known {
		k := known
		change(&k)
		return k
	}
	stale := with(func(k *Known) { k.Read = noon.Add(-4 * time.Hour) })
	never := with(func(k *Known) { k.Read = time.Time{} })
	out := with(func(k *Known) { k.Reads = false })
	tests := []struct {
		name   string
		known  Known
		asked  calendar.Window
		state  State
		reason Reason
	}{
		{"free", known, hours(2, 3), Free, ""},
		{"busy", known, hours(1, 2), Busy, ""},
		{"partly busy", known, hours(0, 5), Busy, ""},
		{"F1 ends when a block starts", known, hours(0, 1), Free, ""},
		{"F1 starts when a block ends", known, hours(2, 3), Free, ""},
		{"an instant that is busy", known, hours(1, 1), Busy, ""},
		{"an instant that is free again", known, hours(2, 2), Free, ""},
		{"beyond what was read", known, hours(23, 25), Unknown, OutsideWindow},
		{"beyond what was read, and busy all the same", known, hours(29, 32), Busy, ""},
		{"stale", stale, hours(2, 3), Unknown, Stale},
		{"A10 stale, and busy all the same", stale, hours(1, 2), Busy, ""},
		{"never read", never, hours(2, 3), Unknown, NeverRead},
		{"not to be read", out, hours(2, 3), Unknown, NotRead},
		{"not to be read, and busy with a course", out, hours(1, 3), Busy, ""},
		{"nothing known at all", Known{}, hours(0, 1), Unknown, NotRead},
	}
	for _, tt := range tests {
		if state, why := tt.known.Over(noon, tt.asked); state != tt.state || why != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, state, why, tt.state, tt.reason)
		}
	}
	if why, since := stale.Doubt(noon); why != Stale || !since.Equal(stale.Read) {
		t.Errorf("stale since %s (%s)", since, why)
	}
	if why, _ := known.Doubt(noon); why != "" {
		t.Errorf("doubt: %s", why)
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	k := Known{
		Blocks: []calendar.Window{hours(3, 5), hours(1, 2), hours(2, 4), hours(7, 7)}, Reads: true, Read: noon,
		Covered: hours(0, 8), StaleAfter: time.Hour,
	}
	want := []Span{{hours(-1, 0), Unknown, OutsideWindow}, {hours(0, 1), Free, ""}, {hours(1, 5), Busy, ""}, {hours(5, 8), Free, ""}, {hours(8, 9), Unknown, OutsideWindow}}
	if diff := cmp.Diff(want, k.Timeline(noon, hours(-1, 9))); diff != "" {
		t.Error(diff)
	}
	later := noon.Add(2 * time.Hour)
	want = []Span{{hours(0, 1), Unknown, Stale}, {hours(1, 5), Busy, ""}, {hours(5, 6), Unknown, Stale}}
	if diff := cmp.Diff(want, k.Timeline(later, hours(0, 6))); diff != "" {
		t.Errorf("stale: %s", diff)
	}
}

// TestTimelineAgrees: a timeline has no gaps, and says at every instant what a question
// about that instant is answered with; what is free is free in every part.
func TestTimelineAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hour := rapid.IntRange(-20, 20)
		window := rapid.Custom(func(t *rapid.T) calendar.Window {
			from := hour.Draw(t, "from")
			return hours(from, from+rapid.IntRange(0, 12).Draw(t, "length"))
		})
		k := Known{
			Blocks: rapid.SliceOfN(window, 0, 5).Draw(t, "blocks"), Reads: rapid.Bool().Draw(t, "reads"),
			Covered: window.Draw(t, "covered"), StaleAfter: time.Hour,
		}
		if rapid.Bool().Draw(t, "read") {
			k.Read = hours(rapid.IntRange(-3, 0).Draw(t, "read"), 0).Start
		}
		asked := hours(-20, 21)
		spans := k.Timeline(noon, asked)
		at := asked.Start
		for _, s := range spans {
			if !s.Start.Equal(at) || !s.End.After(s.Start) {
				t.Fatalf("a gap at %s: %+v", at, spans)
			}
			at = s.End
			for instant := s.Start; instant.Before(s.End); instant = instant.Add(30 * time.Minute) {
				state, why := k.Over(noon, calendar.Window{Start: instant, End: instant.Add(time.Minute)})
				if state != s.State || why != s.Reason {
					t.Fatalf("at %s: %s (%s), the timeline says %s (%s)", instant, state, why, s.State, s.Reason)
				}
			}
			if whole, _ := k.Over(noon, s.Window); whole != s.State {
				t.Fatalf("%+v as a whole is %s", s, whole)
			}
		}
		if !at.Equal(asked.End) {
			t.Fatalf("it ends at %s", at)
		}
	})
}
