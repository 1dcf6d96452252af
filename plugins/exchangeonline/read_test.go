package exchangeonline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var master = row("M", map[string]any{
	"type": "seriesMaster", "subject": "Team call", "body": map[string]any{"contentType": "text", "content": "Weekly"},
	"start": utc("2026-06-02T08:00:00"), "end": utc("2026-06-02T08:30:00"),
})

// A full round: empty pages are no end, masters take no time, stubs are explained by
// their master (E4: the master is older than the window), the same id twice is one
// item (B4).
func TestReadFull(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"":  pageOf("a"),
		"a": pageOf("b", row("S"), stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")),
		"b": lastPage("d1", row("S"), stub("O2", "M", "2026-12-08T08:00:00", "2026-12-08T08:30:00"), master,
			row("X", map[string]any{
				"type": "exception", "seriesMasterId": "M", "subject": "Moved",
				"start": utc("2026-12-16T10:00:00"), "end": utc("2026-12-16T10:30:00"),
			})),
	}))
	page := readOne(t, f.account(), readRequest(ana))
	if page.Err != nil {
		t.Fatal(page.Err)
	}
	want := []string{
		`upsert S "Dentist S" 12-01T09:00–12-01T10:00 busy`,
		`series M [O1 "Team call" 12-01T08:00–12-01T08:30 busy] [O2 "Team call" 12-08T08:00–12-08T08:30 busy] [X "Moved" 12-16T10:00–12-16T10:30 busy]`,
	}
	if diff := cmp.Diff(want, summary(page.Changes)); diff != "" {
		t.Error(diff)
	}
	if !page.Complete.Full || !page.Complete.Covered.Equal(december) {
		t.Errorf("Complete = %+v, want a full one of December", page.Complete)
	}
	s := page.Changes[0].Upsert
	if s.Body != "Bring the card" || s.Location != "" || s.Version != `W/"S-1"` || s.When.TimeZone != "Europe/London" || s.Incomplete {
		t.Errorf("S = %+v", s)
	}
	if o := page.Changes[1].ReplaceSeries.Items[0]; o.Body != "Weekly" || o.SeriesID != "M" || o.Incomplete {
		t.Errorf("O1 = %+v", o)
	}
}

// Every page repeats the preferences: leaving them out gives ids and times of
// another kind (traps 11, 12).
func TestPreferOnEveryRequest(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"":   pageOf("a", stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")),
		"a":  lastPage("d1"),
		"d1": lastPage("d2"),
	}))
	a := f.account()
	page := readOne(t, a, readRequest(ana))
	req := readRequest(ana)
	req.Cursor = page.Complete.Cursor
	readOne(t, a, req)
	if len(f.calls) < 4 {
		t.Fatalf("only %d calls", len(f.calls))
	}
	for _, c := range f.calls {
		got := c.header.Get("Prefer")
		for _, want := range []string{`IdType="ImmutableId"`, `outlook.timezone="UTC"`, `outlook.body-content-type="text"`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s %s: Prefer %q lacks %s", c.method, c.path, got, want)
			}
		}
		if strings.HasSuffix(c.path, "/delta") && !strings.Contains(got, "odata.maxpagesize=500") {
			t.Errorf("%s: Prefer %q lacks the page size", c.path, got)
		}
		for _, never := range []string{"$select", "$expand", "$filter"} {
			if strings.HasSuffix(c.path, "/delta") && c.query.Has(never) {
				t.Errorf("%s sent with delta (trap 13)", never)
			}
		}
	}
}

// Nothing changed: one request, nothing fetched, a new cursor.
func TestReadUnchanged(t *testing.T) {
	f := newFake(t, rounds(map[string]any{"": lastPage("d1", row("S")), "d1": lastPage("d2")}))
	a := f.account()
	req := readRequest(ana)
	req.Cursor = readOne(t, a, req).Complete.Cursor
	f.calls = nil
	page := readOne(t, a, req)
	if page.Err != nil || len(page.Changes) != 0 || page.Complete.Full {
		t.Errorf("page = %+v, want an incremental one without changes", page)
	}
	if len(f.calls) != 1 {
		t.Errorf("calls = %v, want one", f.seen())
	}
	if cmp.Equal(page.Complete.Cursor, req.Cursor) {
		t.Error("the cursor did not move on")
	}
}

