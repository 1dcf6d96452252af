package exchangeonprem_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// TestConformance runs the contract's own suite against the simulator, once for each
// way to reach the mailboxes.
func TestConformance(t *testing.T) {
	for _, access := range []string{"full", "impersonation"} {
		t.Run(access, func(t *testing.T) {
			config := simtest.Config{}
			subject := sdktest.Subject{New: func(t testing.TB) sdktest.World { return newSim(t, config).world(t, access) }}
			if access == "full" {
				subject.Cannot = map[sdktest.Feature]string{sdktest.Watch: "Exchange notifies owners only"}
			}
			sdktest.Run(t, subject)
		})
	}
}

// sim is a simulator of one test's own. It fails the test that makes it send mail
// (push-11, K1).
type sim struct {
	*exchangesim.Server
	boxes int
}

func newSim(t testing.TB, config simtest.Config) *sim {
	t.Helper()
	return &sim{Server: simtest.Start(t, observed(t, config))}
}

// request opens an account at the simulator, with changed settings.
func (s *sim) request(changes map[string]any) sdk.OpenRequest {
	block := map[string]any{
		"url": s.EWSURL(), "username": s.Options().EWSUser, "password": s.Options().EWSPassword,
		"auth": "basic", "access": "full", "autodiscover": false,
	}
	for k, v := range changes {
		block[k] = v
	}
	data, err := json.Marshal(block)
	if err != nil {
		panic(err)
	}
	return sdk.OpenRequest{Name: "lakeside/exchange-onprem", MasterAccount: "calendar@lakeside.example", Settings: data}
}

func (s *sim) open(t testing.TB, changes map[string]any) sdk.Account {
	t.Helper()
	account, err := exchangeonprem.New().Open(t.Context(), s.request(changes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = account.Close() })
	return account
}

func (s *sim) mailbox(t testing.TB, zone string) sdk.Mailbox {
	t.Helper()
	s.boxes++
	address := fmt.Sprintf("t%d@lakeside.example", s.boxes)
	if _, err := s.World().AddMailbox(world.Profile{SMTP: address, Name: "Trainer", Zone: zone}); err != nil {
		t.Fatal(err)
	}
	return sdk.Mailbox{Address: address, TimeZone: zone}
}

