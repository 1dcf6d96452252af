package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// entry is an item that a calendar holds, as its server has it; a series once.
type entry struct {
	id  string
	key string // of our marker; empty for a native item
	shown
	private bool
	weeks   int
}

// calendars are the trainers' calendars from their own side: what people do there,
// and what is really in them.
type calendars interface {
	add() (address string)
	// put makes or changes an item of the trainer's own.
	put(address string, n native) (id string)
	// move gives an item of ours another time, as a person would who drags it.
	move(address, id string, start time.Time)
	// copy makes a copy of an item of ours, marker included, at a time.
	copy(address, id string, start time.Time)
	remove(address, id string)
	entries(address string) []entry
	mails() int
	account(t testing.TB) sdk.Account
}

const home = "Europe/London"

// memory is calendars in memory.
type memory struct {
	*sdktest.Memory
	opened sdk.Account
}

func newMemory(testing.TB) calendars { return &memory{Memory: sdktest.NewMemory()} }

func (m *memory) account(t testing.TB) sdk.Account {
	account, err := m.Open(context.Background(), sdk.OpenRequest{Settings: json.RawMessage(`{"password": "right"}`)})
	if err != nil {
		t.Fatal(err)
	}
	m.opened = account
	return account
}

func (m *memory) add() string { return m.AddMailbox(home).Address }

