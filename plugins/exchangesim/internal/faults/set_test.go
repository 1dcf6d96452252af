package faults

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRulesRefused(t *testing.T) {
	for _, r := range []Rule{
		{},
		{Mode: "sulk"},
		{Mode: Refuse},
		{Mode: Refuse, Status: 99},
		{Mode: Lost, Status: 500},
		{Mode: Hang, Code: "x"},
		{Mode: Cut, RetryAfter: "1"},
		{Mode: Slow},
		{Mode: Lost, DelayMS: 5},
		{Mode: Hang, DelayMS: -5},
		{Mode: Claims},
		{Mode: Circle, Protocol: "ews"},
		{Mode: Lost, Times: -1},
		{Mode: Lost, Rate: 1.5},
	} {
		if _, err := New(1).Add(r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

func TestRulesMatch(t *testing.T) {
	op := Operation{Protocol: "ews", Kind: "FindItem"}
	for _, tc := range []struct {
		rule Rule
		want bool
	}{
		{Rule{Mode: Lost}, true},
		{Rule{Mode: Lost, Protocol: "EWS", Kind: "finditem", Mailbox: "BOB@x.example"}, true},
		{Rule{Mode: Lost, Mailbox: "cleo@x.example"}, false},
		{Rule{Mode: Lost, Protocol: "graph"}, false},
		{Rule{Mode: Lost, Kind: "GetItem"}, false},
	} {
		s := New(1)
		if _, err := s.Add(tc.rule); err != nil {
			t.Fatal(err)
		}
		if got := s.Take(op, "ana@x.example", "bob@x.example") != nil; got != tc.want {
			t.Errorf("%+v hits: %v", tc.rule, got)
		}
	}
}

// A rule lets Skip operations pass and then hits exactly Times of them; the set counts
// all of them.
func TestSkipAndTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		skip, times, n := rapid.IntRange(0, 5).Draw(t, "skip"), rapid.IntRange(0, 5).Draw(t, "times"), rapid.IntRange(0, 12).Draw(t, "operations")
		s := New(1)
		if _, err := s.Add(Rule{Mode: Lost, Skip: skip, Times: times}); err != nil {
			t.Fatal(err)
		}
		var got, want []bool
		for i := range n {
			got = append(got, s.Take(Operation{Kind: "x"}) != nil)
			want = append(want, i >= skip && (times == 0 || i < skip+times))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("hits (-want +got):\n%s", diff)
		}
		total := 0
		for _, c := range s.Counts() {
			total += c.Requests
		}
		if total != n {
			t.Fatalf("%d of %d operations were counted", total, n)
		}
	})
}

// The same seed hits the same operations, and some but not all of them.
func TestRate(t *testing.T) {
	hits := func(seed uint64) (all []bool) {
		s := New(seed)
		if _, err := s.Add(Rule{Mode: Lost, Rate: 0.3}); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			all = append(all, s.Take(Operation{}) != nil)
		}
		return all
	}
	first := hits(7)
	if diff := cmp.Diff(first, hits(7)); diff != "" {
		t.Errorf("the second time other operations were hit:\n%s", diff)
	}
	n := 0
	for _, hit := range first {
		if hit {
			n++
		}
	}
	if n < 200 || n > 400 {
		t.Errorf("%d of 1000 operations were hit, want about 300", n)
	}
}

func TestBackOff(t *testing.T) {
	for text, want := range map[string]int{"": 0, "2.5": 2500, "Wed, 21 Oct 2026 07:28:00 GMT": 0} {
		if got := (Rule{RetryAfter: text}).BackOffMS(); got != want {
			t.Errorf("%q: %d ms, want %d", text, got, want)
		}
	}
}

// What hits the operations of one mailbox does not depend on what else is asked for.
func TestRateOfAMailboxAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		others := rapid.SliceOfN(rapid.IntRange(0, 3), 50, 50).Draw(t, "others")
		hits := func(disturbed bool) (all []bool) {
			s := New(7)
			if _, err := s.Add(Rule{Mode: Lost, Rate: 0.5}); err != nil {
				t.Fatal(err)
			}
			for _, n := range others {
				for range n {
					if disturbed {
						s.Take(Operation{Kind: "Delta", Mailbox: "bob@x.example"})
					}
				}
				all = append(all, s.Take(Operation{Kind: "Delta", Mailbox: "ana@x.example"}) != nil)
			}
			return all
		}
		if diff := cmp.Diff(hits(false), hits(true)); diff != "" {
			t.Fatalf("other requests changed what was hit:\n%s", diff)
		}
	})
}

// Rules added one after the other make a script.
func TestScript(t *testing.T) {
	s := New(1)
	for _, r := range []Rule{{Mode: Lost, Times: 1}, {Mode: Cut, Skip: 1, Times: 2}, {Mode: Partial, Times: 1}} {
		if _, err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	var got []Mode
	for range 6 {
		var mode Mode
		if r := s.Take(Operation{Kind: "x"}); r != nil {
			mode = r.Mode
		}
		got = append(got, mode)
	}
	// The second operation is skipped by the second rule and met by the third.
	if diff := cmp.Diff([]Mode{Lost, Partial, Cut, Cut, "", ""}, got); diff != "" {
		t.Error(diff)
	}
}

// Random faults are rules that the set accepts, and hit about the share asked for.
func TestRandom(t *testing.T) {
	s := New(3)
	for _, r := range Random(0.2) {
		if _, err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	hit := map[Mode]int{}
	const n = 20_000
	for range n {
		if r := s.Take(Operation{Protocol: "graph", Kind: "Delta", Mailbox: "ana@x.example"}); r != nil {
			hit[r.Mode]++
		}
	}
	total := 0
	for _, mode := range modes {
		if hit[mode] == 0 {
			t.Errorf("mode %s never hit", mode)
		}
		total += hit[mode]
	}
	if total < n/5 || total > n/3 {
		t.Errorf("%d of %d operations were hit, want a fifth and somewhat more", total, n)
	}
}
