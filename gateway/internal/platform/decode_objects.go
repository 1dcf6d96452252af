package platform

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// knownProvider returns the zone of a provider, or reports one that is not configured.
func (d *decoder) knownProvider(name string, at pos, path string) (*time.Location, bool) {
	loc, ok := d.options.Providers[name]
	if !ok {
		if d.options.Terse {
			d.report(at, path, "it is another provider than the request's")
			return time.UTC, false
		}
		d.report(at, path, "provider %q is not in the configuration.%s", name,
			suggest(name, slices.Sorted(maps.Keys(d.options.Providers))))
		return time.UTC, false
	}
	return loc, true
}

// provider reads the object's provider: its own, else the file's.
func (o *object) provider() (string, *time.Location) {
	name := o.text("provider", maxLabel)
	n, own := o.get("provider")
	switch {
	case own:
		loc, known := o.d.knownProvider(name, n.at, n.path)
		o.bad = o.bad || !known
		return name, loc
	case o.d.provider == "":
		o.report("provider", "is missing, and the file has none for all")
		return "", time.UTC
	}
	loc, ok := o.d.options.Providers[o.d.provider]
	if !ok { // reported where the file names it
		o.bad = true
		return "", time.UTC
	}
	return o.d.provider, loc
}

func (d *decoder) course(n node) {
	o := d.open(n)
	provider, loc := o.provider()
	zone := o.zone(loc)
	c := Course{
		Provider: provider, ID: o.id("id"), Name: o.required("name", maxLabel), Alias: o.text("alias", maxLabel),
		Kind:   choice(o, "kind", KindClass, KindWebinar),
		Status: choice(o, "status", StatusProvisional, StatusConfirmed, StatusCancelled, StatusCompleted),
		Venue:  o.venue(), Details: o.link("details_url"),
		Cost: o.scalar("cost", maxLabel), CostType: o.text("cost_type", maxLabel),
		Advertise: o.flag("advertise"), Sessional: o.flag("sessional"), TaxExempt: o.flag("tax_exempt"),
		WaitingList: o.count("waiting_list"), Places: o.count("places"),
		ExternalID: o.scalar("external_id", maxLabel), DeliveryMethod: o.text("delivery_method", maxLabel),
		ExclusiveAccounts: o.texts("exclusive_accounts"), DelegateWebinar: o.webinar("delegate_webinar"),
		Version: o.version(),
	}
	c.Start, c.End, c.Wall = o.span(zone)
	c.TimeZone = zone.String()
	c.Trainers, c.Sessions = o.trainers(provider), o.sessions(zone)
	if d.once(o, "course", provider, c.ID); o.close() {
		d.coursesOf[provider] = true
		d.result.Courses = append(d.result.Courses, c)
	}
}

// trainers must be given, and may be empty: a course whose trainers the platform
// forgot to send must not look like one that nobody gives (A11).
func (o *object) trainers(provider string) []CourseTrainer {
	if _, given := o.get("trainers"); !given {
		o.report("trainers", "is missing; a course without trainers has an empty list")
		return nil
	}
	all := []CourseTrainer{}
	for _, n := range o.list("trainers") {
		part := o.d.open(n)
		t := CourseTrainer{ID: part.trainer("id", provider).Label, Role: part.text("role", maxLabel), Webinar: part.webinar("webinar")}
		if slices.ContainsFunc(all, func(other CourseTrainer) bool { return other.ID == t.ID && t.ID != "" }) {
			part.report("id", "trainer %s is on the course twice", o.d.said(t.ID))
		}
		o.bad = !part.close() || o.bad
		all = append(all, t)
	}
	return all
}

