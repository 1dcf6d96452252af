package ews

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// samples is every request the client can make, in all its shapes, by the name of
// its type.
func samples() map[string][]request {
	berlin := sampleItem()
	allDay := berlin
	allDay.Appointment.When = calendar.When{
		AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 1}, EndDay: calendar.Date{Year: 2026, Month: 12, Day: 3},
	}
	bare := NewItem{Appointment: calendar.Appointment{When: berlin.Appointment.When}}
	odd := berlin
	odd.Appointment.Subject = "bell \a, null \x00, \xff <&> \U0001F9D1"
	base := berlin.Appointment
	id := ItemID{ID: "AAMk=", ChangeKey: "DwAA"}
	return map[string][]request{
		"getFolder": {
			getFolder{Shape: rightsShape(), IDs: []distinguishedFolder{calendarOf("")}},
			getFolder{Shape: markShape(), IDs: []distinguishedFolder{calendarOf("ana@example.org"), calendarOf("bob@example.org")}},
		},
		"findItem": {
			viewRequest(calendarOf("ana@example.org"), calendar.Window{Start: berlin.Appointment.When.Start, End: berlin.Appointment.When.End}),
			markedRequest(calendarOf("ana@example.org"), "", 0),
			markedRequest(calendarOf("ana@example.org"), "tc1|a|b|c", 200),
		},
		"getItem": {
			getItem{Shape: wholeShape(true), IDs: itemIDs([]string{"a", "b"})},
			getItem{Shape: wholeShape(false), IDs: itemIDs([]string{"a"})},
		},
		"syncFolderItems": {
			syncFolderItems{Shape: idOnly, Folder: syncFolderTarget{Folder: calendarOf("ana@example.org")}, MaxChanges: syncPage},
			syncFolderItems{Shape: idOnly, Folder: syncFolderTarget{Folder: calendarOf("ana@example.org")}, State: "H4sI", MaxChanges: syncPage},
		},
		"createItem": {
			createRequest(calendarOf("ana@example.org"), []NewItem{berlin, allDay, bare, odd}),
		},
		"updateItem": {
			updateRequest([]Change{{ID: id, NewItem: berlin}, {ID: id, NewItem: allDay, Base: &base}}, true),
			updateRequest([]Change{{ID: id, NewItem: bare}, {ID: id, NewItem: berlin, Base: &base}, {ID: id, NewItem: odd}}, false),
		},
		"subscribe":          {subscribe{Folders: []distinguishedFolder{calendarOf("")}, Events: watchedEvents}},
		"getStreamingEvents": {getStreamingEvents{IDs: []string{"JwBh=", "JwBi="}, Minutes: streamMinutes}},
		"deleteItem":         {deleteRequest([]string{"a", "b"}, false), deleteRequest([]string{"a"}, true)},
	}
}

func sampleItem() NewItem {
	return NewItem{
		Appointment: calendar.Appointment{
			Subject: "Training: Forklift", Location: "Leeds, Room 4", Body: "12 delegates\nRoom 4",
			When: calendar.When{
				Start: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC),
				TimeZone: "Europe/Berlin",
			},
			ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		},
		Marker: "tc1|inst|gen|northwind/ana/course/1", TimeZone: "Europe/London",
	}
}

// Every request validates against Microsoft's schema, so that element order and
// names are right whatever server reads them.
func TestRequestsAreValid(t *testing.T) {
	schema := schemaFile(t)
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for name, requests := range samples() {
		for i, req := range requests {
			for mode, user := range map[string]string{"full": "", "impersonation": "ana@example.org"} {
				body, err := encode(req, user)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				path := filepath.Join(dir, name+"-"+string(rune('a'+i))+"-"+mode+".xml")
				if err := os.WriteFile(path, body, 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, path)
			}
		}
	}
	if out, err := exec.Command("xmllint", args...).CombinedOutput(); err != nil {
		t.Errorf("requests are not valid: %v\n%s", err, out)
	}
}

