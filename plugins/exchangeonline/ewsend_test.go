package exchangeonline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// clock is a clock of a test's own.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// ewsAccountAt opens an account that speaks EWS, and one that speaks Graph beside it.
func ewsAccountAt(t *testing.T, f *fake, c *clock) (*ewsAccount, *account) {
	t.Helper()
	b := backend{base: f, now: c.now, shared: newShared()}
	opened, err := b.Open(t.Context(), sdk.OpenRequest{Name: "northwind/exchange-online", Settings: block(map[string]any{
		"api": "ews", "ews_url": "https://ews.test", "login_url": "https://login.test", "client_secret_expires": "2026-12-15",
	})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened.(*ewsAccount), f.accountOf(b, nil)
}

// From the day on which Microsoft ends EWS, an account that still speaks it stops, in
// every call, with what to do; the accounts beside it go on (auth-7).
func TestEWSEnds(t *testing.T) {
	f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
	c := &clock{at: ewsEnds.Add(-time.Second)}
	a, other := ewsAccountAt(t, f, c)
	if err := a.ready(); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	c.at = ewsEnds
	box := sdk.Mailbox{Address: ana, TimeZone: "Europe/London"}
	for name, err := range map[string]error{
		"read":  a.Read(t.Context(), []sdk.ReadRequest{readRequest(ana)}, func(sdk.ReadPage) error { return nil }),
		"get":   a.Get(t.Context(), []sdk.GetRequest{{Mailbox: box}}, func(sdk.GetPage) error { return nil }),
		"write": a.Write(t.Context(), []sdk.WriteRequest{{Mailbox: box}}, func(sdk.WriteResult) error { return nil }),
		"find":  a.Find(t.Context(), []sdk.FindRequest{{Mailbox: box}}, func(sdk.FindPage) error { return nil }),
	} {
		e := asSDK(err)
		if e.Code != sdk.CodeMethodNotOffered || !strings.Contains(e.Message, "1 April 2027") || !strings.Contains(e.Advice, `api = "graph"`) {
			t.Errorf("%s = %v, want the end and what to do", name, err)
		}
	}
	if f.tokens != 0 {
		t.Errorf("%d token requests of an account that has ended", f.tokens)
	}
	if p := readOne(t, other, readRequest(ana)); p.Err != nil || p.Complete == nil {
		t.Errorf("the account beside it: %+v, want it read", p)
	}
	if c := a.verifyAPI(t.Context(), []sdk.Mailbox{box}); c.Outcome != sdk.Failed || !strings.Contains(c.Advice, `api = "graph"`) {
		t.Errorf("verify says %+v", c)
	}
}

// While EWS lasts, the log tells of its end once a day, and of a secret's from 30 days
// before on, however many calls there are.
func TestNoticesOnceADay(t *testing.T) {
	f := newFake(t, nil)
	c := &clock{at: time.Date(2026, 11, 10, 8, 0, 0, 0, time.UTC)}
	a, _ := ewsAccountAt(t, f, c)
	count := map[string]int{}
	a.notices.log = func(message string, fields ...any) {
		if len(fields) != 2 || fields[0] != "account" || fields[1] != "northwind/exchange-online" {
			t.Errorf("fields %v", fields)
		}
		switch {
		case strings.Contains(message, "1 April 2027"):
			count["end"]++
		case strings.Contains(message, "the client secret ends in"):
			count["secret"]++
		default:
			t.Errorf("an unknown notice: %s", message)
		}
	}
	for range 10 * 24 * 4 { // every quarter of an hour for ten days
		if err := a.ready(); err != nil {
			t.Fatal(err)
		}
		c.at = c.at.Add(15 * time.Minute)
	}
	// The secret ends on 15 December; less than 30 days ahead are the midnights of 15 to
	// 20 November.
	if count["end"] != 10 || count["secret"] != 6 {
		t.Errorf("notices %v in ten days, want ten of the end, and six of the secret", count)
	}
}

// An account that speaks Graph tells of its credential too.
func TestNoticeOverGraph(t *testing.T) {
	f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
	a := f.accountOf(f.backend(), map[string]any{"client_secret_expires": time.Now().AddDate(0, 0, 5).UTC().Format(time.DateOnly)})
	told := 0
	a.notices.log = func(string, ...any) { told++ }
	for range 3 {
		if err := a.Read(context.Background(), []sdk.ReadRequest{readRequest(ana)}, func(sdk.ReadPage) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if told != 1 {
		t.Errorf("told %d times in three reads, want once", told)
	}
}

// Both are warned of at their settings when the account is opened, and nothing is where
// nothing ends.
func TestWarnings(t *testing.T) {
	c := &clock{at: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	a, other := ewsAccountAt(t, newFake(t, nil), c)
	var paths []string
	for _, d := range a.Warnings() {
		if d.Severity != schema.Warning || d.Summary == "" || d.Detail == "" {
			t.Errorf("warning %+v", d)
		}
		paths = append(paths, strings.Join(d.Path, "."))
	}
	if diff := cmp.Diff([]string{"client_secret_expires", "api"}, paths); diff != "" {
		t.Error(diff)
	}
	if got := other.Warnings(); len(got) != 0 {
		t.Errorf("warnings %v of an account without an end", got)
	}
}
