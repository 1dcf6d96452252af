package exchangeonline

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
)

// Graph asks whether the address is ours; nothing but the token may be in the answer, and
// nothing that is not plain text is said back.
func TestValidation(t *testing.T) {
	plain := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for _, c := range []struct {
		name, method, target string
		want                 sdk.DeliverResponse
	}{
		{"a question", "POST", "?validationToken=Validation%3a+Testing+client+application", sdk.DeliverResponse{Status: 200, Header: plain, Body: []byte("Validation: Testing client application")}},
		{"below the address", "POST", "/x?validationToken=a%2Bb", sdk.DeliverResponse{Status: 200, Header: plain, Body: []byte("a+b")}},
		{"markup is plain text", "POST", "?validationToken=%3Cscript%3E", sdk.DeliverResponse{Status: 200, Header: plain, Body: []byte("<script>")}},
		{"an empty token", "POST", "?validationToken=", sdk.DeliverResponse{Status: 400}},
		{"a header in the token", "POST", "?validationToken=a%0D%0AX:+y", sdk.DeliverResponse{Status: 400}},
		{"no text", "POST", "?validationToken=%ff", sdk.DeliverResponse{Status: 400}},
		{"an endless token", "POST", "?validationToken=" + strings.Repeat("a", maxToken+1), sdk.DeliverResponse{Status: 400}},
		{"another method", "GET", "?validationToken=a", sdk.DeliverResponse{Status: 405, Header: http.Header{"Allow": {"POST"}}}},
		{"a malformed query", "POST", "?validationToken=%zz", sdk.DeliverResponse{Status: 400}},
	} {
		_, a := newWatched(t)
		got, err := a.Deliver(t.Context(), sdk.DeliverRequest{Method: c.method, Target: c.target})
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
}

// What is no notification is refused, whatever it is.
func TestDeliveriesThatAreNone(t *testing.T) {
	for _, body := range []string{
		"", "{}", "[]", `{"value":null}`, `{"value":[1]}`, `{"value":[{}]} more`, `{"value":[{"subscriptionId":5}]}`,
		`{"value":[{"clientState":"` + strings.Repeat("x", notificationBytes+1) + `"}]}`,
		`{"value":[` + strings.Repeat("{},", maxNotifications) + `{}]}`,
	} {
		_, a := newWatched(t)
		got, err := a.Deliver(t.Context(), sdk.DeliverRequest{Method: "POST", Body: []byte(body)})
		if err != nil || got.Status != http.StatusBadRequest {
			t.Errorf("%.60s: status %d, %v, want 400", body, got.Status, err)
		}
	}
}

// Whatever a stranger sends is answered, and hints at nobody.
func FuzzDeliver(f *testing.F) {
	f.Add("POST", "", []byte(`{"value":[{"subscriptionId":"sub-1","clientState":"x","changeType":"updated","resource":"Users/1/Events/2","tenantId":"t","resourceData":{"id":"2"}}]}`))
	f.Add("POST", "", []byte(`{"value":[{"subscriptionId":"sub-1","lifecycleEvent":"subscriptionRemoved"}],"validationTokens":["eyJ0"]}`))
	f.Add("POST", "?validationToken=Validation%3A+Testing", []byte(nil))
	f.Add("GET", "/?validationToken=%00", []byte("{"))
	if oracles := os.Getenv("TRAINERCAL_ORACLES"); oracles != "" {
		samples, _ := filepath.Glob(filepath.Join(oracles, "samples", "graph", "docs", "subscription-*"))
		for _, name := range samples {
			if data, err := os.ReadFile(name); err == nil {
				f.Add("POST", "", data)
			}
		}
	}
	a := account{connection: &connection{now: time.Now}}
	a.subscribers.add("sub-1", &subscriber{address: "ana@northwind.example", secret: secretHash{1}, signal: func(lifecycle) { panic("a stranger was believed") }})
	f.Fuzz(func(t *testing.T, method, target string, body []byte) {
		got, err := a.Deliver(t.Context(), sdk.DeliverRequest{Method: method, Target: target, Body: body})
		if err != nil || got.Status < 200 || got.Status > 499 || len(got.Dirty) > 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, query, _ := strings.Cut(target, "?"); len(got.Body) > 0 {
			if values, err := url.ParseQuery(query); err != nil || values.Get("validationToken") != string(got.Body) {
				t.Fatalf("the answer %q is not the token", got.Body)
			}
		}
	})
}

// H6: forged notifications are counted, and told of once a minute however many come.
func TestForgedAreToldOfRarely(t *testing.T) {
	var s subscribers
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	var told []int
	for range 100 {
		told = append(told, s.ignored(now, 3))
		now = now.Add(time.Second)
	}
	told = slices.DeleteFunc(told, func(n int) bool { return n == 0 })
	if want := []int{3, 180}; !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
}
