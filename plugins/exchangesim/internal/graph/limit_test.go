package graph

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Operations beyond the limit of a mailbox are refused for that mailbox alone, and
// welcome again when one has ended.
func TestConcurrencyOfAMailbox(t *testing.T) {
	w := world.New(world.Options{})
	h := New(Options{
		World: w, Valid: func(string) bool { return true }, Faults: faults.New(1), Prefix: "/graph/v1.0", Concurrency: 4,
	})
	for _, smtp := range []string{"ana@x.example", "bob@x.example"} {
		if _, err := w.AddMailbox(world.Profile{SMTP: smtp}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(smtp string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/graph/v1.0/users/"+smtp+"/calendar", nil)
		req.Header.Set("Authorization", "Bearer x")
		h.ServeHTTP(recorder, req)
		return recorder
	}
	ana, err := w.Mailbox("ana@x.example")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := h.enter(ana); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask("ana@x.example"); got.Code != 429 || got.Header().Get("Retry-After") == "" {
		t.Errorf("a fifth operation: %d, Retry-After %q", got.Code, got.Header().Get("Retry-After"))
	}
	if got := ask("bob@x.example"); got.Code != 200 {
		t.Errorf("another mailbox: %d", got.Code)
	}
	h.leave(ana)
	if got := ask("ana@x.example"); got.Code != 200 {
		t.Errorf("after one has ended: %d", got.Code)
	}
}
