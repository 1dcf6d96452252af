package platform

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// A time without an offset is kept as what clocks show, one with an offset is not (D8).
func TestLocalTimesAreKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start, end string
		want       *Wall
	}{
		"local":       {"2027-07-01T09:00", "2027-07-01T10:30", &Wall{utc(2027, 7, 1, 9, 0), utc(2027, 7, 1, 10, 30)}},
		"an offset":   {"2027-07-01T09:00:00+01:00", "2027-07-01T10:30:00+01:00", nil},
		"one of both": {"2027-07-01T09:00", "2027-07-01T10:30:00+01:00", nil},
	} {
		got, err := Decode([]File{{"a.json", []byte(`{"courses":[{"provider":"northwind","id":"1","name":"x","kind":"class","status":"confirmed",
			"start":"` + c.start + `","end":"` + c.end + `","trainers":[],"sessions":[{"id":"s","start":"` + c.start + `","end":"` + c.end + `"}]}],
			"unavailability":[{"id":"u","trainer":"northwind/ana","start":"` + c.start + `","end":"` + c.end + `"}]}`)}}, options(t))
		if err != nil {
			t.Fatal(err)
		}
		all := []*Wall{got.Courses[0].Wall, got.Courses[0].Sessions[0].Wall, got.Unavailability[0].Wall}
		if diff := cmp.Diff([]*Wall{c.want, c.want, c.want}, all); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// D8: what was made an instant by older rules of its zone keeps its local time by the
// rules of now, and what came as an instant stays that instant.
func TestRetimed(t *testing.T) {
	t.Parallel()
	at, wall := utc(2027, 7, 1, 9, 0), &Wall{utc(2027, 7, 1, 9, 0), utc(2027, 7, 1, 10, 0)} // as if there were no summer time
	kept := Session{ID: "2", Start: at, End: at.Add(time.Hour)}
	old := Course{
		TimeZone: "Europe/London", Start: at, End: at.Add(time.Hour), Wall: wall,
		Sessions: []Session{{ID: "1", Start: at, End: at.Add(time.Hour), Wall: wall}, kept},
	}
	want := old
	want.Start, want.End = at.Add(-time.Hour), at
	want.Sessions = []Session{{ID: "1", Start: at.Add(-time.Hour), End: at, Wall: wall}, kept}
	got, changed := old.Retimed()
	if diff := cmp.Diff(want, got); diff != "" || !changed {
		t.Errorf("changed: %t: %s", changed, diff)
	}
	if again, changed := got.Retimed(); changed || !cmp.Equal(got, again) {
		t.Error("it is given its times twice")
	}
	old.Wall, old.Sessions = nil, []Session{kept}
	if got, changed := old.Retimed(); changed || !got.Start.Equal(at) {
		t.Error("an instant was moved")
	}
	block := Unavailability{When: calendar.When{Start: at, End: at.Add(time.Hour), TimeZone: "Europe/London"}, Wall: wall}
	if got, changed := block.Retimed(); !changed || !got.When.Start.Equal(at.Add(-time.Hour)) || !got.When.End.Equal(at) {
		t.Errorf("changed: %t: %v", changed, got.When)
	}
	unknown := Course{TimeZone: "Europe/Atlantis", Start: at, End: at.Add(time.Hour), Wall: wall}
	if got, changed := unknown.Retimed(); changed || !got.Start.Equal(at) {
		t.Error("a course of a zone that is not known was moved")
	}
}

// Times that come as local ones instead of the same instants are stored, and written
// nowhere: nothing was changed that an appointment shows.
func TestLocalTimesAreNoTrigger(t *testing.T) {
	t.Parallel()
	at := utc(2027, 1, 11, 9, 0)
	instant := Course{TimeZone: "Europe/London", Start: at, End: at.Add(time.Hour), Sessions: []Session{{ID: "1", Start: at, End: at.Add(time.Hour)}}}
	local := instant
	local.Wall = &Wall{at, at.Add(time.Hour)}
	session := instant
	session.Sessions = []Session{{ID: "1", Start: at, End: at.Add(time.Hour), Wall: local.Wall}}
	for _, c := range []Course{local, session} {
		changed := ChangedCourseFields(instant, c)
		if diff := cmp.Diff([]string{"timezone"}, changed); diff != "" || Triggers(changed, nil) || Triggers(changed, SplitTriggers(nil)) {
			t.Error(diff)
		}
	}
	block := Unavailability{When: calendar.When{Start: at, End: at.Add(time.Hour), TimeZone: "Europe/London"}}
	moved := block
	moved.Wall = local.Wall
	if !SameUnavailability(block, moved) || SameWall(block, moved) {
		t.Error("an unavailability at local times is another one than at the same instants")
	}
}
