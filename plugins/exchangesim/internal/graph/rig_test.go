package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a simulator with Ana's mailbox, and a client that has a token.
type rig struct {
	t      testing.TB
	server *exchangesim.Server
	client *http.Client
	ana    *world.Mailbox
	token  string
	// prefer is the Prefer header of every request.
	prefer string
}

func newRig(t testing.TB, config simtest.Config) *rig {
	t.Helper()
	server := simtest.Start(t, config)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := &rig{t: t, server: server, client: &http.Client{Transport: transport}}
	r.ana = r.mailbox("ana@x.example")
	r.token = r.signIn()
	return r
}

func (r *rig) mailbox(smtp string) *world.Mailbox {
	r.t.Helper()
	m, err := r.server.World().AddMailbox(world.Profile{SMTP: smtp, Name: smtp, Zone: "Europe/Berlin"})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *rig) signIn() string {
	r.t.Helper()
	return r.signInWith(nil)
}

// signInWith asks for a token with more fields than the usual.
func (r *rig) signInWith(more url.Values) string {
	r.t.Helper()
	o := r.server.Options()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	maps.Copy(form, more)
	resp, err := r.client.PostForm(r.server.TokenURL(), form)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		r.t.Fatalf("no token: %v", err)
	}
	return answer.AccessToken
}

// object is a JSON object.
type object = map[string]any

// do sends a request; path is an address or what follows the version in one.
func (r *rig) do(method, path string, body any, headers ...string) (*http.Response, object) {
	r.t.Helper()
	resp, data, err := r.try(method, path, body, headers...)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	var answer object
	if len(data) > 0 {
		if err := json.Unmarshal(data, &answer); err != nil {
			r.t.Fatalf("%s %s: %v in %q", method, path, err, data)
		}
	}
	return resp, answer
}

func (r *rig) try(method, path string, body any, headers ...string) (*http.Response, []byte, error) {
	r.t.Helper()
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	if !strings.HasPrefix(path, "http") {
		path = r.server.GraphURL() + path
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, path, content)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	if r.prefer != "" {
		req.Header.Set("Prefer", r.prefer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, data, err
}

// want sends a request that must be answered with a status.
func (r *rig) want(status int, method, path string, body any, headers ...string) object {
	r.t.Helper()
	resp, answer := r.do(method, path, body, headers...)
	if resp.StatusCode != status {
		r.t.Fatalf("%s %s: %d %v, want %d", method, path, resp.StatusCode, answer, status)
	}
	return answer
}

// refused sends a request that must be refused with a status and a code.
func (r *rig) refused(status int, code, method, path string, body any, headers ...string) {
	r.t.Helper()
	resp, answer := r.do(method, path, body, headers...)
	failure, _ := answer["error"].(object)
	if resp.StatusCode != status || failure["code"] != code {
		r.t.Errorf("%s %s: %d %v, want %d %s", method, path, resp.StatusCode, answer, status, code)
	}
}

// values are the rows of a page.
func values(page object) []object {
	var rows []object
	list, _ := page["value"].([]any)
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

// round follows a delta from an address to its end.
func (r *rig) round(path string) (rows []object, pages int, deltaLink string) {
	r.t.Helper()
	for {
		page := r.want(200, "GET", path, nil)
		pages++
		rows = append(rows, values(page)...)
		if link, ok := page["@odata.deltaLink"].(string); ok {
			return rows, pages, link
		}
		path = page["@odata.nextLink"].(string)
	}
}

// winter is a window of Ana's calendar.
const winter = "/users/ana@x.example/calendarView/delta?startDateTime=2026-10-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"

func event(subject, start, end string) object {
	zoned := func(at string) object {
		return object{"dateTime": at, "timeZone": "W. Europe Standard Time"}
	}
	return object{"subject": subject, "start": zoned(start), "end": zoned(end)}
}

func (r *rig) create(e object) object {
	r.t.Helper()
	return r.want(201, "POST", "/users/ana@x.example/events", e)
}

func eventPath(e object) string {
	return "/users/ana@x.example/events/" + e["id"].(string)
}

func weekly(count int) object {
	e := event("Weekly", "2026-10-20T09:00:00", "2026-10-20T10:00:00")
	e["recurrence"] = object{
		"pattern": object{"type": "WEEKLY", "interval": 1, "daysOfWeek": []string{"Tuesday"}},
		"range":   object{"type": "numbered", "startDate": "2026-10-20", "numberOfOccurrences": count},
	}
	return e
}

// berlin is a time in Berlin in October 2026.
func berlin(t testing.TB, day, hour int) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 10, day, hour, 0, 0, 0, zone)
}