// Unchanged mailboxes cost a twentieth of a request each, and none of them a look at
// an event.
func TestReadUnchangedCost(t *testing.T) {
	f := newFake(t, func(c call) reply {
		return ok(map[string]any{"value": []any{}, "@odata.deltaLink": "https://graph.test/v1.0" + c.path + "?$deltatoken=d"})
	})
	a := f.account()
	var reqs []sdk.ReadRequest
	for i := range 40 {
		req := readRequest(fmt.Sprintf("t%d@northwind.example", i))
		req.Cursor = newCursor(req, userPath(req.Mailbox.Address, "/calendarView/delta?$deltatoken=d")).bytes()
		reqs = append(reqs, req)
	}
	complete := 0
	if err := a.Read(context.Background(), reqs, syncEmit(func(p sdk.ReadPage) {
		if p.Complete != nil && !p.Complete.Full && len(p.Changes) == 0 {
			complete++
		}
	})); err != nil {
		t.Fatal(err)
	}
	if complete != 40 || len(f.batches) != 2 || len(f.calls) != 40 {
		t.Errorf("%d mailboxes by %d batches and %d calls, want 40 by 2 and 40", complete, len(f.batches), len(f.calls))
	}
}

// What does not fit into the batch's answer is asked for alone.
func TestReadTooLargeForBatch(t *testing.T) {
	f := newFake(t, func(c call) reply {
		event := row("S", map[string]any{"body": map[string]any{"contentType": "text", "content": strings.Repeat("x", 40<<10)}})
		return ok(lastPage("d2", event))
	})
	var reqs []sdk.ReadRequest
	for _, address := range []string{ana, ben} {
		req := readRequest(address)
		req.Cursor = newCursor(req, userPath(address, "/calendarView/delta?$deltatoken=d1")).bytes()
		reqs = append(reqs, req)
	}
	a := f.account()
	a.client = transport.New(transport.Options{Base: f, MaxBody: 64 << 10})
	a.graph.client = a.client
	read := 0
	if err := a.Read(context.Background(), reqs, syncEmit(func(p sdk.ReadPage) {
		if p.Complete != nil && len(p.Changes) == 1 {
			read++
		}
	})); err != nil || read != 2 {
		t.Errorf("err = %v, %d mailboxes read, want both", err, read)
	}
}

// A changed series comes with its master and replaces all that was (E1: the deleted
// occurrence is just not among the rest; E2: the moved one is there once).
func TestReadSeriesChanged(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"": lastPage("d1"),
		"d1": lastPage("d2", master, stub("O2", "M", "2026-12-08T08:00:00", "2026-12-08T08:30:00"),
			row("O3", map[string]any{
				"type": "exception", "seriesMasterId": "M", "start": utc("2026-12-17T08:00:00"), "end": utc("2026-12-17T08:30:00"),
			})),
	}))
	page := readAfter(t, f, readRequest(ana))
	want := []string{
		"remove M",
		`series M [O2 "Team call" 12-08T08:00–12-08T08:30 busy] [O3 "Dentist O3" 12-17T08:00–12-17T08:30 busy]`,
	}
	if diff := cmp.Diff(want, summary(page.Changes)); diff != "" {
		t.Error(diff)
	}
}

// readAfter reads in full and then on from the cursor, and returns the second page.
func readAfter(t *testing.T, f *fake, req sdk.ReadRequest) sdk.ReadPage {
	t.Helper()
	a := f.account()
	first := readOne(t, a, req)
	if first.Err != nil {
		t.Fatal(first.Err)
	}
	f.calls = nil
	req.Cursor = first.Complete.Cursor
	page := readOne(t, a, req)
	if page.Err != nil {
		t.Fatal(page.Err)
	}
	return page
}

