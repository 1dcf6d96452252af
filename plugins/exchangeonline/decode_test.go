package exchangeonline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// oracles is the folder of foreign test data; the test is skipped without it.
func oracles(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TRAINERCAL_ORACLES")
	if dir == "" {
		t.Skip("TRAINERCAL_ORACLES is not set")
	}
	return dir
}

// withoutID are published answers that leave out the ids of what they hold, for
// brevity. A server that did so would be refused.
var withoutID = map[string]bool{
	"webhooks-with-resource-data__02_res.json": true,

	"calendar-list-calendarview__05_res.json": true,
	"calendar-list-events__02_res.json":       true,
	"event-delta__03_res.json":                true,
	"event-update__03_res.json":               true,
	"user-list-calendarview__05_res.json":     true,
}

// Recorded calendar views become items.
func TestRecordedViews(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracles(t), "samples/graph/ms365-calendar/*calendar_view*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	items := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, failed := readPage(data)
		if failed != nil {
			t.Errorf("%s: %v", filepath.Base(file), failed)
			continue
		}
		r := newReader(anaBox, sdk.DetailFull, nil)
		for i := range *p.Value {
			e := &(*p.Value)[i]
			r.strip(e)
			if _, failed := r.item(e, nil); failed != nil {
				t.Errorf("%s: %v", filepath.Base(file), failed)
			}
			items++
		}
	}
	if items == 0 {
		t.Error("no items in the recordings")
	}
}

// Whatever is written conforms to Graph's own description of an event.
func TestWritesFollowTheSchema(t *testing.T) {
	file := filepath.Join(oracles(t), "graph/graph-calendar.schema.json")
	compiler := jsonschema.NewCompiler()
	validate := func(definition string, v any) {
		t.Helper()
		schema, err := compiler.Compile(file + "#/$defs/" + definition)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", definition, err, data)
		}
	}
	for _, showAs := range []calendar.ShowAs{"free", "tentative", "busy", "oof", "workingElsewhere", "unknown", ""} {
		op := createOp()
		op.Appointment.ShowAs = showAs
		validate("eventCreate", createBody(op, anaBox, false, "t"))
		validate("eventPatch", updateBody(op.Appointment, &course, marker, anaBox, false))
	}
	validate("batchRequest", batchRequest{Requests: []batchPart{
		{ID: "0", Method: "DELETE", URL: eventPath(ana, "E/+="), Headers: map[string]string{"Prefer": prefer}},
		{ID: "1", Method: "POST", URL: userPath(ana, "/calendar/events"), Headers: map[string]string{"Content-Type": "application/json"}, Body: createBody(createOp(), anaBox, true, "t")},
	}})
}

