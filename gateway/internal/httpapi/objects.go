package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// ObjectPath names an object in an address.
type ObjectPath struct {
	Provider string `path:"provider" doc:"The provider." example:"northwind"`
	ID       string `path:"id" doc:"The object's id." example:"4711" maxLength:"128"`
}

// Conditions are those of RFC 9110, section 13.1.
type Conditions struct {
	IfMatch     string `header:"If-Match" doc:"Only if this is the ETag of what is stored; * for whatever is stored."`
	IfNoneMatch string `header:"If-None-Match" doc:"* makes a new object and changes none."`
}

// apply puts the conditions into a change.
func (c Conditions) apply(change *store.Change) error {
	etag, err := etagOf(c.IfMatch, "header.If-Match")
	if err != nil {
		return err
	}
	change.IfETag = etag
	switch {
	case c.IfNoneMatch == "":
	case c.IfNoneMatch != "*":
		return problem(http.StatusUnprocessableEntity, "A write takes If-None-Match: * alone.").add("header.If-None-Match", "want *")
	default:
		change.IfNone = true
	}
	return nil
}

// etagOf reads one strong ETag, or *; empty for none. A weak one matches nothing.
func etagOf(header, location string) (string, error) {
	header = strings.TrimSpace(header)
	if header == "" || header == "*" {
		return header, nil
	}
	if len(header) > 2 && header[0] == '"' && strings.IndexByte(header[1:], '"') == len(header)-2 {
		return header[1 : len(header)-1], nil
	}
	if strings.HasPrefix(header, `W/"`) {
		return "", problem(http.StatusPreconditionFailed, "A weak ETag is never the one of a stored object.").add(location, "want a strong ETag")
	}
	return "", problem(http.StatusUnprocessableEntity, "Want one ETag in double quotes, or *.").add(location, "is no ETag")
}

func quoted(etag string) string {
	if etag == "" {
		return ""
	}
	return `"` + etag + `"`
}

// Incoming hands a request's body to the handler as it comes.
type Incoming struct{ reader io.Reader }

// Resolve implements [huma.Resolver].
func (b *Incoming) Resolve(ctx huma.Context) []error {
	b.reader = ctx.BodyReader()
	return nil
}

// object reads the body of one object.
func (b *Incoming) object() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(b.reader, platform.MaxObjectBytes+1))
	if err != nil {
		return nil, problem(http.StatusBadRequest, "The request's body ended before it was whole.")
	}
	if len(data) > platform.MaxObjectBytes {
		return nil, problem(http.StatusRequestEntityTooLarge, "An object has at most %d KiB.", platform.MaxObjectBytes>>10)
	}
	return data, nil
}

// Written says what a write did.
type Written struct {
	Result    string   `json:"result" enum:"created,updated,unchanged" doc:"What became of the object." example:"updated"`
	Triggered bool     `json:"triggered" doc:"Whether calendars are written to because of it, from now on."`
	Unmapped  []string `json:"unmapped,omitempty" nullable:"false" doc:"Trainers of the course that have no active mapping: it is kept, and pushed when they get one."`
}

type writtenOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Of the object as it is stored now."`
	Body   Written
}

type courseOut struct {
	ETag string `header:"ETag" doc:"For If-Match."`
	Body Course
}

type unavailabilityOut struct {
	ETag string `header:"ETag" doc:"For If-Match; none of what came from a calendar."`
	Body Unavailability
}

type readIn struct {
	ObjectPath
	IfNoneMatch string `header:"If-None-Match" doc:"An ETag: the answer is 304 when it is that of the object."`
}

type putIn struct {
	ObjectPath
	Conditions
	Incoming
}

type deleteIn struct {
	ObjectPath
	Conditions
	Version string `query:"version" doc:"The platform's version of the deletion: refused when the stored object has a newer one. It is kept also where there is nothing to delete (404)." maxLength:"64"`
}

const (
	tagCourses        = "Courses"
	tagUnavailability = "Unavailability"
)