// Rows without their master may be a part of the series: it is read whole. In a full
// round the master alone is fetched, 20 to a batch.
func TestReadMasterMissing(t *testing.T) {
	answer := func(c call) reply {
		switch {
		case strings.HasSuffix(c.path, "/events/M"):
			return ok(master)
		case strings.HasSuffix(c.path, "/events/M/instances"):
			return ok(map[string]any{"value": []any{
				row("O1", map[string]any{"type": "occurrence", "seriesMasterId": "M", "subject": "Whole"}),
				row("O2", map[string]any{"type": "exception", "seriesMasterId": "M", "subject": "Other"}),
			}})
		}
		return rounds(map[string]any{
			"":   lastPage("d1", stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")),
			"d1": lastPage("d2", row("O2", map[string]any{"type": "exception", "seriesMasterId": "M"})),
		})(c)
	}
	f := newFake(t, answer)
	a := f.account()
	first := readOne(t, a, readRequest(ana))
	if diff := cmp.Diff([]string{`series M [O1 "Team call" 12-01T08:00–12-01T08:30 busy]`}, summary(first.Changes)); diff != "" {
		t.Error(diff)
	}
	req := readRequest(ana)
	req.Cursor = first.Complete.Cursor
	second := readOne(t, a, req)
	want := []string{"remove M", `series M [O1 "Whole" 12-01T09:00–12-01T10:00 busy] [O2 "Other" 12-01T09:00–12-01T10:00 busy]`}
	if diff := cmp.Diff(want, summary(second.Changes)); diff != "" {
		t.Error(diff)
	}
}

// A series whose master is gone while its rows are there blocks its time without
// text: never read as deleted (E11).
func TestReadMasterGone(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"": lastPage("d1", stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")),
	}))
	page := readOne(t, f.account(), readRequest(ana))
	if page.Err != nil {
		t.Fatal(page.Err)
	}
	item := page.Changes[0].Upsert
	if item == nil || item.ShowAs != calendar.ShowAsUnknown || !item.Sensitivity.Private() {
		t.Errorf("changes = %v, want O1 as a private block of unknown state", summary(page.Changes))
	}
}

// @removed is passed on whether anybody knows the id or not (F4); a removed master
// takes its rows along.
func TestReadRemoved(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"":   lastPage("d1"),
		"d1": lastPage("d2", stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00"), gone("M"), gone("never-seen")),
	}))
	page := readAfter(t, f, readRequest(ana))
	if diff := cmp.Diff([]string{"remove M", "remove never-seen"}, summary(page.Changes)); diff != "" {
		t.Error(diff)
	}
}

// The window is half-open: what only touches it is not in it, whatever the server
// thinks (F1). Such an item may have been inside before, so it is reported as gone.
func TestReadEdges(t *testing.T) {
	span := func(id, start, end string) map[string]any {
		return row(id, map[string]any{"start": utc(start), "end": utc(end)})
	}
	events := []map[string]any{
		span("ends at the start", "2026-11-30T23:00:00", "2026-12-01T00:00:00"),
		span("in at the start", "2026-11-30T23:00:00", "2026-12-01T00:00:01"),
		span("no length at the start", "2026-12-01T00:00:00", "2026-12-01T00:00:00"),
		span("in at the end", "2026-12-31T23:59:59", "2027-01-01T01:00:00"),
		span("starts at the end", "2027-01-01T00:00:00", "2027-01-01T01:00:00"),
	}
	f := newFake(t, rounds(map[string]any{"": lastPage("d1", events...), "d1": lastPage("d2", events...)}))
	inside := []string{
		`upsert in at the end "Dentist in at the end" 12-31T23:59–01-01T01:00 busy`,
		`upsert in at the start "Dentist in at the start" 11-30T23:00–12-01T00:00 busy`,
		`upsert no length at the start "Dentist no length at the start" 12-01T00:00–12-01T00:00 busy`,
	}
	a := f.account()
	first := readOne(t, a, readRequest(ana))
	if diff := cmp.Diff(inside, summary(first.Changes), sortStrings); diff != "" {
		t.Errorf("full: %s", diff)
	}
	req := readRequest(ana)
	req.Cursor = first.Complete.Cursor
	want := append(inside, "remove ends at the start", "remove starts at the end")
	if diff := cmp.Diff(want, summary(readOne(t, a, req).Changes), sortStrings); diff != "" {
		t.Errorf("incremental: %s", diff)
	}
}

