package exchangeonline

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func getRequest(address string, ids ...string) sdk.GetRequest {
	req := sdk.GetRequest{Mailbox: sdk.Mailbox{Address: address, TimeZone: "Europe/London"}, Detail: sdk.DetailFull}
	for _, id := range ids {
		req.IDs = append(req.IDs, calendar.ItemID(id))
	}
	return req
}

// got is what a Get brought of one mailbox.
type got struct {
	Items, Missing []string
	Done           bool
	Err            sdk.Code
}

func getAll(t *testing.T, a *account, reqs ...sdk.GetRequest) map[string]got {
	t.Helper()
	all := map[string]got{}
	err := a.Get(context.Background(), reqs, syncEmit(func(p sdk.GetPage) {
		g := all[p.Mailbox]
		if g.Done || g.Err != "" {
			t.Errorf("a page of %s after its end", p.Mailbox)
		}
		for _, i := range p.Items {
			g.Items = append(g.Items, string(i.ID))
		}
		for _, id := range p.Missing {
			g.Missing = append(g.Missing, string(id))
		}
		g.Done, g.Err = p.Done, codeOf(p.Err)
		all[p.Mailbox] = g
	}))
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return all
}

// Every id is either answered with its item or missing; one mailbox's failure stops
// neither the other nor is it an absence (A7).
func TestGet(t *testing.T) {
	f := newFake(t, func(c call) reply {
		id := c.path[strings.LastIndex(c.path, "/")+1:]
		switch {
		case strings.Contains(c.path, ben):
			return refuse(404, "MailboxNotEnabledForRESTAPI")
		case strings.HasPrefix(id, "gone"):
			return refuse(404, "ErrorItemNotFound")
		}
		return ok(row(id))
	})
	all := getAll(t, f.account(), getRequest(ana, "a", "gone", "b", "a"), getRequest(ben, "x", "y"), getRequest("empty@northwind.example"))
	want := map[string]got{
		ana:                       {Items: []string{"a", "b"}, Missing: []string{"gone"}, Done: true},
		ben:                       {Err: sdk.CodeMailboxUnavailable},
		"empty@northwind.example": {Done: true},
	}
	if diff := cmp.Diff(want, all, sortStrings); diff != "" {
		t.Error(diff)
	}
	for _, c := range f.calls {
		if got := c.query.Get("$expand"); got != markerExpansion {
			t.Errorf("$expand = %q, want the marker's", got)
		}
	}
}

// A batch holds at most 20 parts and few of one mailbox, which Graph would work on
// all at once (G2, trap 33).
func TestBatchesAreSpread(t *testing.T) {
	f := newFake(t, func(c call) reply { return ok(row(c.path[strings.LastIndex(c.path, "/")+1:])) })
	var reqs []sdk.GetRequest
	for box := range 9 {
		reqs = append(reqs, getRequest(fmt.Sprintf("t%d@northwind.example", box), "a", "b", "c", "d", "e", "f", "g"))
	}
	all := getAll(t, f.account(), reqs...)
	for _, req := range reqs {
		if g := all[req.Mailbox.Address]; len(g.Items) != 7 || !g.Done {
			t.Errorf("%s = %+v, want all seven", req.Mailbox.Address, g)
		}
	}
	for _, urls := range f.batches {
		count := map[string]int{}
		for _, u := range urls {
			count[strings.Split(u, "/")[2]]++
		}
		if len(urls) > maxParts {
			t.Errorf("a batch of %d", len(urls))
		}
		for box, n := range count {
			if n > defaultPerMailbox {
				t.Errorf("%d parts of %s in one batch", n, box)
			}
		}
	}
}

