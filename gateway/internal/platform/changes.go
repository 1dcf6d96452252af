package platform

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// courseField is a field of a course that can be a trigger.
type courseField struct {
	name string
	// trigger: it is in the default set (push-7).
	trigger bool
	same    func(a, b *Course) bool
}

// fieldSessions is the name of the field of a course's sessions.
const fieldSessions = "sessions"

// courseFields are the fields of a course by their JSON names, in the order of the
// platform's object. "webinar" is a trainer's webinar on the course.
var courseFields = []courseField{
	{"name", true, func(a, b *Course) bool { return a.Name == b.Name }},
	{"alias", true, func(a, b *Course) bool { return a.Alias == b.Alias }},
	{"kind", false, func(a, b *Course) bool { return a.Kind == b.Kind }},
	{"status", true, func(a, b *Course) bool { return a.Status == b.Status }},
	{"start", true, func(a, b *Course) bool { return a.Start.Equal(b.Start) }},
	{"end", true, func(a, b *Course) bool { return a.End.Equal(b.End) }},
	{"timezone", false, sameZone},
	{"trainers", true, sameTrainers},
	{"webinar", false, sameWebinars},
	{fieldSessions, false, sameSessions},
	{"venue", false, func(a, b *Course) bool { return equal(a.Venue, b.Venue) }},
	{"details_url", false, func(a, b *Course) bool { return a.Details == b.Details }},
	{"cost", true, func(a, b *Course) bool { return a.Cost == b.Cost }},
	{"cost_type", true, func(a, b *Course) bool { return a.CostType == b.CostType }},
	{"advertise", true, func(a, b *Course) bool { return a.Advertise == b.Advertise }},
	{"sessional", true, func(a, b *Course) bool { return a.Sessional == b.Sessional }},
	{"tax_exempt", true, func(a, b *Course) bool { return a.TaxExempt == b.TaxExempt }},
	{"waiting_list", true, func(a, b *Course) bool { return equal(a.WaitingList, b.WaitingList) }},
	{"places", true, func(a, b *Course) bool { return equal(a.Places, b.Places) }},
	{"external_id", false, func(a, b *Course) bool { return a.ExternalID == b.ExternalID }},
	{"delivery_method", false, func(a, b *Course) bool { return a.DeliveryMethod == b.DeliveryMethod }},
	{"exclusive_accounts", false, func(a, b *Course) bool {
		return slices.Equal(slices.Sorted(slices.Values(a.ExclusiveAccounts)), slices.Sorted(slices.Values(b.ExclusiveAccounts)))
	}},
	{"delegate_webinar", false, func(a, b *Course) bool { return equal(a.DelegateWebinar, b.DelegateWebinar) }},
}

// CourseFields returns the names of the fields that repush_on may list.
func CourseFields() []string {
	names := make([]string, len(courseFields))
	for i, f := range courseFields {
		names[i] = f.name
	}
	return names
}

// DefaultTriggers returns the names of the fields whose change is sent at once when
// the configuration does not say otherwise (push-7).
func DefaultTriggers() []string {
	var names []string
	for _, f := range courseFields {
		if f.trigger {
			names = append(names, f.name)
		}
	}
	return names
}

// SplitTriggers returns the triggers where each session has an appointment of its own:
// the times of sessions are then triggers too (push-2). repushOn is as in [Triggers].
func SplitTriggers(repushOn []string) []string {
	if repushOn == nil {
		repushOn = DefaultTriggers()
	}
	if slices.Contains(repushOn, fieldSessions) {
		return repushOn
	}
	return append(slices.Clone(repushOn), fieldSessions)
}

// ChangedCourseFields returns the names of the fields in which two states of a
// course differ. The order of trainers, sessions and accounts is no difference.
func ChangedCourseFields(a, b Course) []string {
	var names []string
	for _, f := range courseFields {
		if !f.same(&a, &b) {
			names = append(names, f.name)
		}
	}
	return names
}

// Triggers reports whether a change of these fields is to be sent at once.
// repushOn is the configured set; nil means the default one.
func Triggers(changed, repushOn []string) bool {
	if repushOn == nil {
		repushOn = DefaultTriggers()
	}
	return slices.ContainsFunc(changed, func(f string) bool { return slices.Contains(repushOn, f) })
}

// SameUnavailability reports whether two states of an unavailability are the same
// in everything that is pushed. Each of its fields is a trigger (push-7), also the
// zone that a server shows it in.
func SameUnavailability(a, b Unavailability) bool {
	return a.Trainer == b.Trainer && a.Description == b.Description &&
		a.When.SameTime(b.When) && a.When.TimeZone == b.When.TimeZone
}

// sameZone reports whether two states of a course are planned by the same clocks: in the
// same zone, and its times, and those of sessions that both have, as local times or not.
func sameZone(a, b *Course) bool {
	for _, x := range a.Sessions {
		for _, y := range b.Sessions {
			if x.ID == y.ID && !equal(x.Wall, y.Wall) {
				return false
			}
		}
	}
	return a.TimeZone == b.TimeZone && equal(a.Wall, b.Wall)
}

// SameWall reports whether two states of an unavailability are planned by the same clocks.
// That is stored, and is no trigger.
func SameWall(a, b Unavailability) bool { return equal(a.Wall, b.Wall) }

func sameTrainers(a, b *Course) bool {
	return slices.EqualFunc(trainersByID(a), trainersByID(b), func(x, y CourseTrainer) bool {
		return x.ID == y.ID && x.Role == y.Role
	})
}

// sameWebinars compares the webinars of trainers who are on both courses: that a
// trainer came or went is a change of trainers.
func sameWebinars(a, b *Course) bool {
	for _, x := range a.Trainers {
		for _, y := range b.Trainers {
			if x.ID == y.ID && !equal(x.Webinar, y.Webinar) {
				return false
			}
		}
	}
	return true
}

func trainersByID(c *Course) []CourseTrainer {
	return slices.SortedFunc(slices.Values(c.Trainers), func(x, y CourseTrainer) int { return cmp.Compare(x.ID, y.ID) })
}

func sameSessions(a, b *Course) bool {
	return slices.EqualFunc(sessionsByID(a), sessionsByID(b), func(x, y Session) bool {
		return x.ID == y.ID && x.Start.Equal(y.Start) && x.End.Equal(y.End)
	})
}

func sessionsByID(c *Course) []Session {
	return slices.SortedFunc(slices.Values(c.Sessions), func(x, y Session) int { return cmp.Compare(x.ID, y.ID) })
}

// equal compares what two pointers point at; nil equals nil alone.
func equal[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// OlderVersion reports whether the platform's version a is older than b. Versions
// are integers or RFC 3339 timestamps; a missing one, or one of another sort than
// the other, is not older.
func OlderVersion(a, b string) bool {
	order, comparable := compareVersions(a, b)
	return comparable && order < 0
}

// NotNewerVersion reports whether a is older than b or the same; as in [OlderVersion], a
// missing one and one of another sort are not.
func NotNewerVersion(a, b string) bool {
	order, comparable := compareVersions(a, b)
	return comparable && order <= 0
}

func compareVersions(a, b string) (order int, comparable bool) {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y), true
	}
	t, errT := time.Parse(time.RFC3339, a)
	u, errU := time.Parse(time.RFC3339, b)
	return t.Compare(u), errT == nil && errU == nil
}
