package icstest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	firstYear, lastYear = 2000, 2029
	// minSeries is how many series of all files a mailbox holds as series.
	minSeries = 53
	// files are to be loaded; agreed occurrences and disputed UIDs are to be compared.
	files, agreed, disputed = 32, 5206, 21
)

// row is an occurrence as the test compares it.
type row struct {
	File, UID, Subject, Start, End string
	// Offset is that of the occurrence's own zone at its start, empty for whole days.
	Offset            string
	Series, Cancelled bool
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.File, b.File),
		cmp.Compare(a.UID, b.UID), cmp.Compare(a.Subject, b.Subject))
}

// TestCalendars loads the calendars into mailboxes whose owners live on one side of the
// world and whose clients on the other, and compares what the simulator shows and both
// plugins read with the expectations (pull-4, D2, D4, D6, F1).
func TestCalendars(t *testing.T) {
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: no foreign calendars to read")
	}
	expected, err := readExpectations(filepath.Join(root, "ics", "expected-occurrences.json"))
	if err != nil {
		t.Fatal(err)
	}
	sim := simtest.Start(t, simtest.Config{})
	boxes := []*mailbox{
		newMailbox(t, sim, "west@sim.example", "America/Los_Angeles", "Pacific/Auckland"),
		newMailbox(t, sim, "east@sim.example", "Pacific/Auckland", "America/Los_Angeles"),
	}
	for _, box := range boxes {
		box.load(t, filepath.Join(root, "ics"), expected)
	}
	t.Run("exchangesim", func(t *testing.T) {
		for _, box := range boxes {
			box.checkShown(t, expected)
		}
	})
	t.Run("exchangeonline", func(t *testing.T) {
		checkRead(t, exchangeonline.New(), graphSettings(sim), boxes)
	})
	t.Run("exchangeonprem", func(t *testing.T) {
		checkRead(t, exchangeonprem.New(), ewsSettings(sim), boxes)
	})
}

// mailbox is a mailbox with all calendars in it.
type mailbox struct {
	*loader
	owner sdk.Mailbox
	// ownerZone is the zone of the mailbox's owner; the loader's is that of the client
	// that wrote the items.
	ownerZone *time.Location
	ids       map[int]identity
	// want are the rows that are to be read.
	want []row
}

func newMailbox(t *testing.T, sim *exchangesim.Server, address, ownerZone, clientZone string) *mailbox {
	t.Helper()
	box, err := sim.World().AddMailbox(world.Profile{SMTP: address, Name: "Trainer", Zone: ownerZone})
	if err != nil {
		t.Fatal(err)
	}
	return &mailbox{
		loader:    &loader{box: box, zone: location(t, clientZone), number: map[identity]int{}},
		owner:     sdk.Mailbox{Address: address, TimeZone: ownerZone},
		ownerZone: location(t, ownerZone),
		ids:       map[int]identity{},
	}
}

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// load fills the mailbox, and says how much of it Exchange could hold.
func (m *mailbox) load(t *testing.T, folder string, expected expectations) {
	t.Helper()
	m.expected = expected
	paths, err := filepath.Glob(filepath.Join(folder, "*.ics"))
	if err != nil || len(paths) != files {
		t.Fatalf("%d calendars, want %d (%v)", len(paths), files, err)
	}
	for _, path := range paths {
		if err := m.file(folder, filepath.Base(path)); err != nil {
			t.Fatal(err)
		}
	}
	for id, n := range m.number {
		m.ids[n] = id
	}
	t.Logf("%s: %v", m.owner.Address, m.tally)
	if m.tally.series < minSeries {
		t.Errorf("%s: %d real series, want at least %d", m.owner.Address, m.tally.series, minSeries)
	}
	for _, it := range m.box.View(yearStart(firstYear), yearStart(lastYear+1), false) {
		m.want = append(m.want, m.shown(it))
	}
}

// checkShown compares what the simulator shows with the expectations.
func (m *mailbox) checkShown(t *testing.T, expected expectations) {
	t.Helper()
	shown := map[identity][]row{}
	for _, r := range m.want {
		id := identity{file: r.File, uid: r.UID}
		shown[id] = append(shown[id], r)
	}
	compared := 0
	for file, uids := range expected.Agreed {
		for uid, list := range uids {
			id := identity{file: file, uid: uid}
			compared += len(list)
			if diff := gocmp.Diff(m.absolute(list), times(shown[id])); diff != "" {
				t.Errorf("%s, %s, UID %s (-want +shown):\n%s", m.owner.Address, file, uid, diff)
			}
		}
	}
	if compared != agreed {
		t.Errorf("%d occurrences compared, want %d", compared, agreed)
	}
	m.checkDisputed(t, expected, shown)
}

func yearStart(year int) time.Time { return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC) }

// shown is an item of the simulator as a row.
func (m *mailbox) shown(it world.Item) row {
	w := calendar.When{Start: it.Start, End: it.End}
	if it.AllDay {
		w = calendar.When{AllDay: true, FirstDay: calendar.DateOf(it.Start), EndDay: calendar.DateOf(it.End.In(it.Start.Location()))}
	}
	r := m.row(it.Subject, w)
	r.Series, r.Cancelled = it.Type != world.Single, it.Cancelled
	if !it.AllDay {
		r.Offset = it.Start.Format("-07:00")
	}
	return r
}