// Whatever a server calls the loss of its state, the answer is a full read that says
// so (F5).
func TestReadStateLost(t *testing.T) {
	for _, lost := range []reply{
		refuse(410, "SyncStateNotFound"), refuse(410, "resyncRequired"), refuse(400, "InvalidDeltaToken"),
		refuse(400, "SyncStateInvalid"),
		{status: 410},
	} {
		t.Run(fmt.Sprint(lost.status, lost.body), func(t *testing.T) {
			f := newFake(t, rounds(map[string]any{"": lastPage("d1", row("S")), "d1": lost}))
			page := readAfter(t, f, readRequest(ana))
			if !page.Complete.Full || len(page.Changes) != 1 {
				t.Errorf("Full = %v with %v, want a full read with S", page.Complete.Full, summary(page.Changes))
			}
		})
	}
}

// A round that goes in circles ends, and the window is read by the plain view until
// it moves (trap 6).
func TestReadLoop(t *testing.T) {
	view := func(c call) reply {
		if strings.HasSuffix(c.path, "/calendarView") {
			return ok(map[string]any{"value": []any{row("S")}})
		}
		return rounds(map[string]any{"": pageOf("a", row("S")), "a": pageOf("b"), "b": pageOf("a")})(c)
	}
	f := newFake(t, view)
	page := readAfter(t, f, readRequest(ana))
	if !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("page = %+v, want a full read of S", page)
	}
	if diff := cmp.Diff([]string{"GET /users/" + ana + "/calendar/calendarView"}, f.seen()); diff != "" {
		t.Errorf("the second read: %s", diff)
	}
}

// Pages that bring nothing new for ever are a loop as well, whatever their links.
func TestReadEndless(t *testing.T) {
	n := 0
	f := newFake(t, func(c call) reply {
		if strings.HasSuffix(c.path, "/calendar/calendarView") {
			return ok(map[string]any{"value": []any{}})
		}
		n++
		return ok(pageOf(fmt.Sprint(n), row("S")))
	})
	page := readOne(t, f.account(), readRequest(ana))
	if page.Err != nil || !page.Complete.Full || n > 100 {
		t.Errorf("page = %+v after %d pages, want the plain view's", page, n)
	}
}

