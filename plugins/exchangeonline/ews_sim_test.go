package exchangeonline_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// overEWS are the settings of an account that speaks EWS.
func (s *sim) overEWS(more map[string]any) map[string]any {
	changes := map[string]any{"api": "ews", "ews_url": s.EWSURL()}
	for k, v := range more {
		changes[k] = v
	}
	return changes
}

// TestConformanceOverEWS runs the contract's own suite with an account that speaks EWS as
// an application (auth-1).
func TestConformanceOverEWS(t *testing.T) {
	sdktest.Run(t, sdktest.Subject{New: func(t testing.TB) sdktest.World {
		s := newSim(t, exchangesim.Options{})
		w := s.world()
		w.Account = s.request(s.overEWS(nil))
		return w
	}})
}

// found is what Find brings of a mailbox, by the marker.
func found(t testing.TB, a sdk.Account, m sdk.Mailbox) map[calendar.Marker]calendar.Item {
	t.Helper()
	items := map[calendar.Marker]calendar.Item{}
	var mu sync.Mutex
	err := a.Find(t.Context(), []sdk.FindRequest{{Mailbox: m, Since: march.Start}}, func(p sdk.FindPage) error {
		mu.Lock()
		defer mu.Unlock()
		if p.Err != nil {
			t.Fatal(p.Err)
		}
		for _, item := range p.Items {
			items[*item.Marker] = item
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func writeAll(t testing.TB, a sdk.Account, m sdk.Mailbox, ops ...sdk.Operation) map[string]sdk.WriteResult {
	t.Helper()
	results := map[string]sdk.WriteResult{}
	var mu sync.Mutex
	err := a.Write(t.Context(), []sdk.WriteRequest{{Mailbox: m, Operations: ops}}, func(r sdk.WriteResult) error {
		mu.Lock()
		defer mu.Unlock()
		results[r.Operation] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestEWSToGraph moves an account from EWS to Graph: what was pushed over the one is found
// by its marker over the other and is the same item to whoever changes it; a create that
// may have been carried out before finds it, and makes no second one.
func TestEWSToGraph(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	before, after := s.openWith(t, s.overEWS(nil)), s.open(t)
	course := sdk.Operation{
		ID: "1", Kind: sdk.Create, Marker: calendar.Marker{Installation: "northwind-sync", Key: "course/4711", Generation: "g1"},
		Appointment: calendar.Appointment{
			Subject: "Training: Forklift", Body: "Room 4", Location: "Leeds", ShowAs: calendar.ShowAsBusy,
			Sensitivity: calendar.SensitivityNormal, When: hours(16, 9, 17),
		},
	}
	if r := writeAll(t, before, m, course)["1"]; r.Err != nil {
		t.Fatal(r.Err)
	}
	item, there := found(t, after, m)[course.Marker]
	if !there || item.Subject != course.Appointment.Subject || !item.When.Start.Equal(course.Appointment.When.Start) {
		t.Fatalf("found over Graph %+v, want the item", item)
	}
	again := course
	again.MaybeDone = true
	if r := writeAll(t, after, m, again)["1"]; r.Err != nil || r.ItemID != item.ID {
		t.Errorf("the create again: %+v, want the item found", r)
	}
	course.Kind, course.ItemID, course.Appointment.Subject = sdk.Update, item.ID, "Training: Reach truck"
	if r := writeAll(t, after, m, course)["1"]; r.Err != nil || r.ItemID != item.ID {
		t.Errorf("the update: %+v, want the same item", r)
	}
	items := s.box(t, m).Items(world.Calendar)
	if len(items) != 1 || items[0].Subject != "Training: Reach truck" {
		t.Errorf("the calendar holds %+v, want the one item", items)
	}
	if back := found(t, before, m); len(back) != 1 || back[course.Marker].Subject != "Training: Reach truck" {
		t.Errorf("found over EWS %+v, want the one item", back)
	}
}

// checks lists what Verify says, without the words.
func checks(t testing.TB, a sdk.Account, mailboxes ...sdk.Mailbox) []string {
	t.Helper()
	var lines []string
	var mu sync.Mutex
	if err := a.Verify(t.Context(), mailboxes, func(c sdk.Check) error {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, strings.TrimSpace(c.Mailbox+" "+c.Step+" "+string(c.Outcome)))
		if c.Outcome == sdk.Failed && c.Advice == "" {
			t.Errorf("%+v says not what to do", c)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return lines
}

// An account that speaks EWS is verified step by step, and warned of the API's end.
func TestVerifyOverEWS(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	want := []string{
		"settings passed", "resolve passed", "tls skipped", "credentials passed", "consent skipped", "api warning",
		m.Address + " mailbox passed", m.Address + " read passed", m.Address + " private passed", m.Address + " write passed",
	}
	a := s.openWith(t, s.overEWS(nil))
	if diff := cmp.Diff(want, checks(t, a, m)); diff != "" {
		t.Error(diff)
	}
	if c := step(t, a, "api", m); !strings.Contains(c.Observed, "1 April 2027") || !strings.Contains(c.Advice, `api = "graph"`) {
		t.Errorf("api = %+v, want the end and what to do", c)
	}
	if left := s.box(t, m).Items(world.Calendar); len(left) != 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// readErrors is the error of each mailbox's read, or of the call.
func readErrors(t testing.TB, a sdk.Account, mailboxes ...sdk.Mailbox) (byMailbox map[string]*sdk.Error, call error) {
	t.Helper()
	var reqs []sdk.ReadRequest
	for _, m := range mailboxes {
		reqs = append(reqs, wanted(m, nil))
	}
	byMailbox = map[string]*sdk.Error{}
	var mu sync.Mutex
	call = a.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		mu.Lock()
		defer mu.Unlock()
		if p.Complete != nil && p.Err != nil {
			t.Errorf("%s is complete and failed", p.Mailbox)
		}
		byMailbox[p.Mailbox] = p.Err
		return nil
	})
	return byMailbox, call
}

// A mailbox for which EWS is switched off stops alone, and is told with the
// administrator's next command (auth-4, auth-7).
func TestEWSBlockedForMailbox(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	good, bad := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	for reason, command := range map[string]string{
		"EWS is disabled for this user or tenant":          "Get-CASMailbox MAILBOX | fl EwsEnabled",
		"EWS is blocked by policy for this user or tenant": "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | fl EwsAllowedAppIDs",
		"": "licence",
	} {
		fault := blocked(reason)
		fault.Mailbox = bad.Address
		made, err := s.AddFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		errs, call := readErrors(t, s.openWith(t, s.overEWS(nil)), good, bad)
		if call != nil || errs[good.Address] != nil {
			t.Errorf("%q: %v, %v; want the others served", reason, call, errs)
		}
		if e := errs[bad.Address]; e == nil || e.Code != sdk.CodeMailboxUnavailable || !strings.Contains(e.Advice, command) {
			t.Errorf("%q: %v, want advice with %q", reason, e, command)
		}
		s.RemoveFault(made.ID)
	}
}

// EWS switched off for the tenant stops the account, says so once, and is over when it is
// switched on again.
func TestEWSBlockedForTenant(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	var boxes []sdk.Mailbox
	for range 12 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	if _, err := s.AddFault(blocked("EWS is disabled for this user or tenant")); err != nil {
		t.Fatal(err)
	}
	a := s.openWith(t, s.overEWS(nil))
	errs, call := readErrors(t, a, boxes...)
	if !errors.Is(call, sdk.ErrAccountBlocked) || !strings.Contains(call.Error(), "Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs") {
		t.Errorf("the call ended with %v, want the account blocked and the command", call)
	}
	if len(errs) > 6 {
		t.Errorf("%d mailboxes were told of it, want a few at most", len(errs))
	}
	if c := step(t, a, "api", boxes...); c.Outcome != sdk.Failed || !strings.Contains(c.Advice, "EwsEnabled") {
		t.Errorf("verify says %+v, want what to do", c)
	}
	s.ClearFaults()
	if errs, call := readErrors(t, a, boxes...); call != nil || len(errs) != 12 || errs[boxes[0].Address] != nil {
		t.Errorf("switched on again: %v, %v", call, errs)
	}
}

// auth-4: however many mailboxes EWS is switched off for, and wherever they stand, the others
// are read: that some are refused in a row passes for the whole tenant no longer than it
// takes to know them.
func TestEWSBlockedForManyMailboxes(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	const bad = 2 * 3
	var boxes []sdk.Mailbox
	for i := range bad + 4 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
		if i < bad {
			fault := blocked("")
			fault.Mailbox = boxes[i].Address
			if _, err := s.AddFault(fault); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := s.openWith(t, s.overEWS(nil))
	for range 2 { // it may be the tenant's, until three each time are known
		_, _ = readErrors(t, a, boxes...)
	}
	for range 2 {
		errs, call := readErrors(t, a, boxes...)
		if call != nil {
			t.Fatalf("the call ended with %v", call)
		}
		for i, m := range boxes {
			if e := errs[m.Address]; i < bad && (e == nil || e.Code != sdk.CodeMailboxUnavailable) || i >= bad && e != nil {
				t.Errorf("mailbox %d: %v", i, e)
			}
		}
	}
}

// blocked is Exchange Online's refusal of EWS.
func blocked(reason string) exchangesim.Fault {
	return exchangesim.Fault{Protocol: "ews", Mode: exchangesim.FaultStatus, Status: 403, Code: reason}
}

// What the application may not reach over EWS is told in the words of Exchange Online.
func TestEWSDenied(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	s.World().LimitApplication("somebody@northwind.example")
	errs, call := readErrors(t, s.openWith(t, s.overEWS(nil)), m)
	if e := errs[m.Address]; call != nil || e == nil || e.Code != sdk.CodeAccessDenied || !strings.Contains(e.Advice, "full_access_as_app") || !strings.Contains(e.Advice, "Application EWS.AccessAsApp") {
		t.Errorf("%v, %v; want the permission by its names", e, call)
	}
}

// A token that was revoked is replaced by another, over EWS too.
func TestEWSTokenRevoked(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.openWith(t, s.overEWS(nil))
	for range 2 {
		if errs, call := readErrors(t, a, m); call != nil || errs[m.Address] != nil {
			t.Fatalf("%v, %v", call, errs)
		}
		s.RevokeTokens()
	}
}