func (m *memory) put(address string, n native) string {
	e := sdktest.Entry{
		Subject: n.name, When: when(n.start, n.hours), Weekly: n.weeks,
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
	if n.weeks == 1 {
		e.Weekly = 0
	}
	if n.free {
		e.ShowAs = calendar.ShowAsFree
	}
	if n.private {
		e.Sensitivity = calendar.SensitivityPrivate
	}
	return m.Put(address, n.id, e)
}

func when(start time.Time, hours int) calendar.When {
	return calendar.When{Start: start, End: start.Add(time.Duration(hours) * time.Hour), TimeZone: "UTC"}
}

func (m *memory) move(address, id string, start time.Time) {
	m.Move(address, id, start)
}

func (m *memory) copy(address, id string, start time.Time) { m.Copy(address, id, start) }

func (m *memory) remove(address, id string) { m.Remove(address, id) }

func (m *memory) mails() int { return 0 }

func (m *memory) entries(address string) []entry {
	var all []entry
	for _, i := range m.Items(address) {
		e := entry{id: i.ID, shown: shown{
			Text: i.Entry.Subject, Start: i.Entry.When.Start.UTC(), End: i.Entry.When.End.UTC(), Free: i.Entry.ShowAs == calendar.ShowAsFree,
		}, private: i.Entry.Sensitivity != calendar.SensitivityNormal, weeks: i.Entry.Weekly}
		if i.Marker != nil {
			e.key = i.Marker.Key
		}
		all = append(all, e)
	}
	return all
}

// exchange is the simulated Exchange through one of its plugins.
type exchange struct {
	sim      *exchangesim.Server
	backend  sdk.Backend
	settings map[string]any
	mu       sync.Mutex
	boxes    int
}

func newGraph(t testing.TB) calendars {
	x := newExchange(t, exchangeonline.New())
	o := x.sim.Options()
	x.settings = map[string]any{
		"tenant_id": o.TenantID, "client_id": o.ClientID, "client_secret": o.ClientSecret,
		"cloud": "global", "api": "graph", "graph_url": x.sim.GraphURL(), "login_url": x.sim.LoginURL(),
	}
	return x
}

func newEWS(t testing.TB) calendars {
	x := newExchange(t, exchangeonprem.New())
	o := x.sim.Options()
	x.settings = map[string]any{
		"url": x.sim.EWSURL(), "username": o.EWSUser, "password": o.EWSPassword,
		"auth": "basic", "access": "full", "autodiscover": false,
	}
	return x
}

func newExchange(t testing.TB, backend sdk.Backend) *exchange {
	sim, err := exchangesim.Start(exchangesim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return &exchange{sim: sim, backend: backend}
}

func (x *exchange) account(t testing.TB) sdk.Account {
	settings, err := json.Marshal(x.settings)
	if err != nil {
		t.Fatal(err)
	}
	account, err := x.backend.Open(context.Background(), sdk.OpenRequest{
		Name: "northwind/exchange", MasterAccount: "calendar@sim.example", Settings: settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func (x *exchange) add() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.boxes++
	address := fmt.Sprintf("trainer%d@sim.example", x.boxes)
	if _, err := x.sim.World().AddMailbox(world.Profile{SMTP: address, Zone: home}); err != nil {
		panic(err)
	}
	return address
}

func (x *exchange) box(address string) *world.Mailbox {
	box, err := x.sim.World().Mailbox(address)
	if err != nil {
		panic(err)
	}
	return box
}

func (x *exchange) put(address string, n native) string {
	if n.id != "" {
		x.change(address, n.id, func(a *world.Appointment) { *a = appointment(n) })
		return n.id
	}
	item, err := x.box(address).Create(appointment(n), world.SendNone)
	if err != nil {
		panic(err)
	}
	return fmt.Sprint(item.Item)
}

func appointment(n native) world.Appointment {
	a := world.Appointment{
		Subject: n.name, Start: n.start, End: n.start.Add(time.Duration(n.hours) * time.Hour),
		ShowAs: world.Busy, Sensitivity: world.Normal,
	}
	if n.free {
		a.ShowAs = world.Free
	}
	if n.private {
		a.Sensitivity = world.Private
	}
	if n.weeks > 1 {
		a.Recurrence = &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{n.start.Weekday()}},
			Range:   world.Range{Start: world.DateOf(n.start), Count: n.weeks},
		}
	}
	return a
}

func (x *exchange) change(address, id string, change func(*world.Appointment)) {
	_, err := x.box(address).Update(ref(id), world.Write{}, func(a *world.Appointment) error {
		change(a)
		return nil
	})
	if err != nil {
		panic(err)
	}
}

func ref(id string) world.Ref {
	var item world.ItemID
	if _, err := fmt.Sscan(id, &item); err != nil {
		panic(err)
	}
	return world.Ref{Item: item}
}

func (x *exchange) move(address, id string, start time.Time) {
	x.change(address, id, func(a *world.Appointment) {
		a.Start, a.End = start, start.Add(a.End.Sub(a.Start))
	})
}

func (x *exchange) copy(address, id string, start time.Time) {
	item, err := x.box(address).Get(ref(id))
	if err != nil {
		panic(err)
	}
	a := item.Appointment
	a.Start, a.End, a.UID = start, start.Add(a.End.Sub(a.Start)), ""
	if _, err := x.box(address).Create(a, world.SendNone); err != nil {
		panic(err)
	}
}

func (x *exchange) remove(address, id string) {
	if err := x.box(address).Delete(ref(id), world.Gone, world.Write{}); err != nil {
		panic(err)
	}
}

func (x *exchange) mails() int { return len(x.sim.Outbox()) }

func (x *exchange) entries(address string) []entry {
	var all []entry
	for _, i := range x.box(address).Items(world.Calendar) {
		e := entry{id: fmt.Sprint(i.Item), key: markerKey(i.Properties), shown: shown{
			Text: i.Subject, Start: i.Start.UTC(), End: i.End.UTC(), Free: i.ShowAs == world.Free,
		}, private: i.Sensitivity != world.Normal}
		if i.Recurrence != nil {
			e.weeks = i.Recurrence.Range.Count
		}
		all = append(all, e)
	}
	return all
}

// markerKey reads our marker as it is on the server, without the plugins' own
// decoder: four parts, the key last.
func markerKey(properties map[world.Property]string) string {
	for p, value := range properties {
		if p.Name == "TrainerCalendarMarker" {
			key, err := url.PathUnescape(value[strings.LastIndex(value, "|")+1:])
			if err != nil {
				panic(err)
			}
			return key
		}
	}
	return ""
}