// read is an item of a plugin as a row. A zone that nobody knows has no offset.
func (m *mailbox) read(item calendar.Item) row {
	r := m.row(item.Subject, item.When)
	r.Series, r.Cancelled = item.SeriesID != "", item.Cancelled
	if zone, err := winzone.Load(item.When.TimeZone); err == nil && !item.When.AllDay {
		r.Offset = item.When.Start.In(zone).Format("-07:00")
	}
	return r
}

// row finds in the subject to which UID an occurrence belongs.
func (m *mailbox) row(subject string, w calendar.When) row {
	number, _, _ := strings.Cut(subject, " ")
	n, _ := strconv.Atoi(number) // 0 belongs to nobody
	r := row{File: m.ids[n].file, UID: m.ids[n].uid, Subject: subject}
	if w.AllDay {
		r.Start, r.End = w.FirstDay.String(), w.EndDay.String()
	} else {
		r.Start, r.End = w.Start.UTC().Format(instantForm), w.End.UTC().Format(instantForm)
	}
	return r
}

func (m *mailbox) absolute(list []occurrence) []occurrence {
	all := make([]occurrence, 0, len(list))
	for _, o := range list {
		all = append(all, o.absolute(m.zone))
	}
	slices.SortFunc(all, func(a, b occurrence) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return all
}

func times(rows []row) []occurrence {
	rows = slices.SortedFunc(slices.Values(rows), compareRows)
	all := make([]occurrence, 0, len(rows))
	for _, r := range rows {
		all = append(all, occurrence{r.Start, r.End})
	}
	return all
}

// inWindow are the rows that are to be read in a window.
func (m *mailbox) inWindow(t *testing.T, w calendar.Window) []row {
	t.Helper()
	var in []row
	for _, r := range m.want {
		start, end, err := occurrence{r.Start, r.End}.span(m.ownerZone)
		if err != nil {
			t.Fatal(err)
		}
		if w.Overlaps(start, end) {
			in = append(in, r)
		}
	}
	return slices.SortedFunc(slices.Values(in), compareRows)
}

// checkRead reads all mailboxes through a plugin, year by year, and compares every
// row with what the simulator shows, which checkShown compares with the expectations.
func checkRead(t *testing.T, backend sdk.Backend, settings map[string]any, boxes []*mailbox) {
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	account, err := backend.Open(t.Context(), sdk.OpenRequest{
		Name: "northwind/exchange", MasterAccount: "calendar@sim.example", Settings: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close() //nolint:errcheck // nothing is open
	rows := 0
	for year := firstYear; year <= lastYear; year++ {
		window := calendar.Window{Start: yearStart(year), End: yearStart(year + 1)}
		got := readWindow(t, account, window, boxes)
		for _, m := range boxes {
			want := m.inWindow(t, window)
			rows += len(want)
			if diff := gocmp.Diff(want, got[m.owner.Address]); diff != "" {
				t.Errorf("%s in %d (-want +read):\n%s", m.owner.Address, year, diff)
			}
		}
	}
	if rows < agreed*len(boxes) {
		t.Errorf("%d occurrences compared, want at least %d", rows, agreed*len(boxes))
	}
}

// readWindow reads a window of all mailboxes in full.
func readWindow(t *testing.T, account sdk.Account, w calendar.Window, boxes []*mailbox) map[string][]row {
	t.Helper()
	byAddress := map[string]*mailbox{}
	var requests []sdk.ReadRequest
	for _, m := range boxes {
		byAddress[m.owner.Address] = m
		requests = append(requests, sdk.ReadRequest{Mailbox: m.owner, Window: w, Detail: sdk.DetailFull, Scope: sdk.ScopeAll})
	}
	var mu sync.Mutex
	got := map[string][]row{}
	complete := 0
	err := account.Read(t.Context(), requests, func(page sdk.ReadPage) error {
		mu.Lock()
		defer mu.Unlock()
		if page.Err != nil {
			return fmt.Errorf("read %s: %w", page.Mailbox, page.Err)
		}
		if page.Complete != nil && page.Complete.Full && page.Complete.Covered.Equal(w) {
			complete++
		}
		m := byAddress[page.Mailbox]
		for _, item := range itemsOf(page.Changes) {
			got[page.Mailbox] = append(got[page.Mailbox], m.read(item))
		}
		return nil
	})
	if err != nil || complete != len(boxes) {
		t.Fatalf("%d of %d mailboxes were read in full (%v)", complete, len(boxes), err)
	}
	for _, rows := range got {
		slices.SortFunc(rows, compareRows)
	}
	return got
}

func itemsOf(changes []calendar.Change) []calendar.Item {
	var items []calendar.Item
	for _, c := range changes {
		if c.Upsert != nil {
			items = append(items, *c.Upsert)
		}
		if c.ReplaceSeries != nil {
			items = append(items, c.ReplaceSeries.Items...)
		}
	}
	return items
}

func graphSettings(sim *exchangesim.Server) map[string]any {
	opts := sim.Options()
	return map[string]any{
		"tenant_id": opts.TenantID, "client_id": opts.ClientID, "client_secret": opts.ClientSecret,
		"cloud": "global", "api": "graph", "graph_url": sim.GraphURL(), "login_url": sim.LoginURL(),
	}
}

func ewsSettings(sim *exchangesim.Server) map[string]any {
	return map[string]any{
		"url": sim.EWSURL(), "username": sim.Options().EWSUser, "password": sim.Options().EWSPassword,
		"auth": "basic", "access": "full", "autodiscover": false,
	}
}
