package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// kinds are the rows' types, or "removed".
func kinds(rows []object) []string {
	all := []string{}
	for _, row := range rows {
		kind, _ := row["type"].(string)
		if row["@removed"] != nil {
			kind = "removed"
		}
		all = append(all, kind)
	}
	return all
}

// inAnyOrder compares lists of kinds: rows of a series are ordered by time, which is
// not what is tested here.
var inAnyOrder = cmpopts.SortSlices(strings.Compare)

// A delta reports what the protocol reference says, and no more: stubs for
// occurrences, the whole series for one of them, no row for a deleted occurrence, a
// removal for what was never in the window.
func TestDeltaRows(t *testing.T) {
	r := newRig(t, simtest.Config{})
	single := r.create(event("Single", "2026-10-21T09:00:00", "2026-10-21T10:00:00"))
	series := r.create(weekly(4))
	rows, pages, link := r.round(winter)
	if diff := cmp.Diff([]string{"singleInstance", "seriesMaster", "occurrence", "occurrence", "occurrence", "occurrence"}, kinds(rows)); diff != "" {
		t.Errorf("first round (-want +got):\n%s", diff)
	}
	if pages != 2 {
		t.Errorf("the first round has %d pages; it begins with an empty one", pages)
	}
	for _, member := range []string{"subject", "showAs", "sensitivity", "isCancelled", "body", "isAllDay"} {
		if _, has := rows[2][member]; has {
			t.Errorf("an occurrence's row has %s", member)
		}
	}
	if rows[2]["seriesMasterId"] != series["id"] {
		t.Error("an occurrence's row does not name its master")
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"nothing", func() {}, []string{}},
		{"a changed occurrence", func() {
			r.want(200, "PATCH", "/users/ana@x.example/events/"+rows[3]["id"].(string), object{"subject": "Own"})
		}, []string{"seriesMaster", "occurrence", "occurrence", "occurrence", "exception"}},
		{"a deleted occurrence", func() { r.want(204, "DELETE", "/users/ana@x.example/events/"+rows[4]["id"].(string), nil) }, []string{"seriesMaster", "occurrence", "exception", "occurrence"}},
		{"an event outside", func() { r.create(event("Later", "2027-02-01T09:00:00", "2027-02-01T10:00:00")) }, []string{"removed"}},
		{"a deleted event", func() { r.want(204, "DELETE", eventPath(single), nil) }, []string{"removed"}},
		{"a deleted series", func() { r.want(204, "DELETE", eventPath(series), nil) }, []string{"removed"}},
	} {
		step.do()
		var got []object
		got, _, link = r.round(link)
		if diff := cmp.Diff(step.want, kinds(got), inAnyOrder); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", step.name, diff)
		}
	}
}

// Pages are bounded by the preference, but a series is never split, and nothing is
// lost that changes while the pages are read.
func TestDeltaPages(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.prefer = `odata.maxpagesize=2`
	r.create(weekly(5))
	for i := range 3 {
		r.create(event(fmt.Sprint(i), "2026-10-21T09:00:00", "2026-10-21T10:00:00"))
	}
	first := r.want(200, "GET", winter, nil)
	second := r.want(200, "GET", first["@odata.nextLink"].(string), nil)
	if n := len(values(second)); n != 6 {
		t.Errorf("the page of the series has %d rows, want 6", n)
	}
	r.want(200, "PATCH", eventPath(r.want(200, "GET", "/users/ana@x.example/events", nil)["value"].([]any)[1].(object)), object{"subject": "changed"})
	rows, pages, _ := r.round(second["@odata.nextLink"].(string))
	subjects := map[any]bool{}
	for _, row := range rows {
		subjects[row["subject"]] = true
	}
	if pages != 2 || !subjects["changed"] || !subjects["1"] || !subjects["2"] {
		t.Errorf("%d more pages with %v", pages, subjects)
	}
}

func TestDeltaTokensExpire(t *testing.T) {
	t.Run("by generation", func(t *testing.T) {
		config := simtest.Config{}
		config.Generations = 2
		r := newRig(t, config)
		_, _, first := r.round(winter)
		_, _, second := r.round(first)
		r.round(second)
		r.round(second)
		r.refused(410, "SyncStateNotFound", "GET", first, nil)
	})
	t.Run("by loss of the state", func(t *testing.T) {
		r := newRig(t, simtest.Config{})
		_, _, link := r.round(winter)
		r.ana.ExpirePositions()
		r.refused(410, "SyncStateNotFound", "GET", link, nil)
		r.round(winter)
	})
	t.Run("by nonsense", func(t *testing.T) {
		r := newRig(t, simtest.Config{})
		bob := r.mailbox("bob@x.example")
		_, _, link := r.round(winter)
		r.refused(400, "SyncStateInvalid", "GET", "/users/ana@x.example/calendarView/delta?$deltatoken=x", nil)
		_, token, _ := strings.Cut(link, "$deltatoken=")
		r.refused(400, "SyncStateInvalid", "GET", "/users/"+bob.Address()+"/calendarView/delta?$deltatoken="+token, nil)
	})
}

// An occurrence's iCalUId is its own; the series' is in none of them (Graph reference).
func TestUIDsOfOccurrences(t *testing.T) {
	r := newRig(t, simtest.Config{})
	series := r.create(weekly(3))
	view := r.want(200, "GET", "/users/ana@x.example/calendarView?startDateTime=2026-10-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z", nil)
	seen := map[any]bool{series["iCalUId"]: true}
	for _, row := range values(view) {
		if seen[row["iCalUId"]] {
			t.Errorf("iCalUId %v is there twice", row["iCalUId"])
		}
		seen[row["iCalUId"]] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different ids", len(seen))
	}
}

// What the world changes without Graph, as a person would in Outlook, is seen too.
func TestDeltaSeesChangesOfTheWorld(t *testing.T) {
	r := newRig(t, simtest.Config{})
	_, _, link := r.round(winter)
	if _, err := r.ana.Create(world.Appointment{Subject: "Dentist", Start: berlin(t, 20, 9), End: berlin(t, 20, 10), Sensitivity: world.Private}, world.SendNone); err != nil {
		t.Fatal(err)
	}
	rows, _, _ := r.round(link)
	if len(rows) != 1 || rows[0]["subject"] != "Dentist" || rows[0]["sensitivity"] != "private" {
		t.Errorf("rows %v", rows)
	}
}
