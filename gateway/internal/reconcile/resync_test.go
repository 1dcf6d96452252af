package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/sdk/calendar"
)

const otherKey = "northwind/ana/course/2"

// marked is an item of ours in a calendar.
func marked(id calendar.ItemID, key, generation string, when calendar.When) calendar.Item {
	return calendar.Item{
		ID: id, Version: "1", Appointment: appointment("Training: Forklift", when),
		Marker: &calendar.Marker{Installation: "here", Key: key, Generation: generation},
	}
}

// searched is an input whose calendar was read and searched whole.
func searched(wanted []Wanted, links []Link, mirrors []Mirror, items ...calendar.Item) Input {
	in := Input{
		Trainer: "northwind/ana", Wanted: wanted, Links: links, Mirrors: mirrors,
		Policy: Policy{
			Installation: "here", Push: true, Pull: true, Window: window, Zone: time.UTC, Guard: &Guard{},
			ShowAs: []calendar.ShowAs{calendar.ShowAsBusy},
		},
		Generation: func() string { return "new" },
		Read:       Read{Complete: true, Full: true, FoundAll: true, Covered: window},
	}
	for _, item := range items {
		in.Read.Changes = append(in.Read.Changes, upsert(item))
		if item.Marker != nil {
			in.Read.Found = append(in.Read.Found, item)
		}
	}
	return in
}

func cleared(steps []CalendarStep) []string {
	var all []string
	for _, s := range steps {
		all = append(all, fmt.Sprint(s.Op, " ", s.Reason, " ", s.Link.ItemID, " ", s.Duplicate))
	}
	slices.Sort(all)
	return all
}

