package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Feeding tells what changed in calendars (pull-10); see [store.Feed].
type Feeding interface {
	FeedEpoch(ctx context.Context) (string, error)
	InFeed(ctx context.Context, epoch string, position int64) error
	Changes(ctx context.Context, after int64, limit int, providers []string) (store.FeedPage, error)
	AwaitChanges(ctx context.Context, after int64) error
	FeedSnapshot(ctx context.Context, providers []string, after store.FeedKey, limit int) ([]store.FeedItem, int64, error)
}

// maxWait is the longest that a request for changes may wait for one.
const maxWait = time.Minute

// tagFeed groups the feed's operations in the document.
const tagFeed = "Changes"

// feedRoutes adds the feed's operations.
func (s *Server) feedRoutes() {
	handle(s, route{
		id: "listChanges", method: http.MethodGet, path: "/v1/changes", tag: tagFeed, scope: config.ScopeRead,
		summary: "Follow what changes in calendars",
		description: "Changes of unavailability that came from calendars, in order, each with a position. Go on from `next`, also after an empty page; " +
			"a position that was taken is never used again, so nothing is lost and everything can be read again. After an older state was put back from a backup, " +
			"positions that it does not know are answered with 410, also when it has as many changes by then. The unavailability is told as it is " +
			"when the feed is read: where it is absent, it has gone since. With `wait` an empty answer is given only after that time.",
		errors: []int{http.StatusGone},
	}, s.listChanges)
	handle(s, route{
		id: "listChangesSnapshot", method: http.MethodGet, path: "/v1/changes/snapshot", tag: tagFeed, scope: config.ScopeRead,
		summary: "List what is known, to start following from",
		description: "All unavailability that came from calendars, in pages, with the position to follow the feed from once the last page is read. " +
			"What is known from before and not on any page is gone. Keep the highest `version` of each: a change may be told twice.",
		errors: []int{http.StatusGone},
	}, s.listSnapshot)
	s.streamRoute()
}

type changesIn struct {
	After string `query:"after" doc:"The position to go on from: next of the page before, or position of a snapshot, as it is; 0 is before the first change." example:"q7x2m9ab41tz.4711" maxLength:"64"`
	Limit int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"200"`
	Wait  string `query:"wait" doc:"How long to wait for a change where there is none yet, at most 60s." example:"30s" pattern:"^[0-9]{1,5}(s|ms)$" maxLength:"7"`
}

// FeedEntry is one change of an unavailability that came from a calendar.
type FeedEntry struct {
	Position       int64           `json:"position" doc:"Its number, which grows from change to change. To go on, take next." example:"4711"`
	At             time.Time       `json:"at" doc:"When it was stored." example:"2026-12-01T09:00:00Z"`
	Op             string          `json:"op" enum:"create,update,remove" doc:"What happened to the unavailability." example:"create"`
	Trainer        string          `json:"trainer" doc:"provider/label" example:"northwind/ana"`
	ID             string          `json:"id" doc:"The unavailability's stable id." example:"cal-9f2c41d07ab3e65c"`
	Version        int64           `json:"version" doc:"Of the unavailability as it is told; grows with its changes." example:"4711"`
	Origin         string          `json:"origin" enum:"calendar" doc:"Where it was made."`
	Unavailability *Unavailability `json:"unavailability,omitempty" doc:"As it is now; absent where it is gone."`
}

// FeedChanges is a part of the feed.
type FeedChanges struct {
	Changes []FeedEntry `json:"changes" nullable:"false" doc:"In order."`
	Next    string      `json:"next" doc:"The position to go on from. It is opaque: keep it as it is." example:"q7x2m9ab41tz.4712"`
	Newest  string      `json:"newest" doc:"The newest position there is; the same as next where nothing is left to read." example:"q7x2m9ab41tz.4712"`
}

// feedPart is what was read of the feed.
type feedPart struct {
	changes      []FeedEntry
	next, newest int64
}

type changesOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         FeedChanges
}

func (s *Server) listChanges(ctx context.Context, in *changesIn) (*changesOut, error) {
	wait, err := waitOf(in.Wait)
	if err != nil {
		return nil, err
	}
	from, epoch, err := s.placeOf(ctx, in.After, "query.after")
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.untilEnding(ctx)
	defer cancel()
	who := callerOf(ctx)
	part, err := s.changes(ctx, who, from, in.Limit)
	if err != nil {
		return nil, err
	}
	until := s.opts.Now().Add(wait)
	for after := from; len(part.changes) == 0 && s.await(ctx, max(after, part.newest), until.Sub(s.opts.Now())); {
		after = max(after, part.next)
		if part, err = s.changes(ctx, who, after, in.Limit); err != nil {
			return nil, err
		}
	}
	return &changesOut{CacheControl: "no-store", Body: FeedChanges{
		Changes: part.changes,
		Next:    store.FeedPlace{Epoch: epoch, Position: part.next}.String(),
		Newest:  store.FeedPlace{Epoch: epoch, Position: part.newest}.String(),
	}}, nil
}

// placeOf is the position that a request goes on from, and the epoch for its answer. It
// refuses a position that this state has not given out.
func (s *Server) placeOf(ctx context.Context, text, location string) (position int64, epoch string, err error) {
	place := store.FeedPlace{}
	if text != "" {
		if place, err = store.ParseFeedPlace(text); err != nil {
			return 0, "", problem(http.StatusUnprocessableEntity, "Take the position from an answer of the feed, as it is, or 0.").add(location, err.Error())
		}
	}
	if place != (store.FeedPlace{}) {
		err = s.service.InFeed(ctx, place.Epoch, place.Position)
	}
	if errors.Is(err, store.ErrGone) {
		return 0, "", goneProblem(location, "The position is of another state than this one, such as one that a backup has replaced, or is no longer kept.")
	}
	if err == nil {
		epoch, err = s.service.FeedEpoch(ctx)
	}
	return place.Position, epoch, err
}

// waitOf reads how long a request waits.
func waitOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 || wait > maxWait {
		return 0, problem(http.StatusUnprocessableEntity, "A request waits for at most %s.", maxWait).add("query.wait", "want a time such as 30s, at most 60s")
	}
	return wait, nil
}

// await waits for changes after a position, and reports whether there may be some.
func (s *Server) await(ctx context.Context, after int64, wait time.Duration) bool {
	if wait <= 0 || ctx.Err() != nil {
		return false
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return s.service.AwaitChanges(waiting, after) == nil
}

// changes reads a part of the feed, of the providers that exist for the caller.
func (s *Server) changes(ctx context.Context, who caller, after int64, limit int) (feedPart, error) {
	page, err := s.service.Changes(ctx, after, limit, who.providers())
	switch {
	case errors.Is(err, store.ErrGone):
		return feedPart{}, goneProblem("query.after", "Changes after this position are no longer kept.")
	case err != nil:
		return feedPart{}, err
	}
	zones := who.zones()
	out := feedPart{changes: make([]FeedEntry, 0, len(page.Changes)), next: page.Next, newest: page.Newest}
	for _, c := range page.Changes {
		out.changes = append(out.changes, feedEntryOf(c, zones))
	}
	return out, nil
}

// goneProblem says how to start anew.
func goneProblem(location, why string) *Problem {
	return problem(http.StatusGone, "%s Take GET /v1/changes/snapshot, drop what it does not list, and go on from its position.", why).
		add(location, "is no position to go on from")
}

func feedEntryOf(c store.FeedChange, zones func(platform.TrainerID) *time.Location) FeedEntry {
	e := FeedEntry{
		Position: c.Position, At: c.At.UTC(), Op: string(c.Op), Trainer: c.Trainer.String(), ID: c.ID, Version: c.Version,
		Origin: string(platform.OriginCalendar),
	}
	if c.Mirror != nil {
		item := pulledOf(store.FeedItem{FeedKey: c.FeedKey, Version: c.Version, Mirror: *c.Mirror}, zones(c.Trainer), time.Time{})
		e.Unavailability = &item
	}
	return e
}

// zones are those of trainers that exist for the caller: their own, else the provider's.
func (c caller) zones() func(platform.TrainerID) *time.Location {
	own := map[platform.TrainerID]*time.Location{}
	for _, name := range c.providers() {
		for _, t := range c.provider(name).Trainers {
			own[t.ID] = t.TimeZone
		}
	}
	return func(id platform.TrainerID) *time.Location {
		if zone := own[id]; zone != nil {
			return zone
		}
		if p := c.provider(id.Provider); p != nil && p.TimeZone != nil {
			return p.TimeZone
		}
		return time.UTC
	}
}

type feedSnapshotIn struct {
	After string `query:"after" doc:"Where to go on: next of the page before." maxLength:"2048"`
	Limit int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"200"`
}

