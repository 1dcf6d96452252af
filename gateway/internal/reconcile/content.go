package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// sameContent reports whether two appointments say the same, as far as the gateway
// cares. Servers trim and re-wrap text, so white space at the edges and the ends of
// lines does not count (C5); neither does the name of the zone.
func sameContent(a, b calendar.Appointment) bool {
	return sameText(a.Subject, b.Subject) && sameText(a.Location, b.Location) && sameText(a.Body, b.Body) &&
		a.When.SameTime(b.When) && a.ShowAs == b.ShowAs && a.Sensitivity == b.Sensitivity
}

// sameRendering is sameContent for two renderings of ours, where the zone's name
// counts: a course moved to another zone is another appointment.
func sameRendering(a, b calendar.Appointment) bool {
	return sameContent(a, b) && a.When.TimeZone == b.When.TimeZone
}

func sameText(a, b string) bool { return a == b || canonicalText(a) == canonicalText(b) }

// canonicalText drops the white space that servers are known to change.
func canonicalText(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ").Replace(s)
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// Unavailable is the description of a pulled block of time without text (pull-3).
const Unavailable = "Unavailable"

// describe is what the platform shows for an item of the trainer's own: subject,
// then the body on a new line (pull-1); a private item is a block of time (pull-3).
// How much of it crosses is the operator's choice (pull-8).
func describe(item *calendar.Item, detail string) string {
	if item.Sensitivity.Private() || detail == DetailBusy {
		return Unavailable
	}
	subject := strings.TrimSpace(item.Subject)
	if subject == "" {
		subject = Unavailable
	}
	if body := strings.TrimSpace(item.Body); body != "" && detail != DetailSubject {
		return subject + "\n" + body
	}
	return subject
}

// UnavailabilityID is the stable id of the unavailability that an item of the trainer's
// becomes when it is pulled. Trainer is "provider/label".
func UnavailabilityID(trainer string, id calendar.ItemID) string {
	sum := sha256.Sum256([]byte(trainer + "\x00" + string(id)))
	return "cal-" + hex.EncodeToString(sum[:12])
}