func (s *Server) objectRoutes() {
	const courses, blocks = "/v1/providers/{provider}/courses", "/v1/providers/{provider}/unavailability"
	write := []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusBadRequest}
	handle(s, route{
		id: "listCourses", method: http.MethodGet, path: courses, tag: tagCourses, scope: config.ScopeRead,
		summary: "List courses", description: "All courses of a provider, by id, a page at a time.",
	}, s.listCourses)
	handle(s, route{
		id: "getCourse", method: http.MethodGet, path: courses + "/{id}", tag: tagCourses, scope: config.ScopeRead,
		summary: "Read a course", description: "The course as it is stored, with its ETag.", errors: []int{http.StatusNotModified},
	}, s.getCourse)
	handle(s, route{
		id: "putCourse", method: http.MethodPut, path: courses + "/{id}", tag: tagCourses, scope: config.ScopeSchedule, errors: write,
		summary: "Make or change a course",
		description: "Stores the course whole. Where a field has changed whose change is sent at once (`repush_on`), the calendars of its trainers " +
			"are written to from then on. It is refused with 409 when its version is older than the stored one, or not newer than that at which the course was " +
			"deleted, and with 412 when a condition does not hold.",
	}, s.putCourse)
	handle(s, route{
		id: "deleteCourse", method: http.MethodDelete, path: courses + "/{id}", tag: tagCourses, scope: config.ScopeSchedule, status: http.StatusNoContent,
		errors: write[:2], summary: "Delete a course", description: "Its appointments go from all its trainers' calendars. An upsert that comes late does not make it again: what has the deletion's version " +
			"or an older one is refused for as long as changes are kept (`keep_changes`). Without a version the deletion has the course's last one.",
	}, s.deleteCourse)
	handle(s, route{
		id: "listUnavailability", method: http.MethodGet, path: blocks, tag: tagUnavailability, scope: config.ScopeRead,
		summary:     "List unavailability",
		description: "Of both origins: first what the platform made, by id, then what came from calendars, by trainer and id; a page at a time.",
	}, s.listUnavailability)
	handle(s, route{
		id: "getUnavailability", method: http.MethodGet, path: blocks + "/{id}", tag: tagUnavailability, scope: config.ScopeRead,
		summary: "Read an unavailability", description: "Of either origin.", errors: []int{http.StatusNotModified},
	}, s.getUnavailability)
	handle(s, route{
		id: "putUnavailability", method: http.MethodPut, path: blocks + "/{id}", tag: tagUnavailability, scope: config.ScopeSchedule, errors: write,
		summary:     "Make or change an unavailability",
		description: "Each of its fields is pushed at once. One that came from a calendar can only be changed there: 409.",
	}, s.putUnavailability)
	handle(s, route{
		id: "deleteUnavailability", method: http.MethodDelete, path: blocks + "/{id}", tag: tagUnavailability, scope: config.ScopeSchedule,
		status: http.StatusNoContent, errors: write[:2], summary: "Delete an unavailability",
		description: "Its appointment goes from the trainer's calendar. One that came from a calendar can only be deleted there: 409.",
	}, s.deleteUnavailability)
}

func (s *Server) getCourse(ctx context.Context, in *readIn) (*courseOut, error) {
	c, err := s.service.Course(ctx, in.Provider, in.ID)
	if err != nil {
		return nil, problemOf(err, "such course")
	}
	out := &courseOut{ETag: quoted(c.ETag), Body: courseOf(c.Course)}
	return out, unchanged(in.IfNoneMatch, out.ETag)
}

// unchanged answers 304 where the client has the object already.
func unchanged(known, etag string) error {
	if known != "" && known == etag {
		return huma.ErrorWithHeaders(huma.Status304NotModified(), http.Header{"Etag": {etag}})
	}
	return nil
}

// optionsOf is what is known of an object by its address.
func optionsOf(ctx context.Context, provider, id string) platform.OneOptions {
	return platform.OneOptions{Provider: provider, Zone: callerOf(ctx).provider(provider).TimeZone, ID: id}
}