// resync-1: only what carries our marker is removed, orphans and duplicates included;
// what is over and what a person copied stays.
func TestClear(t *testing.T) {
	t.Parallel()
	fork := appointment("Training: Forklift", monday)
	want := []Wanted{{Key: key, Revision: 1, Appointment: fork}}
	link := Link{Key: key, Generation: "g", ItemID: "1", Version: "1", Rendered: fork, Revision: 1, State: LinkWritten}
	tuesday := hours(monday.Start.AddDate(0, 0, 1), 7)
	past := hours(window.Start.AddDate(0, 0, -2), 1)
	mine := calendar.Item{ID: "mine", Version: "1", Appointment: fork}
	foreign := marked("foreign", key, "g", monday)
	foreign.Marker.Installation = "elsewhere"
	tests := []struct {
		name    string
		in      Input
		inPlace bool
		want    []string
	}{
		{"ours", searched(want, []Link{link}, nil, marked("1", key, "g", monday), mine, foreign), false, []string{"remove resync 1 false"}},
		{"ours, in place", searched(want, []Link{link}, nil, marked("1", key, "g", monday)), true, nil},
		{"not remembered", searched(want, nil, nil, marked("1", key, "g", monday)), false, []string{"remove resync 1 true"}},
		{
			"a duplicate", searched(want, []Link{link}, nil, marked("1", key, "g", monday), marked("2", key, "h", monday)), false,
			[]string{"remove resync 1 false", "remove resync 2 true"},
		},
		{
			"B5 a person's copy", searched(want, []Link{link}, nil, marked("1", key, "g", monday), marked("2", key, "g", tuesday)), false,
			[]string{"remove resync 1 false"},
		},
		{"an orphan", searched(nil, nil, nil, marked("1", otherKey, "g", monday)), false, []string{"remove resync 1 true"}},
		{"an orphan, in place", searched(nil, nil, nil, marked("1", otherKey, "g", monday)), true, []string{"remove resync 1 true"}},
		{"an orphan or its copy", searched(nil, nil, nil, marked("1", otherKey, "g", monday), marked("2", otherKey, "g", tuesday)), false, nil},
		{"it ended before the window", searched(nil, nil, nil, marked("1", otherKey, "g", past)), false, nil},
		{"push-14 it is over", searched([]Wanted{{Key: key, Appointment: fork, Ended: true}}, []Link{link}, nil, marked("1", key, "g", monday)), false, nil},
		{"its marker is gone", searched(want, []Link{link}, nil, calendar.Item{ID: "1", Version: "2", Appointment: fork}), false, nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, cleared(Clear(ForResync(test.in), test.inPlace)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	notSearched, notPushed := tests[0].in, tests[0].in
	notSearched.Read.FoundAll, notPushed.Policy.Push = false, false
	for name, in := range map[string]Input{"not searched": notSearched, "not pushed": notPushed} {
		if steps := Clear(in, false); len(steps) > 0 {
			t.Errorf("%s: %v", name, cleared(steps))
		}
	}
}

// resync-1: after the removals everything that is scheduled is made, each item once,
// and what was pulled is replaced without the guard.
func TestRebuild(t *testing.T) {
	t.Parallel()
	fork := appointment("Training: Forklift", monday)
	late := appointment("Training: New name", monday)
	link := Link{Key: key, Generation: "g", ItemID: "1", Version: "1", Rendered: fork, Revision: 1, State: LinkWritten}
	dentist := calendar.Item{ID: "d", Version: "1", Appointment: appointment("Dentist", hours(base.AddDate(0, 0, 2), 1))}
	mirror := Mirror{ID: "m", ItemID: "d", Version: "1", Description: "Dentist", When: dentist.When, ShowAs: dentist.ShowAs}
	gone := Mirror{ID: "n", ItemID: "gone", Version: "1", When: hours(base.AddDate(0, 0, 3), 1), ShowAs: calendar.ShowAsBusy, Held: true}
	in := ForResync(searched([]Wanted{{Key: key, Revision: 1, Appointment: late}}, []Link{link}, []Mirror{mirror, gone}, marked("1", key, "g", monday), dentist))
	steps := Clear(in, false)
	tests := []struct {
		name string
		plan Plan
		want []string
	}{
		{"afresh", Rebuild(Cleared(in, steps), false), []string{"create resync " + key, "platform update resync m", "platform remove vanished n"}},
		{"in place", Rebuild(Cleared(in, Clear(in, true)), true), []string{"update resync " + key, "platform remove vanished n"}},
	}
	for _, test := range tests {
		var got []string
		for _, s := range test.plan.Calendar {
			got = append(got, fmt.Sprint(s.Op, " ", s.Reason, " ", s.Link.Key))
			if s.Link.Rendered.Subject != late.Subject {
				t.Errorf("%s: written is %q", test.name, s.Link.Rendered.Subject)
			}
		}
		for _, s := range test.plan.Platform {
			got = append(got, fmt.Sprint("platform ", s.Op, " ", s.Reason, " ", s.Mirror.ID))
		}
		if diff := cmp.Diff(test.want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// move-1: what a former integration wrote for something scheduled becomes ours or goes;
// nothing else is touched.
func TestAdopt(t *testing.T) {
	t.Parallel()
	fork := appointment("Training: Forklift", monday)
	want := []Wanted{{Key: key, Revision: 4, Appointment: fork}}
	former := calendar.Item{ID: "1", Version: "7", Appointment: fork}
	with := func(change func(*calendar.Item)) calendar.Item {
		item := former
		change(&item)
		return item
	}
	mirror := Mirror{ID: "m", ItemID: "1", Version: "7", Description: "Training: Forklift", When: monday}
	link := Link{Key: key, Generation: "g", ItemID: "ours", Rendered: fork, State: LinkWritten}
	titles := func(w Wanted) []string { return []string{w.Appointment.Subject, "Course: Forklift"} }
	tests := []struct {
		name   string
		in     Input
		remove bool
		want   []string
	}{
		{"it becomes ours", searched(want, nil, nil, former), false, []string{"update taken_over 1"}},
		{"pulled before", searched(want, nil, []Mirror{mirror}, former), false, []string{"update taken_over 1", "platform remove taken_over m"}},
		{"under the former title", searched(want, nil, nil, with(func(i *calendar.Item) { i.Subject = "Course: Forklift" })), false, []string{"update taken_over 1"}},
		{"it goes", searched(want, nil, nil, former), true, []string{"remove taken_over 1"}},
		{"it goes beside ours", searched(want, []Link{link}, nil, former), true, []string{"remove taken_over 1"}},
		{"beside ours", searched(want, []Link{link}, nil, former), false, []string{"found second 1"}},
		{"twice", searched(want, nil, nil, former, with(func(i *calendar.Item) { i.ID = "2" })), false, []string{"update taken_over 1", "found second 2"}},
		{
			"for two courses alike", searched(append([]Wanted{{Key: otherKey, Revision: 4, Appointment: fork}}, want...), nil, nil, former,
				with(func(i *calendar.Item) { i.ID = "2" }), with(func(i *calendar.Item) { i.ID = "3" })),
			false,
			[]string{"update taken_over 1", "update taken_over 2", "found second 3"},
		},
		{
			"for two courses alike, it goes", searched(append([]Wanted{{Key: otherKey, Revision: 4, Appointment: fork}}, want...), nil, nil, former),
			true,
			[]string{"remove taken_over 1"},
		},
		{"A12 another title", searched(want, nil, nil, with(func(i *calendar.Item) { i.Subject = "Forklift" })), false, nil},
		{"another time", searched(want, nil, nil, with(func(i *calendar.Item) { i.When.End = i.When.End.Add(time.Minute) })), false, nil},
		{"private", searched(want, nil, nil, with(func(i *calendar.Item) { i.Sensitivity = calendar.SensitivityPrivate })), false, nil},
		{"of a series", searched(want, nil, nil, with(func(i *calendar.Item) { i.SeriesID = "s" })), false, nil},
		{"another gateway's", searched(want, nil, nil, with(func(i *calendar.Item) { i.Marker = &calendar.Marker{Installation: "elsewhere", Key: key} })), false, nil},
		{"nothing is scheduled", searched(nil, nil, nil, former), true, nil},
		{"over", searched([]Wanted{{Key: key, Appointment: fork, Ended: true}}, nil, nil, former), false, nil},
	}
	for _, test := range tests {
		plan := Adopt(test.in, Former{Titles: titles, Remove: test.remove})
		var got []string
		for _, s := range plan.Calendar {
			got = append(got, fmt.Sprint(s.Op, " ", s.Reason, " ", s.Link.ItemID))
			if s.Op == OpUpdate && (s.Link.Generation != "new" || s.Link.Revision != 4 || s.Base != nil) {
				t.Errorf("%s: the link will be %+v", test.name, s.Link)
			}
			if s.Op == OpRemove && !s.Duplicate {
				t.Errorf("%s: the removal ends a link", test.name)
			}
		}
		for _, s := range plan.Platform {
			got = append(got, fmt.Sprint("platform ", s.Op, " ", s.Reason, " ", s.Mirror.ID))
		}
		for _, f := range plan.Findings {
			got = append(got, fmt.Sprint("found ", f.Reason, " ", f.ItemID))
		}
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	pulledOnly := searched(want, nil, []Mirror{mirror}, former)
	pulledOnly.Policy.Push = false
	for _, remove := range []bool{false, true} {
		plan := Adopt(pulledOnly, Former{Titles: titles, Remove: remove})
		if diff := cmp.Diff(Plan{Skipped: []Skip{{Reason: ReasonDirection, Key: key, ItemID: "1"}}}, plan); diff != "" {
			t.Errorf("direction in, remove %v (-want +got):\n%s", remove, diff)
		}
	}
	for name, test := range map[string]struct {
		in   Input
		want []Finding
	}{
		"seen":                  {searched(want, nil, nil, former), []Finding{{ReasonLookalike, "1"}}},
		"pulled before":         {searched(want, nil, []Mirror{mirror}), []Finding{{ReasonLookalike, "1"}}},
		"the trainer's own":     {searched(want, nil, nil, with(func(i *calendar.Item) { i.Subject = "Dentist" })), nil},
		"nothing to compare to": {searched(nil, nil, []Mirror{mirror}, former), nil},
	} {
		if diff := cmp.Diff(test.want, Lookalikes(test.in, titles), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("lookalikes, %s (-want +got):\n%s", name, diff)
		}
	}
	for name, change := range map[string]func(*Input){
		"not read": func(in *Input) { in.Read.Complete = false }, "not searched": func(in *Input) { in.Read.FoundAll = false },
	} {
		in := searched(want, nil, nil, former)
		change(&in)
		if plan := Adopt(in, Former{Titles: titles}); !plan.Empty() {
			t.Errorf("%s: %+v", name, plan)
		}
	}
}
