package exchangeonline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	ana = "ana@northwind.example"
	ben = "ben@northwind.example"
)

// call is one request that reached the fake, alone or as a part of a batch.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	inBatch      bool
}

// reply is what the fake answers; a body that is no string is sent as JSON.
type reply struct {
	status      int
	body        any
	contentType string
	header      map[string]string
	// lost: the request is carried out, and its answer never arrives.
	lost bool
}

func ok(body any) reply { return reply{status: 200, body: body} }

func refuse(status int, code string) reply {
	return reply{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": "No."}}}
}

// fake is a Graph and a sign-in service that answer what a test tells them. It runs
// in the caller's goroutine, so that tests can run on a fake clock.
type fake struct {
	t      *testing.T
	answer func(call) reply
	// token answers token requests; nil for one that grants them.
	token func(n int) reply
	// signedIn sees the nth token request; nil for nobody.
	signedIn func(n int, form url.Values)

	// check answers the checks for attendees, which are no calls; nil for one that finds
	// nobody invited.
	check func(call) reply

	mu     sync.Mutex
	calls  []call
	checks int
	tokens int
	// batches are the URLs of each batch's parts.
	batches [][]string
}

// RoundTrip answers a request as the servers would.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var rep reply
	switch {
	case r.URL.Host == "login.test":
		rep = f.signIn(body)
	case r.URL.Host != "graph.test":
		f.t.Errorf("a request left for %s", r.URL.Host)
		rep = reply{status: 500}
	case r.URL.Path == "/v1.0/$batch":
		rep = f.batch(body)
	default:
		rep = f.one(call{method: r.Method, path: strings.TrimPrefix(r.URL.Path, "/v1.0"), query: r.URL.Query(), header: r.Header, body: body})
	}
	if rep.lost {
		return nil, io.ErrUnexpectedEOF
	}
	return respond(r, rep), nil
}

func respond(r *http.Request, rep reply) *http.Response {
	rec := httptest.NewRecorder()
	if rep.body != nil {
		rec.Header().Set("Content-Type", or(rep.contentType, "application/json;odata.metadata=minimal"))
	}
	for k, v := range rep.header {
		rec.Header().Set(k, v)
	}
	rec.WriteHeader(rep.status)
	if text, isText := rep.body.(string); isText {
		rec.Body.WriteString(text)
	} else if rep.body != nil {
		_ = json.NewEncoder(rec.Body).Encode(rep.body)
	}
	resp := rec.Result()
	resp.Request = r
	return resp
}

func (f *fake) signIn(body []byte) reply {
	f.mu.Lock()
	f.tokens++
	n := f.tokens
	f.mu.Unlock()
	if f.signedIn != nil {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			f.t.Errorf("a token request that is no form: %v", err)
		}
		f.signedIn(n, form)
	}
	if f.token != nil {
		return f.token(n)
	}
	return grant(n)
}

func grant(n int) reply {
	return ok(map[string]any{"token_type": "Bearer", "expires_in": lifetimeOfFake.Seconds(), "access_token": grantedToken(n)})
}

func grantedToken(n int) string { return fmt.Sprintf("token-%d", n) }

func (f *fake) one(c call) reply {
	if strings.Contains(c.query.Get("$select"), "attendees") {
		f.mu.Lock()
		f.checks++
		f.mu.Unlock()
		if f.check != nil {
			return f.check(c)
		}
		return uninvited(`W/"1"`)
	}
	f.mu.Lock()
	f.calls = append(f.calls, c)
	f.mu.Unlock()
	return f.answer(c)
}

// uninvited is an event without attendees, as a check sees it.
func uninvited(version string) reply {
	return ok(map[string]any{"@odata.etag": version, "id": "E", "type": "singleInstance", "attendees": []any{}})
}

// batch answers the parts of a batch in the opposite order (trap 30).
func (f *fake) batch(body []byte) reply {
	var req struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
			Body            json.RawMessage
			DependsOn       []string
		}
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return refuse(400, "BadRequest")
	}
	responses := make([]any, 0, len(req.Requests))
	var urls []string
	lost := false
	refused := map[string]bool{}
	for _, p := range req.Requests {
		u, err := url.Parse(p.URL)
		if err != nil {
			f.t.Errorf("a part with the URL %q: %v", p.URL, err)
			continue
		}
		urls = append(urls, p.URL)
		header := http.Header{}
		for k, v := range p.Headers {
			header.Set(k, v)
		}
		rep := refuse(424, "FailedDependency")
		if len(p.DependsOn) == 0 || !refused[p.DependsOn[0]] {
			rep = f.one(call{method: p.Method, path: u.Path, query: u.Query(), header: header, body: p.Body, inBatch: true})
		}
		refused[p.ID] = rep.status >= 400
		lost = lost || rep.lost
		if rep.status == 0 {
			continue // the part stays unanswered
		}
		answer := map[string]any{"id": p.ID, "status": rep.status, "headers": rep.header}
		if rep.body != nil {
			answer["body"] = rep.body
		}
		responses = append([]any{answer}, responses...)
	}
	f.mu.Lock()
	f.batches = append(f.batches, urls)
	f.mu.Unlock()
	return reply{status: 200, body: map[string]any{"responses": responses}, lost: lost}
}

// seen lists the calls as "GET /users/…", batches taken apart.
func (f *fake) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, c := range f.calls {
		list = append(list, c.method+" "+c.path)
	}
	return list
}