// Answers that are not the protocol are errors of the mailbox, never an empty
// calendar (A1, A2, A3, A5, A7).
func TestReadNeverEmptyByMistake(t *testing.T) {
	stubRow := stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")
	tests := map[string]struct {
		first reply
		want  sdk.Code
	}{
		"empty body":           {reply{status: 200, body: "", contentType: "application/json"}, sdk.CodeBadAnswer},
		"no body at all":       {reply{status: 204}, sdk.CodeBadAnswer},
		"login page":           {reply{status: 200, body: "<html>Sign in</html>", contentType: "text/html"}, sdk.CodeBadAnswer},
		"login page as JSON":   {reply{status: 200, body: "<html>Sign in</html>"}, sdk.CodeBadAnswer},
		"redirect":             {reply{status: 302, header: map[string]string{"Location": "https://login.test/"}}, sdk.CodeBadAnswer},
		"null":                 {reply{status: 200, body: "null"}, sdk.CodeBadAnswer},
		"no value":             {ok(map[string]any{"@odata.deltaLink": linkBase + "$deltatoken=x"}), sdk.CodeBadAnswer},
		"value is null":        {reply{status: 200, body: `{"value":null,"@odata.deltaLink":"` + linkBase + `$deltatoken=x"}`}, sdk.CodeBadAnswer},
		"no link":              {ok(map[string]any{"value": []any{}}), sdk.CodeBadAnswer},
		"cut off":              {reply{status: 200, body: `{"value":[{"id":"S"`}, sdk.CodeBadAnswer},
		"two documents":        {reply{status: 200, body: `{"value":[],"@odata.deltaLink":"` + linkBase + `$deltatoken=x"}{}`}, sdk.CodeBadAnswer},
		"error body with 200":  {reply{status: 200, body: refuse(0, "ErrorAccessDenied").body}, sdk.CodeBadAnswer},
		"event without id":     {ok(lastPage("d", map[string]any{"type": "singleInstance"})), sdk.CodeBadAnswer},
		"event without time":   {ok(lastPage("d", row("S", map[string]any{"start": nil}))), sdk.CodeBadAnswer},
		"second page missing":  {ok(pageOf("lost", row("S"))), sdk.CodeBadAnswer},
		"throttled for long":   {reply{status: 429, header: map[string]string{"Retry-After": "120"}, body: refuse(0, "ApplicationThrottled").body}, sdk.CodeThrottled},
		"busy":                 {reply{status: 503, body: "<html>", contentType: "text/html"}, sdk.CodeUnavailable},
		"hydration unanswered": {ok(lastPage("d", stubRow, stub("O2", "unanswered", "2026-12-01T08:00:00", "2026-12-01T08:30:00"))), sdk.CodeBadAnswer},
		"hydration throttled":  {ok(lastPage("d", stub("O2", "throttled", "2026-12-01T08:00:00", "2026-12-01T08:30:00"))), sdk.CodeThrottled},
		"hydration no event":   {ok(lastPage("d", stub("O2", "empty", "2026-12-01T08:00:00", "2026-12-01T08:30:00"))), sdk.CodeBadAnswer},
		"foreign link":         {ok(map[string]any{"value": []any{}, "@odata.nextLink": "https://evil.example/v1.0/users/x?$skiptoken=1"}), sdk.CodeBadAnswer},
		"foreign delta link":   {ok(map[string]any{"value": []any{}, "@odata.deltaLink": "https://graph.test.evil.example/v1.0/x"}), sdk.CodeBadAnswer},
		"link without TLS":     {ok(map[string]any{"value": []any{}, "@odata.nextLink": "http://graph.test/v1.0/users/x?$skiptoken=1"}), sdk.CodeBadAnswer},
		"link above the base":  {ok(map[string]any{"value": []any{}, "@odata.nextLink": "https://graph.test/beta/users/x?$skiptoken=1"}), sdk.CodeBadAnswer},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, func(c call) reply {
					switch {
					case c.query.Get("$skiptoken") == "lost":
						return reply{status: 404, body: "<html>not here</html>", contentType: "text/html"}
					case strings.HasSuffix(c.path, "/unanswered"):
						return reply{}
					case strings.HasSuffix(c.path, "/throttled"):
						return reply{status: 429, header: map[string]string{"Retry-After": "1"}, body: refuse(0, "ApplicationThrottled").body}
					case strings.HasSuffix(c.path, "/empty"):
						return ok(map[string]any{})
					case strings.HasSuffix(c.path, "/events/M"):
						return ok(master)
					}
					return test.first
				})
				page := readOne(t, f.account(), readRequest(ana))
				if page.Err == nil || page.Err.Code != test.want || page.Complete != nil || len(page.Changes) != 0 {
					t.Errorf("page = %+v, want nothing but the error %s", page, test.want)
				}
			})
		})
	}
}