func (s *sim) box(t testing.TB, m sdk.Mailbox) *world.Mailbox {
	t.Helper()
	box, err := s.World().Mailbox(m.Address)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// fault makes requests fail from now on.
func (s *sim) fault(t testing.TB, f exchangesim.Fault) {
	t.Helper()
	f.Protocol = "ews"
	if _, err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// world is the simulator as the suite wants it. Its account has only the right that
// the way of access needs.
func (s *sim) world(t testing.TB, access string) sdktest.World {
	options := s.Options()
	s.World().SetAccount(world.Account{
		User: options.EWSUser, Password: options.EWSPassword,
		Default: world.Access{Full: access == "full", Impersonate: access == "impersonation"},
	})
	refused := func(name, attribute string, value any) sdktest.Refused {
		return sdktest.Refused{Name: name, Account: s.request(map[string]any{attribute: value}), Path: []string{attribute}}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names := map[string]world.ItemID{}
	return sdktest.World{
		Backend: exchangeonprem.New(),
		Account: s.request(map[string]any{"access": access}),
		Refused: []sdktest.Refused{
			refused("no address", "url", ""),
			refused("plain http", "url", "http://mail.example/EWS/Exchange.asmx"),
			refused("a password in the address", "url", "https://user:pw@mail.example"),
			refused("no user", "username", ""),
			refused("a user with a colon", "username", "a:b"),
			refused("no password", "password", ""),
			refused("unknown auth", "auth", "kerberos"),
			refused("a binding without NTLM", "channel_binding", false),
			refused("unknown access", "access", "delegation"),
			refused("no connections", "connections", 0),
			refused("too many connections", "connections", 1000),
			refused("no mailboxes at a time", "probe_batch", 0),
			refused("too many mailboxes at a time", "probe_batch", 256),
			refused("autodiscover besides an address", "autodiscover", true),
			refused("hosts for no autodiscover", "autodiscover_hosts", []string{"mail.example"}),
			refused("a missing authority", "ca_file", "/nowhere/ca.pem"),
			refused("an empty authority", "ca_file", empty),
		},
		Mailbox: s.mailbox,
		Unknown: sdk.Mailbox{Address: "nobody@lakeside.example", TimeZone: "Europe/London"},
		Add: func(t testing.TB, m sdk.Mailbox, e sdktest.Entry) string {
			t.Helper()
			id := add(t, s.box(t, m), m, e)
			name := fmt.Sprint(id)
			names[name] = id
			return name
		},
		Change: func(t testing.TB, m sdk.Mailbox, name string, e sdktest.Entry) {
			t.Helper()
			change(t, s.box(t, m), world.Ref{Item: names[name]}, func(a *world.Appointment) {
				properties := a.Properties
				*a = appointment(t, m, e)
				a.Properties = properties
			})
		},
		Remove: func(t testing.TB, m sdk.Mailbox, name string) {
			t.Helper()
			if err := s.box(t, m).Delete(world.Ref{Item: names[name]}, world.ToDeletedItems, world.Write{}); err != nil {
				t.Fatal(err)
			}
		},
		Subscribed: func(testing.TB) int { return s.Streams().Made() },
		Outbox: func(testing.TB) []string {
			var lines []string
			for _, mail := range s.Outbox() {
				lines = append(lines, fmt.Sprintf("%+v", mail))
			}
			return lines
		},
	}
}

// change edits an item as its owner would.
func change(t testing.TB, box *world.Mailbox, ref world.Ref, edit func(*world.Appointment)) {
	t.Helper()
	_, err := box.Update(ref, world.Write{}, func(a *world.Appointment) error {
		edit(a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// add puts an entry into a mailbox as its owner would.
func add(t testing.TB, box *world.Mailbox, m sdk.Mailbox, e sdktest.Entry) world.ItemID {
	t.Helper()
	a := appointment(t, m, e)
	if e.Weekly > 0 {
		a.Recurrence = &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: e.Weekly},
		}
	}
	made, err := box.Create(a, world.SendNone)
	if err != nil {
		t.Fatal(err)
	}
	for n, when := range e.Moved {
		change(t, box, nth(made, n), func(o *world.Appointment) { o.Start, o.End = span(t, m, when) })
	}
	for _, n := range e.Deleted {
		if err := box.Delete(nth(made, n), world.Gone, world.Write{}); err != nil {
			t.Fatal(err)
		}
	}
	return made.Item
}

// nth is the occurrence of that number, from 0, of a weekly series.
func nth(series world.Item, n int) world.Ref {
	return world.Ref{Item: series.Item, Occurrence: world.DateOf(series.Start).AddDays(7 * n)}
}

func appointment(t testing.TB, m sdk.Mailbox, e sdktest.Entry) world.Appointment {
	t.Helper()
	a := world.Appointment{
		Subject: e.Subject, Location: e.Location, Body: world.Body{Content: e.Body}, AllDay: e.When.AllDay,
		ShowAs: world.ShowAs(e.ShowAs), Sensitivity: world.Sensitivity(e.Sensitivity),
	}
	if e.ShowAs == calendar.ShowAsUnknown {
		a.ShowAs = world.NoData
	}
	a.Start, a.End = span(t, m, e.When)
	return a
}

// span is an entry's time in its zone.
func span(t testing.TB, m sdk.Mailbox, w calendar.When) (start, end time.Time) {
	t.Helper()
	zone := w.TimeZone
	if zone == "" {
		zone = m.TimeZone
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	start, end = w.Span(loc)
	return start.In(loc), end.In(loc)
}
