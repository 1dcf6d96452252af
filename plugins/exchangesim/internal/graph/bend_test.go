package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
)

// bent is a page of Ana's winter with a series, as a fault bends it: its rows as
// "type seriesMasterId?", and the links.
func bent(t *testing.T, mode exchangesim.FaultMode) (rows []string, next, delta, self string) {
	t.Helper()
	r := newRig(t, simtest.Config{})
	r.create(weekly(2))
	r.create(event("Dentist", "2026-11-02T09:00:00", "2026-11-02T10:00:00"))
	first := r.want(200, "GET", winter, nil)["@odata.nextLink"].(string)
	if _, err := r.server.AddFault(exchangesim.Fault{Protocol: "graph", Kind: "Delta", Mode: mode}); err != nil {
		t.Fatal(err)
	}
	page := r.want(200, "GET", first, nil, "Prefer", "odata.maxpagesize=100")
	for _, row := range values(page) {
		rows = append(rows, row["type"].(string))
	}
	next, _ = page["@odata.nextLink"].(string)
	delta, _ = page["@odata.deltaLink"].(string)
	return rows, next, delta, first
}

// A bent page is Graph's own page in all but what the fault says.
func TestBentPages(t *testing.T) {
	plain := []string{"seriesMaster", "occurrence", "occurrence", "singleInstance"}
	reversed := slices.Clone(plain)
	slices.Reverse(reversed)
	for mode, want := range map[exchangesim.FaultMode][]string{
		exchangesim.FaultForeign: plain,
		exchangesim.FaultCircle:  plain,
		exchangesim.FaultRepeat:  slices.Concat(plain, plain),
		exchangesim.FaultShuffle: reversed,
		exchangesim.FaultOrphans: plain[1:],
	} {
		t.Run(string(mode), func(t *testing.T) {
			rows, next, delta, self := bent(t, mode)
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Error(diff)
			}
			switch mode {
			case exchangesim.FaultCircle:
				if next != self || delta != "" {
					t.Errorf("leads to %q and %q, want to itself", next, delta)
				}
			case exchangesim.FaultForeign:
				if !strings.HasPrefix(delta, "https://graph.elsewhere.example/v1.0/users/ana@x.example/calendarView/delta?") {
					t.Errorf("leads to %q, want elsewhere", delta)
				}
			default:
				if next != "" || !strings.HasPrefix(delta, "http://127.0.0.1") {
					t.Errorf("leads to %q and %q", next, delta)
				}
			}
		})
	}
}

// Faults of pages leave other answers alone.
func TestBentNothing(t *testing.T) {
	r := newRig(t, simtest.Config{})
	for _, mode := range []exchangesim.FaultMode{exchangesim.FaultForeign, exchangesim.FaultRepeat} {
		if _, err := r.server.AddFault(exchangesim.Fault{Protocol: "graph", Mode: mode}); err != nil {
			t.Fatal(err)
		}
		r.want(200, "GET", anasCalendar, nil)
		e := r.create(event("Dentist", "2026-11-02T09:00:00", "2026-11-02T10:00:00"))
		r.want(204, "DELETE", eventPath(e), nil)
		r.server.ClearFaults()
	}
}