// lifetimeOfFake is how long the fake's tokens live.
const lifetimeOfFake = 3599 * time.Second

// backend is one whose accounts talk to the fake.
func (f *fake) backend() backend { return backend{base: f, now: time.Now, shared: newShared()} }

// account opens an account at the fake.
func (f *fake) account() *account { return f.accountOf(f.backend(), nil) }

// accountOf opens an account of a backend with changed settings.
func (f *fake) accountOf(b backend, changes map[string]any) *account {
	f.t.Helper()
	settings := map[string]any{
		"client_secret": "s3cret~+/", "graph_url": "https://graph.test", "login_url": "https://login.test",
	}
	maps.Copy(settings, changes)
	opened, err := b.Open(context.Background(), sdk.OpenRequest{
		Name: "northwind/exchange-online", MasterAccount: "calendar@northwind.example", Settings: block(settings),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = opened.Close() })
	return opened.(*account)
}

// newFake makes a fake whose every answer is the given one's.
func newFake(t *testing.T, answer func(call) reply) *fake { return &fake{t: t, answer: answer} }

var london = mustLoad("Europe/London")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

var december = calendar.Window{
	Start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
}

func readRequest(address string) sdk.ReadRequest {
	return sdk.ReadRequest{
		Mailbox: sdk.Mailbox{Address: address, TimeZone: "Europe/London"}, Window: december,
		Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
	}
}

// readOne reads one mailbox, and fails the test unless it gets exactly one page.
func readOne(t *testing.T, a *account, req sdk.ReadRequest) sdk.ReadPage {
	t.Helper()
	var pages []sdk.ReadPage
	if err := a.Read(context.Background(), []sdk.ReadRequest{req}, func(p sdk.ReadPage) error {
		pages = append(pages, p)
		return nil
	}); err != nil {
		t.Fatalf("Read: %v", err)
	}
	if len(pages) != 1 {
		t.Fatalf("got %d pages, want one: %+v", len(pages), pages)
	}
	return pages[0]
}

// row is an event as Graph shows it, with changes.
func row(id string, changes ...map[string]any) map[string]any {
	e := map[string]any{
		"@odata.etag": `W/"` + id + `-1"`, "id": id, "type": "singleInstance", "subject": "Dentist " + id,
		"showAs": "busy", "sensitivity": "normal", "isAllDay": false, "isCancelled": false,
		"body":  map[string]any{"contentType": "text", "content": "Bring the card\r\n"},
		"start": utc("2026-12-01T09:00:00"), "end": utc("2026-12-01T10:00:00"),
		"originalStartTimeZone": "GMT Standard Time", "location": map[string]any{"displayName": "High Street"},
		"attendees": []any{}, "responseStatus": map[string]any{"response": "none", "time": "0001-01-01T00:00:00Z"},
	}
	for _, c := range changes {
		for k, v := range c {
			e[k] = v
		}
	}
	return e
}

// stub is an occurrence as a delta round shows it (trap 1).
func stub(id, master, start, end string) map[string]any {
	return map[string]any{
		"@odata.etag": `W/"` + master + `-1"`, "id": id, "type": "occurrence", "seriesMasterId": master,
		"start": utc(start), "end": utc(end),
	}
}

func utc(local string) map[string]any {
	return map[string]any{"dateTime": local + ".0000000", "timeZone": "UTC"}
}

func gone(id string) map[string]any {
	return map[string]any{"@removed": map[string]any{"reason": "deleted"}, "id": id}
}

const linkBase = "https://graph.test/v1.0/users/" + ana + "/calendarView/delta?"

func pageOf(next string, events ...map[string]any) map[string]any {
	return map[string]any{"value": nonNil(events), "@odata.nextLink": linkBase + "$skiptoken=" + next}
}

func lastPage(token string, events ...map[string]any) map[string]any {
	return map[string]any{"value": nonNil(events), "@odata.deltaLink": linkBase + "$deltatoken=" + token}
}

func nonNil(events []map[string]any) []map[string]any {
	if events == nil {
		return []map[string]any{}
	}
	return events
}

// rounds answers delta requests by token: "" is the start of a full round.
func rounds(byToken map[string]any) func(call) reply {
	return func(c call) reply {
		token := c.query.Get("$skiptoken") + c.query.Get("$deltatoken")
		if strings.HasSuffix(c.path, "/calendarView/delta") {
			switch page := byToken[token].(type) {
			case nil:
			case reply:
				return page
			default:
				return ok(page)
			}
		}
		return refuse(404, "ErrorItemNotFound")
	}
}

func summary(changes []calendar.Change) []string {
	var list []string
	for _, c := range changes {
		switch {
		case c.Upsert != nil:
			list = append(list, "upsert "+describeItem(*c.Upsert))
		case c.ReplaceSeries != nil:
			var items bytes.Buffer
			for _, i := range c.ReplaceSeries.Items {
				items.WriteString(" [" + describeItem(i) + "]")
			}
			list = append(list, "series "+string(c.ReplaceSeries.ID)+items.String())
		default:
			list = append(list, "remove "+string(c.Remove))
		}
	}
	return list
}

func describeItem(i calendar.Item) string {
	when := i.When.Start.UTC().Format("01-02T15:04") + "–" + i.When.End.UTC().Format("01-02T15:04")
	if i.When.AllDay {
		when = i.When.FirstDay.String() + "–" + i.When.EndDay.String()
	}
	return fmt.Sprintf("%s %q %s %s", i.ID, i.Subject, when, i.ShowAs)
}
