package exchangesim_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// get asks for an address and returns the answer's status and body.
func get(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// newClient is a client that leaves no connections behind.
func newClient(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestTLS(t *testing.T) {
	config := simtest.Config{}
	config.TLS = true
	s := simtest.Start(t, config)
	file, err := os.ReadFile(s.CAFile())
	if err != nil || string(file) != string(s.CAPEM()) {
		t.Fatalf("the authority's file: %v", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CAPEM()) {
		t.Fatal("the authority is no certificate")
	}
	client := newClient(t, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	for _, address := range []string{s.URL(), strings.Replace(s.URL(), "127.0.0.1", "localhost", 1)} {
		if status, _ := get(t, client, address); status != 200 {
			t.Errorf("%s: %d", address, status)
		}
	}
	stranger := newClient(t, nil)
	var unknown x509.UnknownAuthorityError
	resp, err := stranger.Get(s.URL())
	if err == nil {
		resp.Body.Close() //nolint:errcheck // the test fails anyway
	}
	if !errors.As(err, &unknown) {
		t.Errorf("without the authority: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.CAFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the authority's file is still there: %v", err)
	}
}

// The observer sees both protocols and the token endpoint, and no credentials.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	var seen []exchangesim.Exchange
	config := simtest.Config{AllowInvalid: true}
	config.Observe = func(x exchangesim.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, x)
	}
	s := simtest.Start(t, config)
	client := newClient(t, nil)
	for _, address := range []string{s.GraphURL() + "/users/a@x.example/events?$top=1", s.TokenURL(), strings.ToLower(s.EWSURL()), s.ControlURL() + "/counts"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")))
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() //nolint:errcheck // nothing is read
	}
	mu.Lock()
	defer mu.Unlock()
	var got []string
	for _, x := range seen {
		got = append(got, x.Protocol+" "+x.Method+" "+string(x.RequestBody)+" "+http.StatusText(x.Status))
		if x.RequestHeader.Get("Authorization") != "" {
			t.Errorf("%s: the credentials were shown", x.Protocol)
		}
		if x.Protocol == "login" && len(x.ResponseBody) != 0 {
			t.Errorf("the token endpoint's answer was shown: %s", x.ResponseBody)
		}
	}
	want := []string{"graph POST body Unauthorized", "login POST  Bad Request", "ews POST body Unauthorized"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	if seen[0].URL != "/graph/v1.0/users/a@x.example/events?$top=1" {
		t.Errorf("the address is %s", seen[0].URL)
	}
}

func TestFirstPage(t *testing.T) {
	s := simtest.Start(t, simtest.Config{})
	status, page := get(t, newClient(t, nil), s.URL()+"/")
	if status != 200 || !strings.Contains(page, "Simulated Exchange") {
		t.Errorf("%d %s", status, page)
	}
}

func TestStartFails(t *testing.T) {
	s := simtest.Start(t, simtest.Config{})
	if _, err := exchangesim.Start(exchangesim.Options{Listen: strings.TrimPrefix(s.URL(), "http://")}); err == nil {
		t.Error("two servers listen on one address")
	}
}

// The same seed makes the same calendars, another one others.
func TestSeed(t *testing.T) {
	calendars := func(seed uint64) (all []world.Item) {
		w := world.New(world.Options{Now: func() time.Time { return time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC) }})
		if err := exchangesim.Seed(w, 6, 20, seed); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.Mailboxes() {
			all = append(all, m.Items(world.Calendar)...)
		}
		return all
	}
	first := calendars(3)
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(first, calendars(3), cmpopts.EquateComparable(), sameZone); diff != "" || len(first) != 120 {
		t.Errorf("%d items, the second time others:\n%s", len(first), diff)
	}
	if cmp.Equal(first, calendars(4)) {
		t.Error("another seed made the same items")
	}
	kinds := map[any]bool{}
	for _, it := range first {
		kinds[it.Type], kinds[it.ShowAs], kinds[it.Sensitivity], kinds[it.AllDay] = true, true, true, true
	}
	for _, kind := range []any{world.Master, world.Free, world.Private, true} {
		if !kinds[kind] {
			t.Errorf("no item is %v", kind)
		}
	}
}
