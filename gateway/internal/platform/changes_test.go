package platform

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// TestChangedCourseFields holds push-7: each field alone is seen as changed, and is
// a trigger by default or not.
func TestChangedCourseFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field   string
		trigger bool
		change  func(*Course)
	}{
		{"name", true, func(c *Course) { c.Name = "x" }},
		{"alias", true, func(c *Course) { c.Alias = "x" }},
		{"status", true, func(c *Course) { c.Status = StatusCancelled }},
		{"start", true, func(c *Course) { c.Start = c.Start.Add(time.Hour) }},
		{"end", true, func(c *Course) { c.End = c.End.Add(time.Hour) }},
		{"trainers", true, func(c *Course) { c.Trainers = append(slices.Clone(c.Trainers), CourseTrainer{ID: "ben"}) }},
		{"trainers", true, func(c *Course) { c.Trainers = nil }},
		{"trainers", true, func(c *Course) { c.Trainers = []CourseTrainer{{ID: "ana", Role: "lead"}} }},
		{"cost", true, func(c *Course) { c.Cost = "10" }},
		{"cost_type", true, func(c *Course) { c.CostType = "x" }},
		{"advertise", true, func(c *Course) { c.Advertise = true }},
		{"sessional", true, func(c *Course) { c.Sessional = true }},
		{"tax_exempt", true, func(c *Course) { c.TaxExempt = true }},
		{"waiting_list", true, func(c *Course) { c.WaitingList = ptr(0) }},
		{"places", true, func(c *Course) { c.Places = ptr(12) }},
		{"kind", false, func(c *Course) { c.Kind = KindWebinar }},
		{"timezone", false, func(c *Course) { c.TimeZone = "Europe/Berlin" }},
		{"webinar", false, func(c *Course) { c.Trainers = []CourseTrainer{{ID: "ana", Webinar: &Webinar{URL: "x"}}} }},
		{"sessions", false, func(c *Course) { c.Sessions = []Session{{ID: "1"}} }},
		{"venue", false, func(c *Course) { c.Venue = nil }},
		{"venue", false, func(c *Course) { c.Venue = &Venue{Name: "x"} }},
		{"details_url", false, func(c *Course) { c.Details = "x" }},
		{"external_id", false, func(c *Course) { c.ExternalID = "x" }},
		{"delivery_method", false, func(c *Course) { c.DeliveryMethod = "x" }},
		{"exclusive_accounts", false, func(c *Course) { c.ExclusiveAccounts = []string{"x"} }},
		{"delegate_webinar", false, func(c *Course) { c.DelegateWebinar = &Webinar{} }},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.field] = true
		before, after := class(t), class(t)
		tt.change(&after)
		changed := ChangedCourseFields(before, after)
		if diff := cmp.Diff([]string{tt.field}, changed); diff != "" {
			t.Errorf("%s: %s", tt.field, diff)
		}
		if got := Triggers(changed, nil); got != tt.trigger {
			t.Errorf("%s is a trigger by default: %v, want %v", tt.field, got, tt.trigger)
		}
		if !Triggers(changed, CourseFields()) || !Triggers(changed, []string{tt.field}) || Triggers(changed, []string{}) {
			t.Errorf("%s: repush_on is not followed", tt.field)
		}
	}
	for _, f := range CourseFields() {
		if !seen[f] {
			t.Errorf("no test changes %s", f)
		}
	}
}

// TestEveryFieldIsCompared: a field added to Course must be put into the list.
func TestEveryFieldIsCompared(t *testing.T) {
	t.Parallel()
	// Provider, id and version are identity, "wall" goes with the time zone; "webinar" is a
	// part of the trainers.
	if got, want := reflect.TypeFor[Course]().NumField()-4, len(courseFields)-1; got != want {
		t.Errorf("Course has %d fields that can change, %d are compared", got, want)
	}
}

func TestOrderIsNoChange(t *testing.T) {
	t.Parallel()
	a, b := class(t), class(t)
	a.Trainers = []CourseTrainer{{ID: "ana"}, {ID: "ben"}}
	b.Trainers = []CourseTrainer{{ID: "ben"}, {ID: "ana"}}
	a.Sessions, b.Sessions = []Session{{ID: "1"}, {ID: "2"}}, []Session{{ID: "2"}, {ID: "1"}}
	a.ExclusiveAccounts, b.ExclusiveAccounts = []string{"x", "y"}, []string{"y", "x"}
	if changed := ChangedCourseFields(a, b); changed != nil {
		t.Errorf("changed: %v", changed)
	}
}

func TestOlderVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b  string
		older bool
	}{
		{"9", "10", true},
		{"10", "9", false},
		{"9", "9", false},
		{"", "9", false},
		{"9", "", false},
		{"2026-11-01T10:00:00+01:00", "2026-11-01T09:30:00Z", true},
		{"2026-11-01T10:00:00Z", "2026-11-01T11:00:00+01:00", false},
		{"9", "2026-11-01T10:00:00Z", false},
	} {
		if got := OlderVersion(tt.a, tt.b); got != tt.older {
			t.Errorf("%q is older than %q: %v", tt.a, tt.b, got)
		}
		same := tt.a == tt.b || tt.a == "2026-11-01T10:00:00Z" && tt.b == "2026-11-01T11:00:00+01:00"
		if got := NotNewerVersion(tt.a, tt.b); got != (tt.older || same) {
			t.Errorf("%q is not newer than %q: %v", tt.a, tt.b, got)
		}
	}
}