// One mailbox's failure leaves the others alone (A6); one of the account ends the
// call, once (auth-4).
func TestReadErrors(t *testing.T) {
	f := newFake(t, func(c call) reply {
		if strings.Contains(c.path, ben) {
			return refuse(403, "ErrorAccessDenied")
		}
		return ok(lastPage("d1", row("S")))
	})
	got := map[string]sdk.ReadPage{}
	err := f.account().Read(context.Background(), []sdk.ReadRequest{readRequest(ben), readRequest(ana)}, syncEmit(func(p sdk.ReadPage) {
		got[p.Mailbox] = p
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got[ana].Err != nil || len(got[ana].Changes) != 1 {
		t.Errorf("ana = %+v, want S", got[ana])
	}
	denied := got[ben].Err
	if !errors.Is(denied, sdk.ErrAccessDenied) || !strings.Contains(denied.Advice, "Calendars.ReadWrite") ||
		!strings.Contains(denied.Advice, "RBAC for Applications") {
		t.Errorf("ben = %v, want the permission named (auth-6)", denied)
	}
}

func TestReadAccountRefused(t *testing.T) {
	f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
	f.token = func(int) reply {
		return reply{status: 401, body: map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: no", "error_codes": []int{7000215}}}
	}
	var reqs []sdk.ReadRequest
	for i := range 50 {
		reqs = append(reqs, readRequest(fmt.Sprintf("t%d@northwind.example", i)))
	}
	err := f.account().Read(context.Background(), reqs, syncEmit(func(p sdk.ReadPage) { t.Errorf("emitted %+v", p) }))
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("err = %v, want the credentials refused", err)
	}
	if f.tokens != 1 {
		t.Errorf("asked %d times for a token, want once", f.tokens)
	}
}

// An error of the receiver ends the call and is returned as it is.
func TestReadReceiverFails(t *testing.T) {
	f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
	enough := errors.New("enough")
	err := f.account().Read(context.Background(), []sdk.ReadRequest{readRequest(ana), readRequest(ben)}, func(sdk.ReadPage) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("err = %v, want the receiver's", err)
	}
}

// A cursor made for something else is not continued from.
func TestReadCursorOfAnother(t *testing.T) {
	f := newFake(t, rounds(map[string]any{"": lastPage("d1", row("S")), "d1": lastPage("d2")}))
	a := f.account()
	made := readOne(t, a, readRequest(ana)).Complete.Cursor
	if len(made) == 0 || len(made) > sdk.MaxCursorBytes {
		t.Fatalf("a cursor of %d bytes", len(made))
	}
	tests := map[string]func(*sdk.ReadRequest){
		"another window": func(r *sdk.ReadRequest) { r.Window.End = r.Window.End.Add(time.Hour) },
		"another detail": func(r *sdk.ReadRequest) { r.Detail = sdk.DetailBusy },
		"another scope":  func(r *sdk.ReadRequest) { r.Scope = sdk.ScopeOwn },
		"damaged":        func(r *sdk.ReadRequest) { r.Cursor = []byte(`{"v":1`) },
		"another's":      func(r *sdk.ReadRequest) { r.Cursor = []byte("H4sIAAAA") },
		"without a path": func(r *sdk.ReadRequest) {
			r.Cursor = []byte(strings.Replace(string(r.Cursor), `"/users`, `"https://evil.example/users`, 1))
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			req := readRequest(ana)
			req.Cursor = made
			change(&req)
			if page := readOne(t, a, req); page.Err != nil || !page.Complete.Full {
				t.Errorf("page = %+v, want a full read", page)
			}
		})
	}
}

// Only what the gateway wrote is reported in ScopeOwn, and it keeps its text
// whatever its sensitivity.
func TestReadOwnOnly(t *testing.T) {
	f := newFake(t, rounds(map[string]any{
		"": lastPage("d1", row("mine", map[string]any{"sensitivity": "private"}), row("theirs"), master,
			stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")),
		"d1": lastPage("d2", gone("mine"), gone("theirs")),
	}))
	req := readRequest(ana)
	req.Scope, req.Own = sdk.ScopeOwn, []calendar.ItemID{"mine"}
	a := f.account()
	first := readOne(t, a, req)
	if diff := cmp.Diff([]string{`upsert mine "Dentist mine" 12-01T09:00–12-01T10:00 busy`}, summary(first.Changes)); diff != "" {
		t.Error(diff)
	}
	if i := first.Changes[0].Upsert; i.Location != "High Street" || i.Body != "Bring the card" {
		t.Errorf("our own item lost its text: %+v", i)
	}
	req.Cursor = first.Complete.Cursor
	if diff := cmp.Diff([]string{"remove mine"}, summary(readOne(t, a, req).Changes)); diff != "" {
		t.Error(diff)
	}
}

// More than the contract allows is an error, not a part of the calendar.
func TestReadTooMany(t *testing.T) {
	n := 0
	f := newFake(t, func(call) reply {
		var events []map[string]any
		for range 500 {
			n++
			events = append(events, row(fmt.Sprint("S", n)))
		}
		return ok(pageOf(fmt.Sprint(n), events...))
	})
	page := readOne(t, f.account(), readRequest(ana))
	if !errors.Is(page.Err, sdk.ErrTooManyItems) || len(page.Changes) != 0 {
		t.Errorf("page.Err = %v with %d changes, want too many items", page.Err, len(page.Changes))
	}
}

func syncEmit[T any](take func(T)) func(T) error {
	turn := make(chan struct{}, 1)
	return func(v T) error {
		turn <- struct{}{}
		defer func() { <-turn }()
		take(v)
		return nil
	}
}