// A throttled part is sent again after its own wait, and nothing else is; its
// mailbox is left alone meanwhile (G1, G5, trap 31).
func TestBatchThrottledPart(t *testing.T) {
	for name, wait := range map[string]string{"seconds": "2", "a fraction": "2.128", "none": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				times := map[string][]time.Duration{}
				f := newFake(t, nil)
				f.answer = func(c call) reply {
					id := c.path[strings.LastIndex(c.path, "/")+1:]
					times[id] = append(times[id], time.Since(started))
					if id == "slow" && len(times[id]) == 1 {
						return reply{status: 429, header: map[string]string{"Retry-After": wait}, body: refuse(0, "ApplicationThrottled").body}
					}
					return ok(row(id))
				}
				all := getAll(t, f.account(), getRequest(ana, "slow"), getRequest(ben, "quick"))
				if len(all[ana].Items) != 1 || len(all[ben].Items) != 1 {
					t.Errorf("got %+v", all)
				}
				if len(times["quick"]) != 1 || len(times["slow"]) != 2 {
					t.Fatalf("times = %v, want the throttled one twice", times)
				}
				if wait != "" && times["slow"][1] < 2*time.Second {
					t.Errorf("repeated after %v, want the server's wait", times["slow"][1])
				}
			})
		})
	}
}

// Many writes to one mailbox go as chains, in which Graph works on one at a time; a
// refused one breaks its chain, and what waited behind it is sent again and done.
func TestChains(t *testing.T) {
	f := newFake(t, func(c call) reply {
		switch id := c.path[strings.LastIndex(c.path, "/")+1:]; {
		case strings.HasPrefix(id, "gone"):
			return refuse(404, "ErrorItemNotFound")
		case strings.HasPrefix(id, "denied"):
			return refuse(403, "ErrorAccessDenied")
		}
		return reply{status: 204}
	})
	var ops []sdk.Operation
	for i := range 45 {
		id := map[int]string{3: "gone1", 4: "gone2", 30: "denied"}[i]
		ops = append(ops, sdk.Operation{ID: fmt.Sprint(i), Kind: sdk.Delete, ItemID: calendar.ItemID(or(id, fmt.Sprint("E", i)))})
	}
	results := map[string]sdk.Code{}
	err := f.account().Write(context.Background(), []sdk.WriteRequest{{Mailbox: anaBox, Operations: ops}}, syncEmit(func(r sdk.WriteResult) {
		results[r.Operation] = codeOf(r.Err)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 45 || results["30"] != sdk.CodeAccessDenied || results["3"] != "" || results["44"] != "" {
		t.Errorf("%d results: %v", len(results), results)
	}
	if len(f.calls) != 45 {
		t.Errorf("%d calls, want each once: what waits behind a refused one is not tried", len(f.calls))
	}
	// Three for the checks; three for the writes, two for what waited behind those refused
	// in the first and second, and one for what waited behind the one refused then.
	if len(f.batches) != 9 {
		t.Errorf("%d batches for 45 writes with three refused, want 9", len(f.batches))
	}
}

// A token that is refused is renewed once; refused again, it is the account's
// trouble, said once (J: no retry storm).
func TestTokenRenewedOnce(t *testing.T) {
	t.Run("revoked", func(t *testing.T) {
		f := newFake(t, func(c call) reply {
			if !c.inBatch && c.header.Get("Authorization") == "Bearer token-1" {
				return refuse(401, "InvalidAuthenticationToken")
			}
			return ok(lastPage("d1", row("S")))
		})
		if page := readOne(t, f.account(), readRequest(ana)); page.Err != nil || f.tokens != 2 {
			t.Errorf("page = %+v with %d tokens, want success with the second", page, f.tokens)
		}
	})
	t.Run("refused for good", func(t *testing.T) {
		f := newFake(t, func(call) reply { return refuse(401, "InvalidAuthenticationToken") })
		err := f.account().Read(context.Background(), []sdk.ReadRequest{readRequest(ana)}, func(p sdk.ReadPage) error {
			t.Errorf("emitted %+v", p)
			return nil
		})
		if got := codeOf(asSDK(err)); got != sdk.CodeCredentials || len(f.calls) != 2 {
			t.Errorf("err = %v after %d calls, want the credentials after two", err, len(f.calls))
		}
	})
}