func (s *Server) putCourse(ctx context.Context, in *putIn) (*writtenOut, error) {
	data, err := in.object()
	if err != nil {
		return nil, err
	}
	c, err := platform.DecodeCourse(data, optionsOf(ctx, in.Provider, in.ID))
	if err != nil {
		return nil, problemOf(err, "course")
	}
	out, err := s.write(ctx, in.Provider, in.Conditions, store.Change{Course: &c}, "course")
	if err == nil {
		for _, t := range callerOf(ctx).cfg.Unmapped([]platform.Course{c}) {
			out.Body.Unmapped = append(out.Body.Unmapped, t.String())
		}
	}
	return out, err
}

func (s *Server) putUnavailability(ctx context.Context, in *putIn) (*writtenOut, error) {
	if err := ofPlatform(in.ID); err != nil {
		return nil, err
	}
	data, err := in.object()
	if err != nil {
		return nil, err
	}
	u, err := platform.DecodeUnavailability(data, optionsOf(ctx, in.Provider, in.ID))
	if err != nil {
		return nil, problemOf(err, "unavailability")
	}
	return s.write(ctx, in.Provider, in.Conditions, store.Change{Unavailability: &u}, "unavailability")
}

// pulledID is the form of the ids of what came from calendars.
var pulledID = regexp.MustCompile(`^cal-[0-9a-f]{24}$`)

// ofPlatform refuses to change what came from a calendar.
func ofPlatform(id string) error {
	if !pulledID.MatchString(id) {
		return nil
	}
	return problem(http.StatusConflict, "It came from the trainer's calendar and can only be changed there.").add("path.id", "is that of an appointment in a calendar")
}

func (s *Server) deleteCourse(ctx context.Context, in *deleteIn) (*struct{}, error) {
	return s.delete(ctx, in, store.Change{DeleteCourse: in.ID}, "course")
}

func (s *Server) deleteUnavailability(ctx context.Context, in *deleteIn) (*struct{}, error) {
	if err := ofPlatform(in.ID); err != nil {
		return nil, err
	}
	return s.delete(ctx, in, store.Change{DeleteUnavailability: in.ID}, "unavailability")
}

func (s *Server) delete(ctx context.Context, in *deleteIn, change store.Change, what string) (*struct{}, error) {
	named, _ := json.Marshal(map[string]string{"id": in.ID, "version": in.Version})
	if _, err := platform.DecodeDeletion(named, optionsOf(ctx, in.Provider, in.ID)); err != nil {
		var mistakes platform.ImportErrors
		errors.As(err, &mistakes)
		return nil, mistakesIn(mistakes, "query")
	}
	change.Version = in.Version
	outcome, err := s.apply(ctx, in.Provider, in.Conditions, change)
	switch {
	case err != nil:
		return nil, problemOf(err, what)
	case outcome.Result == store.ChangeMissing:
		return nil, problem(http.StatusNotFound, "There is no such %s.", what)
	}
	return nil, nil
}

// write stores one object.
func (s *Server) write(ctx context.Context, provider string, when Conditions, change store.Change, what string) (*writtenOut, error) {
	outcome, err := s.apply(ctx, provider, when, change)
	if err != nil {
		return nil, problemOf(err, what)
	}
	out := &writtenOut{Status: http.StatusOK, ETag: quoted(outcome.ETag), Body: Written{Result: string(outcome.Result), Triggered: outcome.Triggered}}
	if outcome.Result == store.ChangeCreated {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// apply makes one change; the error is also why it was refused.
func (s *Server) apply(ctx context.Context, provider string, when Conditions, change store.Change) (store.Outcome, error) {
	if err := when.apply(&change); err != nil {
		return store.Outcome{}, err
	}
	outcomes, err := s.service.Apply(ctx, []store.Change{attributed(ctx, provider, change)})
	if err != nil {
		return store.Outcome{}, err
	}
	return outcomes[0], outcomes[0].Err
}

// attributed says of a change whose it is, what are its triggers, and who asked for it.
func attributed(ctx context.Context, provider string, change store.Change) store.Change {
	change.Provider, change.Traceparent = provider, traceparent(ctx)
	if p := callerOf(ctx).provider(provider); p != nil {
		change.RepushOn = p.Push.Triggers()
	}
	return change
}
