package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

type ProviderPath struct {
	Provider string `path:"provider" doc:"The provider." example:"northwind"`
}

type coursesIn struct {
	ProviderPath
	Page
}

// CoursePage is a part of the courses of a provider.
type CoursePage struct {
	Courses []Course `json:"courses" nullable:"false" doc:"By id."`
	Next    string   `json:"next,omitempty" doc:"For after; absent on the last page."`
}

type coursesOut struct{ Body CoursePage }

func (s *Server) listCourses(ctx context.Context, in *coursesIn) (*coursesOut, error) {
	from, err := readCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	after := ""
	if from != nil {
		after = from[0]
	}
	records, err := s.service.CoursesAfter(ctx, in.Provider, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &coursesOut{Body: CoursePage{Courses: []Course{}}}
	for _, c := range records {
		out.Body.Courses = append(out.Body.Courses, courseOf(c.Course))
	}
	if len(records) == in.Limit {
		out.Body.Next = cursor{records[len(records)-1].ID}.String()
	}
	return out, nil
}

type unavailabilityIn struct {
	ProviderPath
	Page
	Trainer string `query:"trainer" doc:"A trainer's label, or provider/label: that trainer's alone." maxLength:"100"`
}

// UnavailabilityPage is a part of the unavailability of a provider.
type UnavailabilityPage struct {
	Unavailability []Unavailability `json:"unavailability" nullable:"false" doc:"First what the platform made, by id, then what came from calendars, by trainer and id."`
	Next           string           `json:"next,omitempty" doc:"For after; absent on the last page."`
}

type unavailabilityPageOut struct{ Body UnavailabilityPage }

// The parts of the list of unavailability, in its cursors.
const (
	partPlatform = "platform"
	partCalendar = "calendar"
)

func (s *Server) listUnavailability(ctx context.Context, in *unavailabilityIn) (*unavailabilityPageOut, error) {
	from, err := readCursor(in.After, 3)
	if err != nil {
		return nil, err
	}
	if from == nil {
		from = cursor{partPlatform, "", ""}
	}
	list := blockList{server: s, provider: in.Provider, limit: in.Limit, from: from}
	if in.Trainer != "" {
		if list.trainer, err = trainerIn(in.Provider, in.Trainer); err != nil {
			return nil, err
		}
	}
	if err := list.read(ctx); err != nil {
		return nil, err
	}
	return &unavailabilityPageOut{Body: UnavailabilityPage{list.blocks, list.next.String()}}, nil
}

// trainerIn is the trainer that a label, or provider/label, means within a provider.
func trainerIn(provider, name string) (platform.TrainerID, error) {
	label, found := strings.CutPrefix(name, provider+"/")
	if !found && strings.Contains(name, "/") {
		return platform.TrainerID{}, problem(http.StatusNotFound, "There is no such trainer of the provider.").add("query.trainer", "is not known")
	}
	return platform.TrainerID{Provider: provider, Label: label}, nil
}

// blockList reads a page of a provider's unavailability, or of a trainer's.
type blockList struct {
	server   *Server
	provider string
	trainer  platform.TrainerID
	limit    int
	from     cursor

	blocks []Unavailability
	next   cursor
}

func (l *blockList) read(ctx context.Context) error {
	l.blocks = []Unavailability{}
	key := store.FeedKey{Trainer: l.trainer}
	if l.from[0] == partPlatform {
		full, err := l.made(ctx, l.from[2])
		if full || err != nil {
			return err
		}
	} else {
		key = store.FeedKey{Trainer: platform.TrainerID{Provider: l.provider, Label: l.from[1]}, ID: l.from[2]}
	}
	return l.pulled(ctx, key)
}

// made reads what the platform made, and reports whether that fills the page.
func (l *blockList) made(ctx context.Context, after string) (bool, error) {
	records, err := l.records(ctx, after)
	if err != nil {
		return false, err
	}
	for _, u := range records {
		l.blocks = append(l.blocks, unavailabilityOf(u.Unavailability))
	}
	if len(l.blocks) < l.limit {
		return false, nil
	}
	l.next = cursor{partPlatform, "", l.blocks[len(l.blocks)-1].ID}
	return true, nil
}

func (l *blockList) records(ctx context.Context, after string) ([]store.UnavailabilityRecord, error) {
	if l.trainer == (platform.TrainerID{}) {
		return l.server.service.UnavailabilityAfter(ctx, l.provider, after, l.limit)
	}
	records, err := l.server.service.Unavailability(ctx, l.trainer)
	slices.SortFunc(records, func(a, b store.UnavailabilityRecord) int { return strings.Compare(a.ID, b.ID) })
	records = slices.DeleteFunc(records, func(u store.UnavailabilityRecord) bool { return u.ID <= after })
	return records[:min(len(records), l.limit)], err
}

// pulled fills the page with what came from calendars.
func (l *blockList) pulled(ctx context.Context, after store.FeedKey) error {
	want := l.limit - len(l.blocks)
	items, _, err := l.server.service.FeedSnapshot(ctx, []string{l.provider}, after, want)
	if err != nil {
		return err
	}
	if l.trainer != (platform.TrainerID{}) {
		items = slices.DeleteFunc(items, func(i store.FeedItem) bool { return i.Trainer != l.trainer })
	}
	stale, err := l.server.staleness(ctx, l.provider, items)
	if err != nil {
		return err
	}
	for _, item := range items {
		about := stale[item.Trainer]
		l.blocks = append(l.blocks, pulledOf(item, about.zone, about.since))
	}
	if len(items) == want {
		last := items[len(items)-1]
		l.next = cursor{partCalendar, last.Trainer.Label, last.ID}
	}
	return nil
}

// staleTrainer is what is told of a trainer's pulled unavailability.
type staleTrainer struct {
	zone  *time.Location
	since time.Time
}

// staleness is what is told of the trainers of pulled items.
func (s *Server) staleness(ctx context.Context, provider string, items []store.FeedItem) (map[platform.TrainerID]staleTrainer, error) {
	out := map[platform.TrainerID]staleTrainer{}
	if len(items) == 0 {
		return out, nil
	}
	p := callerOf(ctx).provider(provider)
	trainers, err := s.service.Trainers(ctx, []string{provider})
	if err != nil {
		return nil, err
	}
	since := map[string]time.Time{}
	for _, t := range trainers {
		if t.StaleSince != nil {
			since[t.Trainer] = *t.StaleSince
		}
	}
	for _, item := range items { // also of trainers that are mapped no more
		out[item.Trainer] = staleTrainer{zone: p.TimeZone, since: since[item.Trainer.String()]}
	}
	for _, t := range p.Trainers {
		if about, ok := out[t.ID]; ok {
			about.zone = t.TimeZone
			out[t.ID] = about
		}
	}
	return out, nil
}

func (s *Server) getUnavailability(ctx context.Context, in *readIn) (*unavailabilityOut, error) {
	if pulledID.MatchString(in.ID) {
		return s.getPulled(ctx, in)
	}
	u, err := s.service.UnavailabilityOf(ctx, in.Provider, in.ID)
	if err != nil {
		return nil, problemOf(err, "such unavailability")
	}
	out := &unavailabilityOut{ETag: quoted(u.ETag), Body: unavailabilityOf(u.Unavailability)}
	return out, unchanged(in.IfNoneMatch, out.ETag)
}

func (s *Server) getPulled(ctx context.Context, in *readIn) (*unavailabilityOut, error) {
	item, err := s.service.PulledByID(ctx, in.Provider, in.ID)
	if err != nil {
		return nil, problemOf(err, "such unavailability")
	}
	stale, err := s.staleness(ctx, in.Provider, []store.FeedItem{item})
	if err != nil {
		return nil, err
	}
	about := stale[item.Trainer]
	return &unavailabilityOut{Body: pulledOf(item, about.zone, about.since)}, nil
}