// FuzzPage feeds pages from outside through everything a read does with them: no
// panic, no text of anything private, nothing that cannot be a calendar.
func FuzzPage(f *testing.F) {
	for _, seed := range []any{
		lastPage("d1", row("S"), master, stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00"), gone("G")),
		pageOf("a"), lastPage("d", row("P", map[string]any{"sensitivity": "private", "isAllDay": true})),
		lastPage("d", row("H", map[string]any{"body": map[string]any{"contentType": "html", "content": "<p>a<br>b<script>x</script>"}})),
	} {
		data, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"value":[{"id":"x","type":"occurrence","start":{"dateTime":"9999-12-31T23:59:59.9999999","timeZone":"UTC"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPage(data)
		if err != nil {
			return
		}
		r := newRound(readRequest(ana))
		if _, err := r.add(*p.Value); err != nil {
			return
		}
		b := builder{round: r, window: december}
		b.removals()
		if err := b.items(); err != nil {
			return
		}
		for _, c := range b.changes {
			if c.Upsert != nil {
				checkItem(t, *c.Upsert)
			}
			if c.ReplaceSeries != nil {
				for _, i := range c.ReplaceSeries.Items {
					checkItem(t, i)
				}
			}
		}
	})
}

func checkItem(t *testing.T, i calendar.Item) {
	t.Helper()
	if i.ID == "" {
		t.Error("an item without an id")
	}
	if i.Sensitivity.Private() && i.Marker == nil && i.Subject+i.Body+i.Location != "" {
		t.Errorf("a private item with text: %+v", i)
	}
	if len(i.Subject) > calendar.MaxSubjectBytes || len(i.Body) > calendar.MaxBodyBytes || !utf8.ValidString(i.Subject+i.Body) {
		t.Errorf("text too long or damaged: %d, %d bytes", len(i.Subject), len(i.Body))
	}
	if start, end := i.When.Span(time.UTC); end.Before(start) {
		t.Errorf("ends before it starts: %+v", i.When)
	}
}

// FuzzBatch reads batch answers from outside.
func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"responses":[{"id":"1","status":200,"body":{}},{"id":"0","status":429,"headers":{"Retry-After":"2.1"},"body":"eyJlcnJvciI6e319"}]}`))
	f.Add([]byte(`{"responses":[{"id":"0","status":229,"body":"not base64"},{"id":"1","status":200,"body":{}}]}`))
	f.Add([]byte(`{"responses":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		byID, err := readBatch(data, 2)
		if err == nil && len(byID) != 2 {
			t.Errorf("%d answers to two requests", len(byID))
		}
		for _, r := range byID {
			a := (&session{now: time.Now, tokens: &tokens{}}).partAnswer(&part{mailbox: ana}, r, "token")
			taken := r.Status >= 200 && r.Status < 300 && a.isGraphs()
			if taken != (a.err == nil) {
				t.Errorf("status %d, from Graph: %v, gives %v", r.Status, a.isGraphs(), a.err)
			}
		}
	})
}

// FuzzRefusal reads error bodies from outside: whatever they hold, what an operator
// gets to see is one of the contract's errors without the body's text.
func FuzzRefusal(f *testing.F) {
	f.Add(403, []byte(`{"error":{"code":"ErrorAccessDenied","message":"No."}}`))
	f.Add(404, []byte(`{"error":{"code":"ErrorItemNotFound","innerError":{"code":"x"}}}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r := readRefusal(status, body)
		err := r.err()
		if err == nil || err.Message == "" || len(err.Detail) > 80 || strings.ContainsAny(err.Detail, "@<>\n") {
			t.Errorf("status %d gives %+v", status, err)
		}
	})
}

// FuzzCursor reads cursors that may be anybody's.
func FuzzCursor(f *testing.F) {
	f.Add(newCursor(readRequest(ana), "/users/x/calendarView/delta?$deltatoken=1").bytes())
	f.Add([]byte(`{"v":1,"path":"//evil.example/"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		req := readRequest(ana)
		req.Cursor = data
		c, ok := readCursor(req)
		if ok && !c.View && !strings.HasPrefix(c.Path, "/") {
			t.Errorf("a path of %q", c.Path)
		}
	})
}

// FuzzHTML reads bodies as text.
func FuzzHTML(f *testing.F) {
	f.Add("<html><head><title>x</title></head><body>a<br/>b &amp; c<p>d</p></body></html>")
	f.Add("<style>a<b>")
	f.Fuzz(func(t *testing.T, source string) {
		text := (&eventBody{ContentType: "HTML", Content: source}).plainText()
		if len(text) > calendar.MaxBodyBytes || strings.Contains(text, "\n\n") || !utf8.ValidString(text) {
			t.Errorf("%q becomes %q", source, text)
		}
	})
}

// FuzzWhen reads times and zones.
func FuzzWhen(f *testing.F) {
	f.Add("2026-12-01T09:00:00.0000000", "UTC", "2026-12-01T10:00:00", "Romance Standard Time", true, "tzone://Microsoft/Custom")
	f.Add("0001-01-01T00:00:00", "", "9999-12-31T23:59:59.9999999", "UTC+14:00", true, "Tokyo Standard Time")
	f.Fuzz(func(t *testing.T, start, zone, end, endZone string, allDay bool, original string) {
		e := event{Start: &graphTime{start, zone}, End: &graphTime{end, endZone}}
		w, err := e.when(allDay, original, london)
		if err != nil {
			return
		}
		if from, to := w.Span(london); to.Before(from) {
			t.Errorf("%+v ends before it starts", w)
		}
	})
}
