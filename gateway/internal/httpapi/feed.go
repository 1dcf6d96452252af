package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Feeding tells what changed in calendars (pull-10); see [store.Feed].
type Feeding interface {
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
			"a position that was taken is never used again, so nothing is lost and everything can be read again. The unavailability is told as it is " +
			"when the feed is read: where it is absent, it has gone since. With `wait` an empty answer is given only after that time.",
		errors: []int{http.StatusGone},
	}, s.listChanges)
	handle(s, route{
		id: "listChangesSnapshot", method: http.MethodGet, path: "/v1/changes/snapshot", tag: tagFeed, scope: config.ScopeRead,
		summary: "List what is known, to start following from",
		description: "All unavailability that came from calendars, in pages, with the position to follow the feed from once the last page is read. " +
			"What is known from before and not on any page is gone. Keep the highest `version` of each: a change may be told twice.",
	}, s.listSnapshot)
	s.streamRoute()
}

type changesIn struct {
	After int64  `query:"after" doc:"The position to go on from: next of the page before, or position of a snapshot; 0 is before the first change." minimum:"0"`
	Limit int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"200"`
	Wait  string `query:"wait" doc:"How long to wait for a change where there is none yet, at most 60s." example:"30s" pattern:"^[0-9]{1,5}(s|ms)$" maxLength:"7"`
}

// FeedEntry is one change of an unavailability that came from a calendar.
type FeedEntry struct {
	Position       int64           `json:"position" doc:"Grows from change to change." example:"4711"`
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
	Next    int64       `json:"next" doc:"The position to go on from." example:"4712"`
	Newest  int64       `json:"newest" doc:"The newest position there is." example:"4712"`
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
	ctx, cancel := s.untilEnding(ctx)
	defer cancel()
	who := callerOf(ctx)
	changes, err := s.changes(ctx, who, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	until := s.opts.Now().Add(wait)
	for after := in.After; len(changes.Changes) == 0 && s.await(ctx, max(after, changes.Newest), until.Sub(s.opts.Now())); {
		after = max(after, changes.Next)
		if changes, err = s.changes(ctx, who, after, in.Limit); err != nil {
			return nil, err
		}
	}
	return &changesOut{CacheControl: "no-store", Body: changes}, nil
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
func (s *Server) changes(ctx context.Context, who caller, after int64, limit int) (FeedChanges, error) {
	page, err := s.service.Changes(ctx, after, limit, who.providers())
	switch {
	case errors.Is(err, store.ErrGone):
		return FeedChanges{}, goneProblem("Changes after this position are no longer kept.")
	case err != nil:
		return FeedChanges{}, err
	case after > page.Newest:
		return FeedChanges{}, goneProblem("The position is ahead of the feed: it is of another state, or of one from before a backup was restored.")
	}
	zones := who.zones()
	out := FeedChanges{Changes: make([]FeedEntry, 0, len(page.Changes)), Next: page.Next, Newest: page.Newest}
	for _, c := range page.Changes {
		out.Changes = append(out.Changes, feedEntryOf(c, zones))
	}
	return out, nil
}

// goneProblem says how to start anew.
func goneProblem(why string) *Problem {
	return problem(http.StatusGone, "%s Take GET /v1/changes/snapshot, drop what it does not list, and go on from its position.", why).
		add("query.after", "is no position to go on from")
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
	Position int64        `json:"position" doc:"Where to follow the feed from when the last page is read; the same on every page." example:"4711"`
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
	first := int64(-1)
	if from != nil {
		if first, err = strconv.ParseInt(from[0], 10, 64); err != nil || first < 0 {
			return nil, problem(http.StatusUnprocessableEntity, "Take the cursor from \"next\" of the page before, as it is.").add("query.after", "is no cursor of this list")
		}
		after = store.FeedKey{Trainer: platform.TrainerID{Provider: from[1], Label: from[2]}, ID: from[3]}
	}
	who := callerOf(ctx)
	items, position, err := s.service.FeedSnapshot(ctx, who.providers(), after, in.Limit)
	if err != nil {
		return nil, err
	}
	if first >= 0 {
		position = first
	}
	out := FeedSnapshot{Items: make([]FeedRecord, 0, len(items)), Position: position}
	zones := who.zones()
	for _, i := range items {
		out.Items = append(out.Items, FeedRecord{i.Trainer.String(), i.ID, i.Version, pulledOf(i, zones(i.Trainer), time.Time{})})
	}
	if len(items) == in.Limit {
		last := items[len(items)-1]
		out.Next = cursor{strconv.FormatInt(position, 10), last.Trainer.Provider, last.Trainer.Label, last.ID}.String()
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
