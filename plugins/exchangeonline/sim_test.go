package exchangeonline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// TestConformance runs the contract's own suite against the simulator.
func TestConformance(t *testing.T) {
	sdktest.Run(t, sdktest.Subject{New: func(t testing.TB) sdktest.World { return newSim(t, exchangesim.Options{}).world() }})
}

// sim is a simulator of one test's own. At the test's end all messages are judged by
// Graph's schema, and the outbox must be empty (push-11, K1).
type sim struct {
	*exchangesim.Server
	boxes int
}

// mailboxSlots is how many requests the plugin may have in flight on one mailbox.
const mailboxSlots = 3

func newSim(t testing.TB, opts exchangesim.Options) *sim {
	t.Helper()
	return &sim{Server: simtest.Start(t, simtest.Config{Options: opts, MaxInFlight: mailboxSlots})}
}

// settings is a settings block for the simulator, with changes.
func (s *sim) settings(changes map[string]any) json.RawMessage {
	opts := s.Options()
	block := map[string]any{
		"tenant_id": opts.TenantID, "client_id": opts.ClientID, "client_secret": opts.ClientSecret,
		"cloud": "global", "api": "graph", "graph_url": s.GraphURL(), "login_url": s.LoginURL(),
	}
	for k, v := range changes {
		block[k] = v
	}
	data, err := json.Marshal(block)
	if err != nil {
		panic(err)
	}
	return data
}

func (s *sim) request(changes map[string]any) sdk.OpenRequest {
	return sdk.OpenRequest{
		Name: "northwind/exchange-online", MasterAccount: "calendar@northwind.example", Settings: s.settings(changes),
	}
}

func (s *sim) open(t testing.TB) sdk.Account {
	t.Helper()
	return s.openWith(t, nil)
}

// openWith opens an account whose settings have changes.
func (s *sim) openWith(t testing.TB, changes map[string]any) sdk.Account {
	t.Helper()
	account, err := exchangeonline.New().Open(context.Background(), s.request(changes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = account.Close() })
	return account
}

func (s *sim) mailbox(t testing.TB, zone string) sdk.Mailbox {
	t.Helper()
	s.boxes++
	address := fmt.Sprintf("t%d@northwind.example", s.boxes)
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

// marked are the items of a calendar that carry a gateway's marker.
func marked(box *world.Mailbox) []world.Item {
	return slices.DeleteFunc(box.Items(world.Calendar), func(i world.Item) bool { return len(i.Properties) == 0 })
}

// world is the simulator as the suite wants it.
func (s *sim) world() sdktest.World {
	refused := func(name, attribute string, value any) sdktest.Refused {
		return sdktest.Refused{Name: name, Account: s.request(map[string]any{attribute: value}), Path: []string{attribute}}
	}
	names := map[string]world.ItemID{}
	return sdktest.World{
		Backend: exchangeonline.New(),
		Account: s.request(nil),
		Refused: []sdktest.Refused{
			refused("no tenant", "tenant_id", ""),
			refused("a tenant for all", "tenant_id", "common"),
			refused("a path as tenant", "tenant_id", "a/../b"),
			refused("no secret", "client_secret", ""),
			refused("a certificate", "certificate_file", "/cert.pem"),
			refused("an unknown API", "api", "rest"),
			refused("plain http", "graph_url", "http://graph.example"),
			refused("a secret in the address", "login_url", "https://user:pw@login.example"),
		},
		Mailbox: s.mailbox,
		Unknown: sdk.Mailbox{Address: "nobody@northwind.example", TimeZone: "Europe/London"},
		Add: func(t testing.TB, m sdk.Mailbox, e sdktest.Entry) string {
			t.Helper()
			id := add(t, s.box(t, m), m, e)
			name := fmt.Sprint(id)
			names[name] = id
			return name
		},
		Change: func(t testing.TB, m sdk.Mailbox, name string, e sdktest.Entry) {
			t.Helper()
			_, err := s.box(t, m).Update(world.Ref{Item: names[name]}, world.Write{}, func(a *world.Appointment) error {
				next := appointment(t, m, e)
				a.Subject, a.Body, a.Location = next.Subject, next.Body, next.Location
				a.Start, a.End, a.AllDay = next.Start, next.End, next.AllDay
				a.ShowAs, a.Sensitivity = next.ShowAs, next.Sensitivity
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		},
		Remove: func(t testing.TB, m sdk.Mailbox, name string) {
			t.Helper()
			if err := s.box(t, m).Delete(world.Ref{Item: names[name]}, world.ToDeletedItems, world.Write{}); err != nil {
				t.Fatal(err)
			}
		},
		Subscribed: func(testing.TB) int { return s.Subscriptions().Made() + s.Streams().Made() },
		Outbox: func(testing.TB) []string {
			var lines []string
			for _, mail := range s.Outbox() {
				lines = append(lines, fmt.Sprintf("%+v", mail))
			}
			return lines
		},
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
	occurrence := func(n int) world.Ref {
		return world.Ref{Item: made.Item, Occurrence: world.DateOf(a.Start).AddDays(7 * n)}
	}
	for n, when := range e.Moved {
		_, err := box.Update(occurrence(n), world.Write{}, func(o *world.Appointment) error {
			o.Start, o.End = span(t, m, when)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range e.Deleted {
		if err := box.Delete(occurrence(n), world.Gone, world.Write{}); err != nil {
			t.Fatal(err)
		}
	}
	return made.Item
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