// trainer reads a trainer's label, or "provider/label" of the object's provider. It
// need not have a mapping (map-10).
func (o *object) trainer(field, provider string) TrainerID {
	if label := o.named(field, provider); label != "" {
		return TrainerID{Provider: provider, Label: label}
	}
	s := o.id(field)
	if s == "" {
		return TrainerID{}
	}
	if !strings.Contains(s, "/") {
		return TrainerID{Provider: provider, Label: s}
	}
	id, err := ParseTrainerID(s)
	switch {
	case err != nil:
		o.report(field, "trainer %s: want provider/trainer, for example northwind/ana", o.d.said(s))
	case id.Provider != provider && provider != "":
		o.report(field, "the trainer is of another provider than %s", provider)
	}
	return id
}

func (o *object) sessions(zone *time.Location) []Session {
	var all []Session
	for _, n := range o.list("sessions") {
		part := o.d.open(n)
		s := Session{ID: part.id("id")}
		s.Start, s.End, s.Wall = part.span(zone)
		if slices.ContainsFunc(all, func(other Session) bool { return other.ID == s.ID && s.ID != "" }) {
			part.report("id", "session %s is there twice", o.d.said(s.ID))
		}
		o.bad = !part.close() || o.bad
		all = append(all, s)
	}
	return all
}

// venue is nil when nothing is said of it.
func (o *object) venue() *Venue {
	part := o.nested("venue")
	if part == nil {
		return nil
	}
	v := Venue{
		Name: part.text("name", maxLabel), Address: part.text("address", maxLabel),
		Phone: part.text("phone", maxLabel), Email: part.text("email", maxLabel),
	}
	o.bad = !part.close() || o.bad
	if v == (Venue{}) {
		return nil
	}
	return &v
}

// webinar is nil when nothing is said of it.
func (o *object) webinar(field string) *Webinar {
	part := o.nested(field)
	if part == nil {
		return nil
	}
	w := Webinar{
		URL: part.link("url"), MeetingID: part.scalar("meeting_id", maxLabel), Passcode: part.scalar("passcode", maxLabel),
		DialIn: part.scalar("dial_in", maxLabel), Notes: part.text("notes", maxText),
	}
	o.bad = !part.close() || o.bad
	if w == (Webinar{}) {
		return nil
	}
	return &w
}

func (o *object) texts(field string) []string {
	var all []string
	for _, n := range o.list(field) {
		s, ok := n.value.(string)
		if !ok || len(s) > maxLabel {
			o.report(field, "want a list of texts")
			break
		}
		all = append(all, s)
	}
	return all
}

// link reads the address of a page on the web.
func (o *object) link(field string) string {
	s := o.text(field, maxLabel)
	if s == "" {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		o.report(field, "want an address such as https://platform.example/courses/4711")
		return ""
	}
	return s
}

func (d *decoder) unavailable(n node) {
	o := d.open(n)
	for _, field := range []string{"origin", "busy", "stale_since"} {
		if _, given := o.get(field); given {
			o.report(field, "is read-only: leave it out")
		}
	}
	provider, loc := o.trainersProvider()
	zone := o.zone(loc)
	u := Unavailability{
		ID: o.id("id"), Trainer: o.trainer("trainer", provider), Description: o.text("description", maxText),
		Origin: OriginPlatform, Version: o.version(), When: calendar.When{TimeZone: zone.String()},
	}
	if u.When.AllDay = o.flag("all_day"); u.When.AllDay {
		u.When.FirstDay, u.When.EndDay = o.days()
	} else {
		u.When.Start, u.When.End, u.Wall = o.span(zone)
	}
	if d.once(o, "unavailability", provider, u.ID); o.close() {
		d.unavailabilityOf[provider] = true
		d.result.Unavailability = append(d.result.Unavailability, u)
	}
}

// trainersProvider is the provider that "trainer" names, else the object's.
func (o *object) trainersProvider() (string, *time.Location) {
	n, _ := o.get("trainer")
	_, own := o.get("provider")
	s, _ := n.value.(string)
	id, err := ParseTrainerID(s)
	if own || err != nil {
		return o.provider()
	}
	loc, known := o.d.knownProvider(id.Provider, n.at, n.path)
	o.bad = o.bad || !known
	return id.Provider, loc
}