func schemaFile(t *testing.T) string {
	t.Helper()
	oracles := os.Getenv("TRAINERCAL_ORACLES")
	if oracles == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: no schema to check the requests by")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed: no way to check the requests by their schema")
	}
	return filepath.Join(oracles, "ews-xsd", "2016", "envelope.xsd")
}

// A request type that has no sample, and so is not validated, fails here.
func TestEveryRequestHasASample(t *testing.T) {
	have := samples()
	for _, name := range requestTypes(t) {
		if len(have[name]) == 0 {
			t.Errorf("%s has no sample: add one, so that it is checked by the schema", name)
		}
	}
}

// requestTypes are the types of this package that are a request, by its source.
func requestTypes(t *testing.T) []string {
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "operation" {
				names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("no request types found: the test looks in the wrong place")
	}
	return names
}

// K1, K2: no request can mail anybody.
func TestNothingIsMailed(t *testing.T) {
	for name, requests := range samples() {
		for _, req := range requests {
			body, err := encode(req, "")
			if err != nil {
				t.Fatal(err)
			}
			text := string(body)
			for _, forbidden := range []string{"Attendees", "SendOnlyTo", "SendToAll", "SendToChanged"} {
				if strings.Contains(text, forbidden) {
					t.Errorf("%s holds %s", name, forbidden)
				}
			}
			writes := name == "createItem" || name == "updateItem" || name == "deleteItem"
			if writes != strings.Contains(text, `="SendToNone"`) {
				t.Errorf("%s: SendToNone there: %v", name, !writes)
			}
		}
	}
}

// D1: an appointment carries its instants and its own zone, both ends together.
func TestTimesTravelTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		when calendar.When
		want []string
	}{
		{"timed, in its own zone", sampleItem().Appointment.When, []string{
			"<t:Start>2026-12-01T08:00:00Z</t:Start>", "<t:End>2026-12-01T16:00:00Z</t:End>",
			`<t:StartTimeZone Id="W. Europe Standard Time">`, `<t:EndTimeZone Id="W. Europe Standard Time">`,
		}},
		{"whole days, in the mailbox's zone (pull-6)", calendar.When{
			AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 7, Day: 1}, EndDay: calendar.Date{Year: 2026, Month: 7, Day: 2}, TimeZone: "Europe/Berlin",
		}, []string{
			"<t:Start>2026-06-30T23:00:00Z</t:Start>", "<t:End>2026-07-01T23:00:00Z</t:End>",
			"<t:IsAllDayEvent>true</t:IsAllDayEvent>", `<t:StartTimeZone Id="GMT Standard Time">`,
		}},
		{"a zone Windows does not have", calendar.When{
			Start: time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC), End: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), TimeZone: "Antarctica/Troll",
		}, []string{`<t:StartTimeZone Id="GMT Standard Time">`, "<t:Start>2026-07-01T09:00:00Z</t:Start>"}},
	} {
		item := sampleItem()
		item.Appointment.When = c.when
		for kind, req := range map[string]request{
			"create": createRequest(calendarOf(""), []NewItem{item}), "update": updateRequest([]Change{{NewItem: item}}, false),
		} {
			body, err := encode(req, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if strings.Count(string(body), want) != 1 {
					t.Errorf("%s, %s: want once %s in\n%s", c.name, kind, want, body)
				}
			}
		}
	}
}

// K4: an update sends what differs, and the marker always, so that one that was
// taken off comes back (C2).
func TestUpdateSendsTheDifference(t *testing.T) {
	item := sampleItem()
	base := item.Appointment
	base.Subject = "edited by hand"
	base.When.TimeZone = "Europe/Vienna" // the same Windows zone
	body, err := encode(updateRequest([]Change{{ID: ItemID{ID: "a", ChangeKey: "k"}, NewItem: item, Base: &base}}, true), "")
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	if strings.Count(text, "<t:SetItemField>") != 2 || !strings.Contains(text, "item:Subject") || !strings.Contains(text, item.Marker) {
		t.Errorf("want the subject and the marker alone:\n%s", text)
	}
	if !strings.Contains(text, `ConflictResolution="NeverOverwrite"`) {
		t.Error("a guarded update must refuse to overwrite")
	}
}
