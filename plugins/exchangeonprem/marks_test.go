package exchangeonprem_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// clockedSim is a simulator with a clock that the test moves.
type clockedSim struct {
	*sim
	mu  sync.Mutex
	now time.Time
}

func newClockedSim(t testing.TB, config simtest.Config) *clockedSim {
	s := &clockedSim{now: at(3, 1, 12)}
	config.Now = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	s.sim = newSim(t, config)
	return s
}

// stillFolders is a server whose folders do not tell of changes.
func stillFolders() simtest.Config {
	return simtest.Config{Options: exchangesim.Options{EWSStillFolders: true}}
}

// pass lets time go by for the server.
func (s *clockedSim) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// verify checks a mailbox, and returns the outcome of each step; the last of a name
// counts.
func verified(t testing.TB, account sdk.Account, m sdk.Mailbox) map[string]sdk.Check {
	t.Helper()
	steps := map[string]sdk.Check{}
	var mu sync.Mutex
	err := account.Verify(t.Context(), []sdk.Mailbox{m}, func(c sdk.Check) error {
		mu.Lock()
		defer mu.Unlock()
		steps[c.Step] = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// ticking lets the server's clock run while a call is under way that waits for it to
// move on, as Verify does between two changes.
func (s *clockedSim) ticking(call func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				s.pass(100 * time.Millisecond)
			}
		}
	})
	call()
	close(done)
	running.Wait()
}

// mailboxes are n mailboxes with an appointment each.
func (s *sim) mailboxes(t testing.TB, n int) []sdk.Mailbox {
	boxes := make([]sdk.Mailbox, n)
	for i := range boxes {
		boxes[i] = s.mailbox(t, "Europe/London")
		add(t, s.box(t, boxes[i]), boxes[i], hour(fmt.Sprint("Dentist ", i), at(3, 12, 9)))
	}
	return boxes
}

