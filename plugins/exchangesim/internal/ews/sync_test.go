package ews

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// walk synchronises to the end and returns "kind subject" of each change, and the state.
func (r *rig) walk(state string, max int) (changes []string, next string, pages int) {
	r.t.Helper()
	changes = []string{}
	for last := false; !last; pages++ {
		m := r.one(syncRequest(state, max, calendarOf(ana)))
		for _, c := range m.first("Changes").elements() {
			changes = append(changes, strings.TrimSpace(c.name+" "+c.first("CalendarItem").value("Subject")))
		}
		state, last = m.value("SyncState"), m.value("IncludesLastItemInRange") == "true"
		if pages > 50 {
			r.t.Fatal("the walk does not end")
		}
	}
	return changes, state, pages
}

// TestSync tells each change once, as a difference from the state it is given; any
// state can be used again.
func TestSync(t *testing.T) {
	r := newRig(t)
	a := r.add(world.Appointment{Subject: "a", Start: now})
	series := r.add(weekly())
	first, state, _ := r.walk("", 512)
	if diff := cmp.Diff([]string{"Create a", "Create Team call"}, first); diff != "" {
		t.Fatalf("the first walk (-want +got):\n%s", diff)
	}
	if again, _, _ := r.walk(state, 512); len(again) != 0 {
		t.Fatalf("nothing happened, got %v", again)
	}

	r.one(updateRequest(r.id(a), "AlwaysOverwrite", set("item:Subject", `<t:Subject>a2</t:Subject>`)))
	r.one(deleteRequest("HardDelete", `<t:OccurrenceItemId RecurringMasterId="`+r.idOf(series)+`" InstanceIndex="1"/>`))
	b := r.add(world.Appointment{Subject: "b", Start: now})
	want := []string{"Update a2", "Update Team call", "Create b"}
	changes, after, _ := r.walk(state, 512)
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("an update, an occurrence, a new item (-want +got):\n%s", diff)
	}
	if again, _, _ := r.walk(state, 512); cmp.Diff(want, again) != "" {
		t.Errorf("the same state again: %v", again)
	}

	r.one(deleteRequest("MoveToDeletedItems", r.id(b)))
	if changes, _, _ := r.walk(after, 512); cmp.Diff([]string{"Delete"}, changes) != "" {
		t.Errorf("a deletion: %v", changes)
	}
	r.messages.Check(t)
}

// TestSyncPages: pages hold at most what was asked for, nothing is lost or told twice,
// and what changes during the walk is told in the words of its beginning.
func TestSyncPages(t *testing.T) {
	r := newRig(t)
	var items []world.Item
	for i := range 7 {
		items = append(items, r.add(world.Appointment{Subject: string(rune('a' + i)), Start: now.Add(time.Duration(i) * time.Hour)}))
	}
	m := r.one(syncRequest("", 3, calendarOf(ana)))
	if got := len(m.first("Changes").elements()); got != 3 || m.value("IncludesLastItemInRange") != "false" {
		t.Fatalf("%d changes, last %s", got, m.value("IncludesLastItemInRange"))
	}
	r.one(updateRequest(r.id(items[5]), "AlwaysOverwrite", set("item:Subject", `<t:Subject>f2</t:Subject>`)))
	rest, _, pages := r.walk(m.value("SyncState"), 3)
	want := []string{"Create d", "Create e", "Create g", "Create f2"}
	if diff := cmp.Diff(want, rest); diff != "" || pages != 2 {
		t.Errorf("the rest in %d pages (-want +got):\n%s", pages, diff)
	}
}

// TestSyncRefuses states that this folder did not hand out, and ones that were lost.
func TestSyncRefuses(t *testing.T) {
	r := newRig(t)
	_, state, _ := r.walk("", 512)
	r.add(world.Appointment{Subject: "a", Start: now})
	damaged := state[:10] + strings.ToLower(state[10:])
	for _, tt := range []struct{ name, state, folder, want string }{
		{"garbage", "H4sIAAA=", calendarOf(ana), "ErrorInvalidSyncStateData"},
		{"damaged", damaged, calendarOf(ana), "ErrorInvalidSyncStateData"},
		{"another mailbox's", state, calendarOf(bob), "ErrorInvalidSyncStateData"},
		{"not a calendar", "", strings.Replace(calendarOf(ana), "calendar", "deleteditems", 1), "ErrorSyncFolderNotFound"},
		{"good", state, calendarOf(ana), "NoError"},
	} {
		if got := codes(r.call(syncRequest(tt.state, 512, tt.folder))); got[0] != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	r.ana.ExpirePositions()
	if got := codes(r.call(syncRequest(state, 512, calendarOf(ana)))); got[0] != "ErrorInvalidSyncStateData" {
		t.Errorf("after the server lost its states: %v", got)
	}
	if got := r.fault(syncRequest("", 513, calendarOf(ana))); got != "ErrorSchemaValidation" {
		t.Errorf("513 changes wanted: %s", got)
	}
}

// TestFolderProbe: the folder's properties tell that something changed, without a look
// at any item.
func TestFolderProbe(t *testing.T) {
	r := newRig(t)
	request := `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="folder:TotalCount"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x670B" PropertyType="Integer"/>` +
		`</t:AdditionalProperties></m:FolderShape><m:FolderIds>` + calendarOf(ana) + `</m:FolderIds></m:GetFolder>`
	probe := func() []string {
		folder := r.one(request).path("Folders", "CalendarFolder")
		list := []string{folder.value("TotalCount")}
		for _, c := range folder.children {
			if c.name == "ExtendedProperty" {
				list = append(list, c.value("Value"))
			}
		}
		return list
	}
	it := r.add(world.Appointment{Subject: "a", Start: now})
	if diff := cmp.Diff([]string{"1", instant(now), "0"}, probe()); diff != "" {
		t.Errorf("one item (-want +got):\n%s", diff)
	}
	r.one(deleteRequest("HardDelete", r.id(it)))
	if diff := cmp.Diff([]string{"0", instant(now), "1"}, probe()); diff != "" {
		t.Errorf("one deleted (-want +got):\n%s", diff)
	}
}
