package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/control"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// rig is the control interface over a world with Ana's mailbox.
type rig struct {
	t                   *testing.T
	world               *world.World
	faults              *faults.Set
	handler             *control.Handler
	revoked, challenged int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, faults: faults.New(1)}
	r.world = world.New(world.Options{Now: func() time.Time { return time.Date(2026, 10, 21, 12, 0, 0, 0, time.UTC) }})
	r.handler = control.New(control.Options{
		World: r.world, Faults: r.faults, RevokeTokens: func() { r.revoked++ }, ChallengeTokens: func() { r.challenged++ }, EWSPath: "/EWS", GraphPrefix: "/graph",
	})
	r.want(201, "POST", "/control/mailboxes", `{"smtp": "ana@x.example", "name": "Ana Ortiz", "zone": "Europe/Berlin"}`)
	return r
}

func (r *rig) do(method, path, body string) (int, string) {
	r.t.Helper()
	recorder := httptest.NewRecorder()
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r.handler.ServeHTTP(recorder, httptest.NewRequest(method, path, content))
	return recorder.Code, recorder.Body.String()
}

func (r *rig) want(status int, method, path, body string) map[string]any {
	r.t.Helper()
	got, text := r.do(method, path, body)
	if got != status {
		r.t.Fatalf("%s %s: %d %s, want %d", method, path, got, text, status)
	}
	var answer map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			r.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return answer
}

const (
	anas   = "/control/mailboxes/ana@x.example"
	weekly = `{"subject": "Weekly", "start": "2026-10-20T09:00", "end": "2026-10-20T10:00", "zone": "Europe/Berlin", "show_as": "busy",
	           "recurrence": {"kind": "weekly", "days": ["Tuesday"], "count": 3}}`
)

func TestMailboxes(t *testing.T) {
	r := newRig(t)
	r.want(400, "POST", "/control/mailboxes", `{"smtp": "ana@x.example"}`)
	r.want(400, "POST", "/control/mailboxes", `{"smtp": "b@x.example", "state": "asleep"}`)
	r.want(200, "PATCH", anas, `{"state": "disabled", "max_items": 3}`)
	list := r.want(200, "GET", "/control/mailboxes", "")["mailboxes"].([]any)
	want := map[string]any{"smtp": "ana@x.example", "name": "Ana Ortiz", "zone": "Europe/Berlin", "state": "disabled", "max_items": 3.0, "items": 0.0}
	got := list[0].(map[string]any)
	delete(got, "user_id")
	if diff := cmp.Diff(want, got); diff != "" || len(list) != 1 {
		t.Errorf("%d mailboxes (-want +got):\n%s", len(list), diff)
	}
	m, err := r.world.Mailbox("ana@x.example")
	if err != nil {
		t.Fatal(err)
	}
	before := m.Position()
	r.want(204, "POST", anas+"/expire", "")
	if m.Position().Epoch == before.Epoch {
		t.Error("positions did not expire")
	}
	r.want(204, "DELETE", anas, "")
	r.want(404, "DELETE", anas, "")
}

// A person's edits: what is not named stays, an occurrence becomes an exception.
func TestItems(t *testing.T) {
	r := newRig(t)
	series := r.want(201, "POST", anas+"/items", weekly)
	id := series["id"].(string)
	r.want(200, "PATCH", anas+"/items/"+id+"@2026-10-27", `{"start": "2026-10-28T14:00", "end": "2026-10-28T15:00"}`)
	r.want(200, "PATCH", anas+"/items/"+id, `{"location": "Room 4", "properties": [{"set": "8F3C2B8E-5D0A-4F0E-9A63-7B1C5E2D9A41", "name": "Marker", "kind": "String", "value": "v"}]}`)
	r.want(204, "DELETE", anas+"/items/"+id+"@2026-11-03", "")
	var got []string
	for _, it := range r.want(200, "GET", anas+"/items?start=2026-10-01T00:00:00Z&end=2026-12-01T00:00:00Z", "")["items"].([]any) {
		m := it.(map[string]any)
		got = append(got, m["type"].(string)+" "+m["start"].(string)+" "+m["location"].(string))
	}
	want := []string{"occurrence 2026-10-20T09:00:00+02:00 Room 4", "exception 2026-10-28T14:00:00+01:00 Room 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the calendar (-want +got):\n%s", diff)
	}
	one := r.want(200, "GET", anas+"/items/"+id, "")
	if p := one["properties"].([]any); len(p) != 1 {
		t.Errorf("properties %v", p)
	}
	r.want(404, "GET", anas+"/items/"+id+"@2026-11-03", "")
	r.want(204, "DELETE", anas+"/items/"+id, "")
	if n := len(r.want(200, "GET", anas+"/items", "")["items"].([]any)); n != 0 {
		t.Errorf("%d items are left", n)
	}
	if n := len(r.want(200, "GET", anas+"/items?folder=deletedItems", "")["items"].([]any)); n != 1 {
		t.Errorf("%d items were moved to Deleted Items", n)
	}
}

