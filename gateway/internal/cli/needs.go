package cli

import (
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

// needsShown is how many needs the screen has room for.
const needsShown = 10

// toldBelow are needs whose advice is given with the account or the trainer, in full.
var toldBelow = []app.NeedKind{app.NeedAccount, app.NeedFailing, app.NeedVerification}

// verdict is the first line: whether all is well, and what is not.
func (s *statusPage) verdict(needs []app.Need) {
	switch len(needs) {
	case 0:
		s.out.printf("all is well\n")
	case 1:
		s.out.printf("1 thing needs you\n")
	default:
		s.out.printf("%d things need you\n", len(needs))
	}
	for _, n := range needs[:min(len(needs), needsShown)] {
		s.out.printf("  %s", n.Text)
		if !n.Since.IsZero() {
			s.out.printf(", for %s", ago(s.now.Sub(n.Since)))
		}
		s.out.printf("\n")
		if !slices.Contains(toldBelow, n.Kind) {
			s.out.printf("    what to do: %s\n", n.Advice)
		}
	}
	if more := len(needs) - needsShown; more > 0 {
		s.out.printf("  and %d more: gateway status --json has all\n", more)
	}
	s.out.printf("\n")
}

// state tells of the queue, the feed, the disk, the certificate and the upkeep.
func (s *statusPage) state(o app.Overview) {
	if o.Queue.Waiting > 0 {
		s.out.printf("%s due, the first for %s; ", plural(o.Queue.Waiting, "trainer"), ago(s.now.Sub(o.Queue.Since)))
	} else {
		s.out.printf("nobody waits; ")
	}
	s.out.printf("the feed is at %d\n", o.Feed)
	if o.Disk != nil {
		s.out.printf("the state takes %s, and %s are free on its disk", size(o.Disk.Size), size(o.Disk.Free))
		if at := o.Upkeep.Checked; !at.IsZero() {
			s.out.printf("; it was checked %s ago", ago(s.now.Sub(at)))
		}
		s.out.printf("\n")
	}
	if b := o.Upkeep.Backup; b != nil {
		s.out.printf("the last backup was made %s ago, %s\n", ago(s.now.Sub(b.At)), b.File)
	} else {
		s.out.printf("no backup is known: gateway backup FILE makes one\n")
	}
	if c := o.Certificate; c != nil && !c.Ends.IsZero() {
		s.out.printf("the API's certificate ends on %s\n", c.Ends.UTC().Format(time.DateOnly))
	}
}

// needJSON is one thing that needs an operator.
type needJSON struct {
	Kind app.NeedKind `json:"kind"`
	// About is the account, the webhook or the file; absent for the gateway as a whole.
	About string `json:"about,omitempty"`
	// Trainers are those concerned, as "provider/label".
	Trainers []string `json:"trainers,omitempty"`
	// Since is when it began, as far as that is known.
	Since *time.Time `json:"since,omitempty"`
	// Text says what is the matter, Advice what to do.
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

func needsOf(needs []app.Need) []needJSON {
	out := []needJSON{}
	for _, n := range needs {
		out = append(out, needJSON{n.Kind, n.About, n.Trainers, instant(n.Since), n.Text, n.Advice})
	}
	return out
}

// upkeepJSON is when the state was last looked after, as far as that was noted.
type upkeepJSON struct {
	// Checked is when a serve last read through the whole state.
	Checked *time.Time `json:"checked,omitempty"`
	// Backup is the last one that was made with gateway backup.
	Backup *app.BackupNote `json:"backup,omitempty"`
}

// queueJSON is who waits to be worked on.
type queueJSON struct {
	// Waiting counts trainers that are due and not worked on; Since is when the first of
	// them became so.
	Waiting int        `json:"waiting"`
	Since   *time.Time `json:"since" jsonschema:"nullable"`
}

// diskJSON is the disk of the state.
type diskJSON struct {
	// Path is the state's file, Size what it takes, and Free what may still be written.
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Free     int64  `json:"free"`
	Writable bool   `json:"writable"`
}

// watchJSON says whether a calendar is watched; one that is not is read at the interval.
type watchJSON struct {
	Watched bool `json:"watched"`
	// Reason says why not, with its code, where there is one, and since when.
	Reason string     `json:"reason,omitempty"`
	Code   string     `json:"code,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
}

func diskOf(d *app.Disk) *diskJSON {
	if d == nil {
		return nil
	}
	return &diskJSON{d.Path, d.Size, d.Free, d.Writable}
}

func watchOf(w *app.Watch) *watchJSON {
	if w == nil {
		return nil
	}
	return &watchJSON{w.Watched, w.Reason, w.Code, instant(w.Since)}
}