// FeedRecord is an unavailability that came from a calendar.
type FeedRecord struct {
	Trainer        string         `json:"trainer" doc:"provider/label" example:"northwind/ana"`
	ID             string         `json:"id" doc:"Its stable id." example:"cal-9f2c41d07ab3e65c"`
	Version        int64          `json:"version" doc:"Grows with its changes." example:"4711"`
	Unavailability Unavailability `json:"unavailability" doc:"As it is now."`
}

// FeedSnapshot is a part of what is known.
type FeedSnapshot struct {
	Items    []FeedRecord `json:"items" nullable:"false" doc:"By trainer and id."`
	Next     string       `json:"next,omitempty" doc:"For after; absent on the last page."`
	Position string       `json:"position" doc:"Where to follow the feed from when the last page is read; the same on every page." example:"q7x2m9ab41tz.4711"`
}

type feedSnapshotOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         FeedSnapshot
}

// listSnapshot reads a page. The position is that of the first one, which the cursor
// carries on: what changed while pages were read is in the feed after it.
func (s *Server) listSnapshot(ctx context.Context, in *feedSnapshotIn) (*feedSnapshotOut, error) {
	from, err := readCursor(in.After, 4)
	if err != nil {
		return nil, err
	}
	var after store.FeedKey
	var first string
	if from != nil {
		first, after = from[0], store.FeedKey{Trainer: platform.TrainerID{Provider: from[1], Label: from[2]}, ID: from[3]}
	}
	_, epoch, err := s.placeOf(ctx, first, "query.after")
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	items, newest, err := s.service.FeedSnapshot(ctx, who.providers(), after, in.Limit)
	if err != nil {
		return nil, err
	}
	if first == "" {
		first = store.FeedPlace{Epoch: epoch, Position: newest}.String()
	}
	out := FeedSnapshot{Items: make([]FeedRecord, 0, len(items)), Position: first}
	zones := who.zones()
	for _, i := range items {
		out.Items = append(out.Items, FeedRecord{i.Trainer.String(), i.ID, i.Version, pulledOf(i, zones(i.Trainer), time.Time{})})
	}
	if len(items) == in.Limit {
		last := items[len(items)-1]
		out.Next = cursor{first, last.Trainer.Provider, last.Trainer.Label, last.ID}.String()
	}
	return &feedSnapshotOut{CacheControl: "no-store", Body: out}, nil
}

// untilEnding is a context that also ends when the server is about to stop, so that
// nobody's wait holds it up.
func (s *Server) untilEnding(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ending, cancel)
	return ctx, func() { stop(); cancel() }
}