func TestItemsRefused(t *testing.T) {
	r := newRig(t)
	id := r.want(201, "POST", anas+"/items", weekly)["id"].(string)
	for name, tc := range map[string]struct {
		status             int
		method, path, body string
	}{
		"unknown mailbox":   {404, "GET", "/control/mailboxes/nobody@x.example/items", ""},
		"unknown item":      {404, "GET", anas + "/items/999", ""},
		"no number":         {404, "GET", anas + "/items/x", ""},
		"unknown member":    {400, "POST", anas + "/items", `{"title": "x"}`},
		"unknown zone":      {400, "POST", anas + "/items", `{"subject": "x", "zone": "Mars"}`},
		"no time":           {400, "POST", anas + "/items", `{"subject": "x", "start": "soon"}`},
		"patch of a member": {400, "PATCH", anas + "/items/" + id, `{"title": "x"}`},
		"unknown folder":    {404, "GET", anas + "/items?folder=inbox", ""},
		"half a window":     {400, "GET", anas + "/items?start=2026-10-01T00:00:00Z", ""},
		"unknown day":       {400, "PATCH", anas + "/items/" + id, `{"recurrence": {"kind": "weekly", "days": ["Someday"]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if status, text := r.do(tc.method, tc.path, tc.body); status != tc.status {
				t.Errorf("%d %s, want %d", status, text, tc.status)
			}
		})
	}
}

func TestFaultsCountsAndOutbox(t *testing.T) {
	r := newRig(t)
	r.want(400, "POST", "/control/faults", `{"mode": "sulk"}`)
	fault := r.want(201, "POST", "/control/faults", `{"mode": "status", "status": 429, "kind": "Delta", "retry_after": "2", "times": 1}`)
	r.faults.Take(faults.Operation{Protocol: "graph", Kind: "Delta", Mailbox: "ana@x.example"})
	counts := r.want(200, "GET", "/control/counts", "")["counts"].([]any)
	if diff := cmp.Diff([]any{map[string]any{"protocol": "graph", "kind": "Delta", "mailbox": "ana@x.example", "requests": 1.0}}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if status, text := r.do("GET", "/control/faults", ""); status != 200 || !strings.Contains(text, `"hits": 1`) {
		t.Errorf("faults: %d %s", status, text)
	}
	if fault["id"] != 1.0 {
		t.Errorf("the fault is %v", fault)
	}
	r.want(204, "DELETE", "/control/faults/1", "")
	r.want(404, "DELETE", "/control/faults/1", "")
	m, err := r.world.Mailbox("ana@x.example")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)
	meeting := world.Appointment{Subject: "Meeting", Start: start, End: start, Attendees: []world.Attendee{{Address: world.Address{SMTP: "bob@y.example"}}}}
	if _, err := m.Create(meeting, world.SendAll); err != nil {
		t.Fatal(err)
	}
	mails := r.want(200, "GET", "/control/outbox", "")["mails"].([]any)
	if len(mails) != 1 || mails[0].(map[string]any)["kind"] != "invitation" {
		t.Errorf("mails %v", mails)
	}
	r.want(204, "POST", "/control/tokens/revoke", "")
	r.want(204, "POST", "/control/reset", `{"mailboxes": true}`)
	if len(r.world.Mailboxes()) != 0 || len(r.world.Outbox()) != 0 || len(r.faults.Counts()) != 0 || r.revoked != 1 {
		t.Error("something is left after the reset")
	}
}

// A newcomer sees the appointments of a week, whatever is in their texts.
func TestPages(t *testing.T) {
	r := newRig(t)
	r.want(201, "POST", anas+"/items", strings.Replace(weekly, "Weekly", "Weekly <script>", 1))
	r.want(201, "POST", anas+"/items", `{"subject": "Leave", "start": "2026-10-22", "end": "2026-10-23", "zone": "Europe/Berlin", "all_day": true, "sensitivity": "private", "show_as": "oof"}`)
	_, first := r.do("GET", "/", "")
	if !strings.Contains(first, `href="/mailboxes/ana@x.example"`) || !strings.Contains(first, "Ana Ortiz") {
		t.Errorf("the first page does not lead to the mailbox:\n%s", first)
	}
	_, week := r.do("GET", "/mailboxes/ana@x.example", "")
	for _, text := range []string{"Monday, 19 October 2026", "09:00–10:00", "Weekly &lt;script&gt;", "all day", "private", "?day=2026-10-12"} {
		if !strings.Contains(week, text) {
			t.Errorf("the week does not show %q:\n%s", text, week)
		}
	}
	if _, later := r.do("GET", "/mailboxes/ana@x.example?day=2026-11-30", ""); strings.Contains(later, "Weekly") {
		t.Error("another week shows the series")
	}
	for path, want := range map[string]int{"/mailboxes/nobody@x.example": 404, "/mailboxes/ana@x.example?day=x": 400, "/elsewhere": 404} {
		if status, _ := r.do("GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

// The application is limited to mailboxes and challenged from outside; a reset lifts the
// limit.
func TestApplication(t *testing.T) {
	r := newRig(t)
	ana, err := r.world.Mailbox("ana@x.example")
	if err != nil {
		t.Fatal(err)
	}
	r.want(204, "PUT", "/control/application/mailboxes", `{"mailboxes": ["bob@x.example"]}`)
	if err := r.world.Online(ana); !errors.Is(err, world.ErrAccessDenied) {
		t.Errorf("outside of the limit: %v", err)
	}
	r.want(204, "POST", "/control/reset", "")
	if err := r.world.Online(ana); err != nil {
		t.Errorf("after a reset: %v", err)
	}
	r.want(400, "PUT", "/control/application/mailboxes", `{"mailbox": "bob@x.example"}`)
	r.want(204, "POST", "/control/tokens/challenge", "")
	if r.challenged != 1 {
		t.Errorf("%d challenges, want 1", r.challenged)
	}
	r.want(200, "PATCH", anas, `{"state": "onPremises"}`)
	if err := r.world.Online(ana); !errors.Is(err, world.ErrMailboxMoved) {
		t.Errorf("on premises: %v", err)
	}
}
