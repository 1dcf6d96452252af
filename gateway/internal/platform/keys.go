package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// MaxIDBytes is the longest id of a course, an unavailability or a session.
const MaxIDBytes = 128

// MaxNameBytes is the longest name of an installation, a provider or a trainer: all
// three are in every marker, beside the id.
const MaxNameBytes = 40

// maxKeyID is how many bytes of a marker an id may take: a marker has 255 in all.
const maxKeyID = 72

// CourseKey names the appointment of a course in a trainer's calendar, for example
// "northwind/ana/course/4711".
func CourseKey(t TrainerID, id string) string { return t.String() + "/course/" + keyID(id) }

// SessionKey names the appointment of one session of a course, for example
// "northwind/ana/session/4711/2"; the ids are percent-escaped, so that no two sessions
// share a key.
func SessionKey(t TrainerID, course, session string) string {
	return t.String() + "/session/" + keyID(url.PathEscape(course)+"/"+url.PathEscape(session))
}

// UnavailabilityKey names the appointment of an unavailability made on the
// platform, for example "northwind/ana/unavailability/17".
func UnavailabilityKey(t TrainerID, id string) string {
	return t.String() + "/unavailability/" + keyID(id)
}

// keyID is the id itself, or a digest of one that would not fit into a marker,
// where it is percent-escaped.
func keyID(id string) string {
	if len(url.PathEscape(id)) <= maxKeyID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256-" + hex.EncodeToString(sum[:])[:maxKeyID-len("sha256-")-1]
}