// readThem reads mailboxes in one call, and keeps their cursors.
func readThem(t testing.TB, account sdk.Account, boxes []sdk.Mailbox, cursors map[string][]byte) map[string]answer {
	t.Helper()
	reqs := make([]sdk.ReadRequest, len(boxes))
	for i, m := range boxes {
		reqs[i] = readRequest(m, cursors[m.Address])
	}
	answers, err := readAll(t, account, reqs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range boxes {
		a := answers[m.Address]
		if a.err != nil || a.complete == nil {
			t.Fatalf("%s: %v", m.Address, a.err)
		}
		cursors[m.Address] = a.complete.Cursor
	}
	return answers
}

// Once Verify proved with its test appointment that the folders tell of changes, one
// request looks after many mailboxes, and only those that were touched are read on.
func TestManyMailboxesInOneRequest(t *testing.T) {
	s := newClockedSim(t, simtest.Config{})
	boxes := s.mailboxes(t, 120)
	account := s.open(t, nil)
	var steps map[string]sdk.Check
	s.ticking(func() { steps = verified(t, account, boxes[0]) })
	if steps["read"].Outcome != sdk.Passed {
		t.Fatalf("verify: %+v", steps)
	}
	s.pass(time.Minute)
	cursors := map[string][]byte{}
	readThem(t, account, boxes, cursors)
	s.ClearCounts()
	for _, a := range readThem(t, account, boxes, cursors) {
		if a.complete.Full || len(a.items) > 0 {
			t.Errorf("something changed: %+v", a)
		}
	}
	if diff := cmp.Diff(map[string]int{"GetFolder": 2}, s.requests()); diff != "" {
		t.Errorf("nothing changed: requests (-want +got):\n%s", diff)
	}
	// A proof outlives the process in the cursors: another account relies on it.
	s.ClearCounts()
	change(t, s.box(t, boxes[7]), s.onlyItem(t, boxes[7]), func(a *world.Appointment) { a.Subject = "Moved" })
	answers := readThem(t, s.open(t, map[string]any{"probe_batch": 50}), boxes, cursors)
	if got := answers[boxes[7].Address].subjects(); !cmp.Equal(got, []string{"Moved"}) {
		t.Errorf("the touched mailbox brought %v", got)
	}
	if diff := cmp.Diff(map[string]int{"GetFolder": 3, "FindItem": 1}, s.requests()); diff != "" {
		t.Errorf("one touched: requests (-want +got):\n%s", diff)
	}
}

// onlyItem is a mailbox's one item.
func (s *sim) onlyItem(t testing.TB, m sdk.Mailbox) world.Ref {
	t.Helper()
	items := s.box(t, m).Items(world.Calendar)
	if len(items) != 1 {
		t.Fatalf("%d items in %s", len(items), m.Address)
	}
	return items[0].Ref
}

// Without a Verify, the marks are watched beside SyncFolderItems: an item that was changed
// and moved its folder's mark proves them. One that was made proves nothing, as it is
// counted.
func TestMarksAreProvenByWatching(t *testing.T) {
	s := newClockedSim(t, simtest.Config{})
	boxes := s.mailboxes(t, 2)
	account := s.open(t, nil)
	s.pass(time.Minute)
	cursors := map[string][]byte{}
	cycle := func() map[string]int {
		s.pass(time.Minute)
		s.ClearCounts()
		readThem(t, account, boxes, cursors)
		return s.requests()
	}
	cycle()
	add(t, s.box(t, boxes[0]), boxes[0], hour("Lunch", at(3, 13, 12)))
	cycle()
	if got := cycle(); got["SyncFolderItems"] != 2 {
		t.Errorf("proven by an item that was made: %v", got)
	}
	change(t, s.box(t, boxes[1]), s.onlyItem(t, boxes[1]), func(a *world.Appointment) { a.Subject = "Moved" })
	cycle()
	if diff := cmp.Diff(map[string]int{"GetFolder": 1}, cycle()); diff != "" {
		t.Errorf("proven: requests (-want +got):\n%s", diff)
	}
}

// Where the folders do not tell of changes, Verify says so, and each mailbox is asked by
// itself what changed. Nothing is missed.
func TestMarksThatStandStill(t *testing.T) {
	s := newClockedSim(t, stillFolders())
	boxes := s.mailboxes(t, 3)
	account := s.open(t, nil)
	var steps map[string]sdk.Check
	s.ticking(func() { steps = verified(t, account, boxes[0]) })
	if c := steps["read"]; c.Outcome != sdk.Warned || c.Advice == "" {
		t.Errorf("verify says %+v; want a warning", c)
	}
	s.pass(time.Minute)
	cursors := map[string][]byte{}
	readThem(t, account, boxes, cursors)
	change(t, s.box(t, boxes[1]), s.onlyItem(t, boxes[1]), func(a *world.Appointment) { a.Subject = "Moved" })
	s.ClearCounts()
	if got := readThem(t, account, boxes, cursors)[boxes[1].Address].subjects(); !cmp.Equal(got, []string{"Moved"}) {
		t.Errorf("the change brought %v", got)
	}
	if diff := cmp.Diff(map[string]int{"GetFolder": 1, "SyncFolderItems": 3, "FindItem": 1}, s.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Somebody who makes an appointment just when the test appointment is changed proves
// nothing: that one is counted, and a change is not.
func TestMarksAreNotProvenByOthers(t *testing.T) {
	var s *clockedSim
	var busy sdk.Mailbox
	config := stillFolders()
	config.Observe = func(x exchangesim.Exchange) {
		if bytes.Contains(x.RequestBody, []byte("<m:UpdateItem")) {
			add(t, s.box(t, busy), busy, hour("Lunch", at(3, 13, 12)))
		}
	}
	s = newClockedSim(t, config)
	busy = s.mailboxes(t, 1)[0]
	account := s.open(t, nil)
	s.ticking(func() { verified(t, account, busy) })
	s.pass(time.Minute)
	cursors := map[string][]byte{}
	readThem(t, account, []sdk.Mailbox{busy}, cursors)
	change(t, s.box(t, busy), s.box(t, busy).Items(world.Calendar)[0].Ref, func(a *world.Appointment) { a.Subject = "Moved" })
	if got := readThem(t, account, []sdk.Mailbox{busy}, cursors)[busy.Address]; !got.complete.Full {
		t.Error("a change was missed")
	}
}

// A proof that turns out to be wrong is given up: what SyncFolderItems sees and the mark
// does not speaks against the marks of all mailboxes, also after the process ended.
func TestMarksAreRefutedByWatching(t *testing.T) {
	s := newClockedSim(t, stillFolders())
	boxes := s.mailboxes(t, 2)
	s.pass(time.Minute)
	cursors := map[string][]byte{}
	cycle := func(account sdk.Account) (map[string]answer, map[string]int) {
		s.pass(time.Minute)
		s.ClearCounts()
		return readThem(t, account, boxes, cursors), s.requests()
	}
	account := s.open(t, nil)
	_, _ = cycle(account)
	for i := range 3 {
		subject := fmt.Sprint("Moved ", i)
		change(t, s.box(t, boxes[1]), s.onlyItem(t, boxes[1]), func(a *world.Appointment) { a.Subject = subject })
		answers, _ := cycle(s.open(t, nil))
		if got := answers[boxes[1].Address].subjects(); !cmp.Equal(got, []string{subject}) {
			t.Fatalf("change %d brought %v", i, got)
		}
	}
	// Refuted, the marks are not even watched any more.
	if _, got := cycle(s.open(t, nil)); got["GetFolder"] != 1 || got["SyncFolderItems"] != 2 {
		t.Errorf("refuted: %v", got)
	}
}

// A6: a mailbox that stops the request for all is left out, and the others are read.
func TestOneMailboxStopsTheLook(t *testing.T) {
	s := newClockedSim(t, simtest.Config{})
	boxes := s.mailboxes(t, 5)
	account := s.open(t, nil)
	s.ticking(func() { verified(t, account, boxes[0]) })
	s.box(t, boxes[2]).SetState(world.Disabled)
	reqs := make([]sdk.ReadRequest, len(boxes))
	for i, m := range boxes {
		reqs[i] = readRequest(m, nil)
	}
	answers, err := readAll(t, account, reqs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range boxes {
		a := answers[m.Address]
		if bad := i == 2; bad != (a.err != nil) || bad == (a.complete != nil) {
			t.Errorf("%s: %v, %+v", m.Address, a.err, a.complete)
		}
	}
}

// Whatever happens, and however closely together, the changes read one after another make
// the calendar that is there: marks, SyncFolderItems, and the way from one to the other
// miss nothing.
func TestNoChangeIsMissed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// Other tests judge these messages; the schema takes long to read.
		config := simtest.Config{AllowInvalid: true}
		config.EWSStillFolders = rapid.Bool().Draw(rt, "still")
		s := newClockedSim(t, config)
		defer s.Close()
		h := &holder{s: s, m: s.mailbox(t, "Europe/London"), account: s.open(t, nil), held: map[calendar.ItemID]string{}}
		if rapid.Bool().Draw(rt, "watched") {
			h.proven(rt, t)
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			action := rapid.SampledFrom([]string{"add", "change", "change", "remove", "wait", "read", "read", "reopen"}).Draw(rt, "action")
			h.do(rt, t, action)
		}
		h.do(rt, t, "read")
	})
}

// holder holds what the reads of a mailbox brought, as the host does.
type holder struct {
	s       *clockedSim
	m       sdk.Mailbox
	account sdk.Account
	cursor  []byte
	held    map[calendar.ItemID]string
}

// proven does what proves the marks, where they move.
func (h *holder) proven(rt *rapid.T, t *testing.T) {
	h.do(rt, t, "add")
	for range 2 {
		h.s.pass(time.Minute)
		h.do(rt, t, "change")
		h.s.pass(time.Minute)
		h.do(rt, t, "read")
	}
}

func (h *holder) do(rt *rapid.T, t *testing.T, action string) {
	box := h.s.box(t, h.m)
	items := box.Items(world.Calendar)
	switch {
	case action == "add":
		add(t, box, h.m, hour(fmt.Sprint("item ", len(items)), at(3, 12, 9)))
	case action == "change" && len(items) > 0:
		subject := rapid.StringMatching("[a-z]{8}").Draw(rt, "subject")
		change(t, box, items[0].Ref, func(a *world.Appointment) { a.Subject = subject })
	case action == "remove" && len(items) > 0:
		if err := box.Delete(items[0].Ref, world.ToDeletedItems, world.Write{}); err != nil {
			t.Fatal(err)
		}
	case action == "wait":
		h.s.pass(time.Duration(rapid.SampledFrom([]int{1, 400, 1000, 20_000}).Draw(rt, "ms")) * time.Millisecond)
	case action == "reopen":
		h.account = h.s.open(t, nil)
	case action == "read":
		h.read(rt, t)
	}
}

func (h *holder) read(rt *rapid.T, t *testing.T) {
	got := read(t, h.account, h.m, h.cursor)
	h.cursor = got.complete.Cursor
	if got.complete.Full {
		clear(h.held)
	}
	for id, item := range got.items {
		h.held[id] = item.Subject
	}
	if want := h.s.subjects(t, h.m); !sameSet(h.held, want) {
		rt.Fatalf("held %v, want %v", h.held, want)
	}
}

func (s *sim) subjects(t testing.TB, m sdk.Mailbox) map[string]int {
	counts := map[string]int{}
	for _, item := range s.box(t, m).Items(world.Calendar) {
		counts[item.Subject]++
	}
	return counts
}

func sameSet(held map[calendar.ItemID]string, want map[string]int) bool {
	got := map[string]int{}
	for _, subject := range held {
		got[subject]++
	}
	return cmp.Equal(got, want)
}
