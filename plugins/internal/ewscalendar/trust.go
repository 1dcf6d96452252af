package ewscalendar

import (
	"sync"

	"github.com/trainercal/trainercal/plugins/internal/ews"
)

// verdict is whether the marks of calendar folders can be relied on: whether a mark that
// stays the same proves that nothing changed.
type verdict int

const (
	// unknown: every mailbox is asked by SyncFolderItems, and marks are watched.
	unknown verdict = iota
	// proven: a change that is hardest to see, of an item that was there before, moved
	// the mark.
	proven
	// refuted: a change was seen that did not move the mark.
	refuted
)

// trust is what is known of a server's marks, by the version that it reports. No document
// promises that they move with every change, so they are tried out: by Verify, with its
// test appointment, and until then by reads, which see changes happen anyway. What was
// found out travels in the cursors too, and so outlives the process.
type trust struct {
	mu sync.Mutex
	of map[string]verdict
}

func newTrust() *trust { return &trust{of: map[string]verdict{}} }

// in returns the verdict on a server of that version.
func (t *trust) in(version string) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[version]
}

// decide replaces the verdict: an experiment was made.
func (t *trust) decide(version string, v verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[version] = v
}

// learn takes a verdict in. A mark that once missed a change is not relied on again,
// whatever else is seen, until an experiment decides.
func (t *trust) learn(version string, v verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v != unknown && t.of[version] != refuted {
		t.of[version] = v
	}
}

// remember takes in what cursors tell of a server of that version, if it is all news. One
// that speaks against the marks counts more than all that speak for them.
func (t *trust) remember(version string, cursors []cursor) {
	if t.in(version) != unknown {
		return
	}
	known := unknown
	for _, c := range cursors {
		switch version {
		case c.Refuted:
			known = refuted
		case c.Proven:
			known = max(known, proven)
		}
	}
	t.learn(version, known)
}

// sign puts the verdict into a cursor.
func (t *trust) sign(c *cursor, version string) {
	switch t.in(version) {
	case proven:
		c.Proven = version
	case refuted:
		c.Refuted = version
	}
}

// observed is what two looks at a calendar say of its marks: one that the cursor keeps,
// and one with the mark now, between which SyncFolderItems tells of changes. Only exact
// looks say something. An item that was changed is the hardest to see, as nothing is
// counted; so that alone proves anything, and only where nothing else happened.
func observed(before cursor, now ews.Mark, exact bool, changes ews.Changes) verdict {
	if !exact || !before.Exact || !before.Settled || !changes.Any() {
		return unknown
	}
	switch {
	case now == before.Mark:
		return refuted
	case changes.Created > 0 || changes.Deleted > 0, now.Deleted != before.Mark.Deleted, now.Total != before.Mark.Total:
		// What was made and deleted in between is in the counts alone.
		return unknown
	}
	return proven
}
