package exchangeonline_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// benchMailboxes is enough to fill many batches.
const benchMailboxes = 400

// BenchmarkReadUnchanged reads mailboxes in which nothing changed and counts what that
// costs, with the floor beside it: one sub-request a mailbox, 20 of them in one HTTP
// request.
func BenchmarkReadUnchanged(b *testing.B) {
	server, err := exchangesim.Start(exchangesim.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	if err := exchangesim.Seed(server.World(), benchMailboxes, 50, 1); err != nil {
		b.Fatal(err)
	}
	account, err := exchangeonline.New().Open(b.Context(), (&sim{Server: server}).request(nil))
	if err != nil {
		b.Fatal(err)
	}
	defer account.Close()
	reqs := benchRequests(server)
	readAll(b, account, reqs)
	server.ClearCounts()
	for b.Loop() {
		readAll(b, account, reqs)
	}
	var batches, parts int
	for _, c := range server.Counts() {
		switch {
		case c.Kind == "Batch":
			batches += c.Requests
		case c.Protocol == "graph":
			parts += c.Requests + c.Batched
		}
	}
	n := float64(b.N) * benchMailboxes
	b.ReportMetric(float64(parts)/n, "sub-requests/mailbox")
	b.ReportMetric(1, "floor-sub-requests/mailbox")
	b.ReportMetric(float64(batches)/n, "http/mailbox")
	b.ReportMetric(1.0/20, "floor-http/mailbox")
}

func benchRequests(server *exchangesim.Server) []sdk.ReadRequest {
	now := time.Now().UTC().Truncate(24 * time.Hour)
	var reqs []sdk.ReadRequest
	for _, box := range server.World().Mailboxes() {
		reqs = append(reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: box.Address(), TimeZone: "UTC"}, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
			Window: calendar.Window{Start: now.AddDate(0, 0, -7), End: now.AddDate(0, 0, 365)},
		})
	}
	return reqs
}

// readAll reads every mailbox, as many in a call as one may name, and keeps the cursors.
func readAll(b *testing.B, account sdk.Account, reqs []sdk.ReadRequest) {
	b.Helper()
	for start := 0; start < len(reqs); start += sdk.MaxMailboxes {
		chunk := reqs[start:min(start+sdk.MaxMailboxes, len(reqs))]
		var mu sync.Mutex
		cursors := map[string][]byte{}
		err := account.Read(b.Context(), chunk, func(p sdk.ReadPage) error {
			if p.Err != nil {
				return fmt.Errorf("%s: %w", p.Mailbox, p.Err)
			}
			if p.Complete != nil {
				mu.Lock()
				defer mu.Unlock()
				cursors[p.Mailbox] = p.Complete.Cursor
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		for i := range chunk {
			chunk[i].Cursor = cursors[chunk[i].Mailbox.Address]
		}
	}
}
