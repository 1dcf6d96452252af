package platform

import "time"

// Wall is what the clocks of a zone show when something starts and ends, for times that
// the platform gave without an offset; both are in UTC, for want of a zone. Such times
// stay what clocks show when the rules of the zone are changed (D8). It is nil for times
// with an offset, which are instants whatever becomes of the zone.
type Wall struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// at are the instants by the rules of a zone as they are now.
func (w *Wall) at(zone *time.Location) (start, end time.Time) {
	return AtLocal(w.Start, zone).UTC(), AtLocal(w.End, zone).UTC()
}

// Retimed returns the course at its local times by the rules that its zone has now, and
// whether that is another time than before.
func (c Course) Retimed() (Course, bool) {
	zone, err := LoadZone(c.TimeZone)
	if err != nil {
		return c, false // the zone is known no more: what is known of the times stays
	}
	was := c
	if c.Wall != nil {
		c.Start, c.End = c.Wall.at(zone)
	}
	c.Sessions = append([]Session(nil), c.Sessions...)
	for i := range c.Sessions {
		if s := &c.Sessions[i]; s.Wall != nil {
			s.Start, s.End = s.Wall.at(zone)
		}
	}
	return c, len(ChangedCourseFields(was, c)) > 0
}

// Retimed does the same with an unavailability.
func (u Unavailability) Retimed() (Unavailability, bool) {
	zone, err := LoadZone(u.When.TimeZone)
	if err != nil || u.Wall == nil {
		return u, false
	}
	was := u
	u.When.Start, u.When.End = u.Wall.at(zone)
	return u, !SameUnavailability(was, u)
}
