package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// A checker that cannot fail proves nothing: each test plants one fault in what is right
// and asks for exactly that to be found.

// found fails unless there is one difference for each part, which contains it.
func found(t *testing.T, wrong []string, parts ...string) {
	t.Helper()
	if len(wrong) != len(parts) {
		t.Fatalf("found %q, want %d differences: %q", wrong, len(parts), parts)
	}
	for i, part := range parts {
		if !strings.Contains(wrong[i], part) {
			t.Errorf("found %q, want it to tell of %q", wrong[i], part)
		}
	}
}

var ten = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func item(subject string, at time.Time, written bool) world.Item {
	i := world.Item{Appointment: world.Appointment{Subject: subject, Start: at, End: at.Add(time.Hour), ShowAs: world.Busy, Sensitivity: world.Normal}}
	if written {
		i.Properties = map[world.Property]string{{Name: "marker"}: "ours"}
	}
	return i
}

func testCourse(id, status string, trainers ...string) course {
	c := course{ID: id, Name: "Load " + id + " state 1", Status: status, Start: "2026-12-01T11:00:00+01:00", End: "2026-12-01T12:00:00+01:00", Version: "1"}
	for _, t := range trainers {
		c.Trainers = append(c.Trainers, assigned{t})
	}
	return c
}

func TestCheckObject(t *testing.T) {
	one := testCourse("C-1-1", "confirmed", "t1")
	two := one
	two.Version = "2"
	found(t, checkObject("x", text(one), text(one)))
	found(t, checkObject("x", "", ""))
	found(t, checkObject("lost", text(one), ""), "GET lost returns none")
	found(t, checkObject("ghost", "", text(one)), "accepted was none")
	found(t, checkObject("older", text(two), text(one)), `"version":"1"`)
}

