package exchangeonline

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
)

// A create whose first attempt was not answered for certain has an unknown outcome,
// whatever the refusal of a later attempt says (B1, B2).
func TestCreateRefusedAfterUnsureAttempt(t *testing.T) {
	throttled := reply{status: 429, header: map[string]string{"Retry-After": "120"}, body: refuse(0, "ApplicationThrottled").body}
	for name, test := range map[string]struct {
		first reply
		want  sdk.Code
	}{
		"gateway timeout":  {reply{status: 504}, sdk.CodeOutcomeUnknown},
		"connection lost":  {reply{status: 201, body: stored("E", `W/"1"`), lost: true}, sdk.CodeOutcomeUnknown},
		"refused for sure": {reply{status: 429, body: refuse(0, "ApplicationThrottled").body}, sdk.CodeThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				f := newFake(t, func(call) reply {
					if n++; n == 1 {
						return test.first
					}
					return throttled
				})
				if res := writeOne(t, f.account(), createOp()); codeOf(res.Err) != test.want {
					t.Errorf("err = %v, want %s", res.Err, test.want)
				}
			})
		})
	}
}

// An empty page with a link is no end: the event of the earlier attempt may be behind
// it (B1). A search without an end makes nothing.
func TestCreateMaybeDoneSearchesEveryPage(t *testing.T) {
	page := func(skip string, events ...any) reply {
		return ok(map[string]any{
			"value":           append([]any{}, events...),
			"@odata.nextLink": "https://graph.test/v1.0/users/" + ana + "/events?$skip=" + skip,
		})
	}
	op := createOp()
	op.MaybeDone = true
	f := newFake(t, func(c call) reply {
		switch {
		case c.method != http.MethodGet:
			return ok(stored("E", `W/"2"`))
		case c.query.Get("$skip") == "":
			return page("100")
		}
		return ok(map[string]any{"value": []any{marked(stored("E", `W/"1"`))}})
	})
	if res := writeOne(t, f.account(), op); res.Err != nil || res.ItemID != "E" {
		t.Errorf("result = %+v", res)
	}
	search := "GET /users/" + ana + "/events"
	if diff := cmp.Diff([]string{search, search, "PATCH /users/" + ana + "/events/E"}, f.seen()); diff != "" {
		t.Error(diff)
	}
	endless := newFake(t, func(call) reply { return page("100") })
	if res := writeOne(t, endless.account(), op); !errors.Is(res.Err, sdk.ErrOutcomeUnknown) {
		t.Errorf("err = %v, want an unknown outcome", res.Err)
	}
	for _, c := range endless.calls {
		if c.method == http.MethodPost {
			t.Error("created an event although the search did not end")
		}
	}
}

// A series that changes while its round is read comes twice; an occurrence deleted
// meanwhile is only in the first (B4, E1).
func TestReadSeriesResent(t *testing.T) {
	changed := map[string]any{}
	for k, v := range master {
		changed[k] = v
	}
	changed["@odata.etag"] = `W/"M-2"`
	o1 := stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00")
	o2 := stub("O2", "M", "2026-12-08T08:00:00", "2026-12-08T08:30:00")
	f := newFake(t, rounds(map[string]any{
		"": pageOf("a", master, o1, o2),
		// The occurrences may come before their master.
		"a": lastPage("d1", o2, changed),
	}))
	page := readOne(t, f.account(), readRequest(ana))
	want := []string{`series M [O2 "Team call" 12-08T08:00–12-08T08:30 busy]`}
	if diff := cmp.Diff(want, summary(page.Changes)); diff != "" {
		t.Error(diff)
	}
}

// A delta round that names more removed events than are worth remembering gives way
// to a full read: memory is bounded, and nothing is lost.
func TestReadRemovedWithoutEnd(t *testing.T) {
	many := make([]map[string]any, maxGone+1)
	for i := range many {
		many[i] = gone(fmt.Sprint("gone-", i))
	}
	f := newFake(t, rounds(map[string]any{"": lastPage("d1", row("S")), "d1": pageOf("more", many...)}))
	page := readAfter(t, f, readRequest(ana))
	if !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("Full = %v with %d changes, want a full read of S", page.Complete.Full, len(page.Changes))
	}
}

// A sign-in service that is busy concerns the account: it is not asked again for each
// of its mailboxes.
func TestReadSignInBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		f.token = func(int) reply { return reply{status: 400, body: map[string]any{"error": "temporarily_unavailable"}} }
		var reqs []sdk.ReadRequest
		for i := range 50 {
			reqs = append(reqs, readRequest(fmt.Sprintf("t%d@northwind.example", i)))
		}
		err := f.account().Read(t.Context(), reqs, syncEmit(func(p sdk.ReadPage) {
			t.Errorf("%s was answered: %+v", p.Mailbox, p)
		}))
		if !errors.Is(err, sdk.ErrUnavailable) {
			t.Errorf("err = %v, want the account's", err)
		}
		if f.tokens > mailboxesAtOnce {
			t.Errorf("asked the sign-in service %d times for 50 mailboxes", f.tokens)
		}
	})
}

// A pushed event that the trainer made a series of is found as long as it may run on:
// its time is that of its first occurrence (B14).
func TestFindOldMaster(t *testing.T) {
	old := marked(stored("M", `W/"1"`))
	old["type"] = "seriesMaster"
	old["start"], old["end"] = utc("2026-11-01T09:00:00"), utc("2026-11-01T10:00:00")
	f := newFake(t, func(call) reply { return ok(map[string]any{"value": []any{old}}) })
	ids, done, failed := findAll(t, f.account())
	if strings.Join(ids, ",") != "M "+marker.Key || !done || failed != nil {
		t.Errorf("ids = %v, done = %v, err = %v, want M", ids, done, failed)
	}
}
