package exchangeonline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
)

func findAll(t *testing.T, a *account) (ids []string, done bool, failed *sdk.Error) {
	t.Helper()
	req := sdk.FindRequest{Mailbox: anaBox, Since: december.Start}
	err := a.Find(context.Background(), []sdk.FindRequest{req}, syncEmit(func(p sdk.FindPage) {
		for _, i := range p.Items {
			ids = append(ids, string(i.ID)+" "+i.Marker.Key)
			if i.Subject == "" || i.Body == "" || i.Location == "" {
				t.Errorf("%s lost its text: %+v", i.ID, i)
			}
		}
		done, failed = p.Done, p.Err
	}))
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return ids, done, failed
}

// Find follows every page, and leaves out what no gateway wrote and what ended long
// ago (B2, B3).
func TestFind(t *testing.T) {
	old := marked(stored("old", `W/"1"`))
	old["start"], old["end"] = utc("2026-11-01T09:00:00"), utc("2026-11-01T10:00:00")
	private := marked(stored("E2", `W/"1"`))
	private["sensitivity"] = "private"
	foreign := stored("F", `W/"1"`)
	foreign["singleValueExtendedProperties"] = []any{map[string]any{"id": exchange.GraphMarkerProperty, "value": "something else"}}
	f := newFake(t, func(c call) reply {
		if c.query.Get("$skip") == "100" {
			return ok(map[string]any{"value": []any{private, foreign}})
		}
		filter := c.query.Get("$filter")
		if !strings.Contains(filter, exchange.GraphMarkerProperty) || !strings.Contains(filter, "ep/value ne null") || c.query.Get("$expand") != markerExpansion {
			t.Errorf("query = %v", c.query)
		}
		return ok(map[string]any{
			"value":           []any{marked(stored("E1", `W/"1"`)), old},
			"@odata.nextLink": "https://graph.test/v1.0/users/" + ana + "/events?$skip=100",
		})
	})
	ids, done, failed := findAll(t, f.account())
	want := []string{"E1 " + marker.Key, "E2 " + marker.Key}
	if diff := cmp.Diff(want, ids); diff != "" || !done || failed != nil {
		t.Errorf("done = %v, err = %v\n%s", done, failed, diff)
	}
}

// A search that breaks off is not done, so that nobody takes it for all there is (A2).
func TestFindBreaksOff(t *testing.T) {
	pages := map[string]reply{
		"access lost": refuse(403, "ErrorAccessDenied"),
		"circle":      ok(map[string]any{"value": []any{}, "@odata.nextLink": "https://graph.test/v1.0/users/x/events?$skip=100"}),
		"elsewhere":   ok(map[string]any{"value": []any{}, "@odata.nextLink": "https://evil.example/v1.0/users/x/events?$skip=200"}),
		"no value":    ok(map[string]any{}),
	}
	for name, second := range pages {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(c call) reply {
				if c.query.Get("$skip") == "100" {
					return second
				}
				return ok(map[string]any{"value": []any{marked(stored("E1", `W/"1"`))}, "@odata.nextLink": "https://graph.test/v1.0/users/x/events?$skip=100"})
			})
			if _, done, failed := findAll(t, f.account()); done || failed == nil {
				t.Errorf("done = %v, err = %v, want an error", done, failed)
			}
		})
	}
}

// Since is the end of what may be left out: what ends later stays.
func TestFindSince(t *testing.T) {
	edge := marked(stored("edge", `W/"1"`))
	edge["start"], edge["end"] = utc("2026-11-30T23:00:00"), utc("2026-12-01T00:00:00")
	f := newFake(t, func(call) reply { return ok(map[string]any{"value": []any{edge}}) })
	if ids, _, _ := findAll(t, f.account()); len(ids) != 1 {
		t.Errorf("ids = %v, want the one that ends at %s", ids, december.Start.Format(time.RFC3339))
	}
}