// The same object is the same however its times and its trainer are written; everything
// else tells objects apart.
func TestCanonical(t *testing.T) {
	b := block{ID: "U-1-1", Trainer: "t1", Description: "Block", Start: "2026-07-01T10:00:00+01:00", End: "2026-07-01T11:00:00+01:00", TimeZone: homeZone, Version: "3"}
	answered, err := decode(kindBlock, []byte(`{"provider": "northwind", "id": "U-1-1", "trainer": "northwind/t1", "description": "Block", "origin": "platform",
		"start": "2026-07-01T09:00:00Z", "end": "2026-07-01T10:00:00Z", "timezone": "Europe/London", "version": "3", "busy": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.canonical(), text(answered)); diff != "" {
		t.Error(diff)
	}
	for name, change := range map[string]func(*block){
		"start": func(b *block) { b.Start = "2026-07-01T10:00:01+01:00" }, "trainer": func(b *block) { b.Trainer = "t2" },
		"description": func(b *block) { b.Description += "!" }, "version": func(b *block) { b.Version = "4" }, "days": func(b *block) { b.AllDay = true },
	} {
		other := b
		if change(&other); other.canonical() == b.canonical() {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

func TestCheckCalendar(t *testing.T) {
	want := wantedIn([]object{testCourse("C-1-1", "confirmed", "t1", "t2"), testCourse("C-1-2", cancelled, "t1")})
	first, second := item("Training: Load C-1-1 state 1", ten, true), item("Cancelled: Training: Load C-1-2 state 1", ten, true)
	second.ShowAs = world.Free
	own := item("Dentist", ten, false)
	found(t, checkCalendar("t1", want["t1"], []world.Item{second, own, first}))
	found(t, checkCalendar("t2", want["t2"], []world.Item{first}))
	found(t, checkCalendar("t3", want["t3"], []world.Item{own}))

	later := first
	later.Start = later.Start.Add(time.Minute)
	busy := second
	busy.ShowAs = world.Busy
	foreign := first
	foreign.Properties = nil
	for name, c := range map[string]struct {
		items []world.Item
		want  []string
	}{
		"lost":          {[]world.Item{second}, []string{"lacks 1"}},
		"twice":         {[]world.Item{first, second, first}, []string{"has 1"}},
		"left over":     {[]world.Item{first, second, item("Training: Load C-9-9 state 1", ten, true)}, []string{"has 1"}},
		"another time":  {[]world.Item{later, second}, []string{"lacks 1", "has 1"}},
		"shown as busy": {[]world.Item{first, busy}, []string{"has 1", "lacks 1"}},
		"not marked":    {[]world.Item{foreign, second}, []string{"lacks 1"}},
	} {
		t.Run(name, func(t *testing.T) { found(t, checkCalendar("t1", want["t1"], c.items), c.want...) })
	}
}

func TestBlocks(t *testing.T) {
	free, hidden := item("Lunch", ten, false), item("Interview", ten, false)
	free.ShowAs, hidden.Sensitivity = world.Free, world.Private
	items := []world.Item{item("Dentist", ten, false), free, hidden, item("Training: Load C-1-1 state 1", ten, true)}
	told := func(description string) string {
		return block{Trainer: "northwind/t1", Description: description, Start: "2026-12-01T10:00:00Z", End: "2026-12-01T11:00:00Z"}.told()
	}
	blocked := blockedBy("t1", items)
	found(t, checkSets("list", blocked, []string{told("Unavailable"), told("Dentist")}))
	found(t, checkSets("list", blocked, []string{told("Dentist")}), "lacks 1")
	found(t, checkSets("list", blocked, []string{told("Interview"), told("Dentist")}), "has 1", "lacks 1")
	found(t, checkSets("list", blocked, []string{told("Unavailable"), told("Dentist"), told("Lunch")}), "has 1")
}

func TestTwins(t *testing.T) {
	one, two := item("Training: Load C-1-1 state 1", ten, true), item("Cancelled: Training: Load C-1-1 state 2", ten.Add(time.Hour), true)
	found(t, twins("t1", []world.Item{one, item("Training: Load C-1-12 state 1", ten, true), item("Load C-1-1", ten, false)}))
	found(t, twins("t1", []world.Item{one, two, one}), "two items of C-1-1")
}

// history is a feed in which one unavailability is made, changed and removed, and
// another one made.
func history() []entry {
	is := func(id string) *block {
		return &block{ID: id, Trainer: "northwind/t1", Description: id, Start: "2026-12-01T10:00:00Z", End: "2026-12-01T11:00:00Z"}
	}
	return []entry{
		{Position: 1, Op: "create", Trainer: "t1", ID: "a", Version: 1},
		{Position: 2, Op: "create", Trainer: "t1", ID: "b", Version: 2, Is: is("b")},
		{Position: 5, Op: "update", Trainer: "t1", ID: "a", Version: 5},
		{Position: 6, Op: "remove", Trainer: "t1", ID: "a", Version: 6},
		{Position: 7, Op: "update", Trainer: "t1", ID: "b", Version: 7, Is: is("b")},
	}
}

func TestCheckFeed(t *testing.T) {
	found(t, checkFeed(history()))
	for name, c := range map[string]struct {
		change func(h []entry) []entry
		want   []string
	}{
		"a position twice":     {func(h []entry) []entry { h[2].Position = 2; return h }, []string{"from position 2 to 2"}},
		"positions go back":    {func(h []entry) []entry { h[3].Position = 4; return h }, []string{"from position 5 to 4"}},
		"created twice":        {func(h []entry) []entry { h[2].Op = "create"; return h }, []string{"create of t1 a"}},
		"updated before":       {func(h []entry) []entry { return h[1:] }, []string{"update of t1 a"}},
		"removed twice":        {func(h []entry) []entry { h[4].ID, h[4].Op = "a", "remove"; return h }, []string{"remove of t1 a"}},
		"an unknown operation": {func(h []entry) []entry { h[4].Op = "move"; return h }, []string{"move of t1 b"}},
	} {
		t.Run(name, func(t *testing.T) { found(t, checkFeed(c.change(history())), c.want...) })
	}
}

func TestCheckFollowed(t *testing.T) {
	found(t, checkFollowed(history(), history()))
	found(t, checkFollowed(history()[:3], history()), "missed the change at 6 and 1 after it")
	found(t, checkFollowed(append(history()[:2:2], history()[3:]...), history()), "read 6 remove t1 a where the feed has 5 update")
	found(t, checkFollowed(history(), history()[:4]), "in the feed no more")
	changed := history()
	changed[1].Op = "update"
	found(t, checkFollowed(changed, history()), "read 2 update t1 b where the feed has 2 create t1 b")
}

func TestReplay(t *testing.T) {
	list := []block{*history()[1].Is}
	for name, c := range map[string]struct{ known, changes []entry }{
		"from the beginning":            {nil, history()},
		"from a snapshot":               {history()[1:2], history()[2:]},
		"a change that comes twice":     {history()[:1], history()},
		"a snapshot newer than changes": {[]entry{{Trainer: "t1", ID: "b", Version: 7, Is: history()[4].Is}}, history()},
	} {
		t.Run(name, func(t *testing.T) {
			known, wrong := replay(c.known, c.changes)
			found(t, wrong)
			found(t, checkReplayed(name, known, list))
		})
	}
}

func TestReplayFinds(t *testing.T) {
	list := []block{*history()[1].Is}
	known, wrong := replay(nil, history()[:3])
	found(t, wrong, "the last change of t1 a, at 5, is update")
	found(t, checkReplayed("a", known, list))
	known, _ = replay(nil, history())
	found(t, checkReplayed("the replay", known, nil), "has 1")
	found(t, checkReplayed("the replay", nil, list), "lacks 1")
	list[0].End = "2026-12-01T12:00:00Z"
	found(t, checkReplayed("the replay", known, list), "has 1", "lacks 1")
}

func TestBulkAnswered(t *testing.T) {
	const right = `{"lines":3,"created":1,"updated":0,"unchanged":0,"deleted":1,"missing":0,"errors":[{"line":2}]}`
	ok := func(status int, body string, unsure bool) bool {
		return bulkAnswered(answer{status: status, body: []byte(body), unsure: unsure}, 3, []int{2}) == nil
	}
	if !ok(200, right, false) {
		t.Error("the right answer is refused")
	}
	repeated := strings.ReplaceAll(right, `"created":1,"updated":0,"unchanged":0`, `"created":0,"updated":0,"unchanged":1`)
	if ok(200, repeated, false) || !ok(200, repeated, true) {
		t.Error("unchanged is right for a repetition alone")
	}
	for _, change := range [][2]string{{`"lines":3`, `"lines":2`}, {`"created":1`, `"created":0`}, {`"line":2`, `"line":1`}, {`[{"line":2}]`, `[]`}, {`}]}`, ``}} {
		if ok(200, strings.Replace(right, change[0], change[1], 1), true) {
			t.Errorf("with %s it is taken", change[1])
		}
	}
	if ok(500, right, true) {
		t.Error("an error is taken")
	}
}

func TestQuantile(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i))
	}
	got := []time.Duration{quantile(nil, 0.5), quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)}
	if diff := cmp.Diff([]time.Duration{0, 51, 100, 100}, got); diff != "" {
		t.Error(diff)
	}
}
