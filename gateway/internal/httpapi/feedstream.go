package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

const (
	// streamBeat is the time between two signs of life of a stream.
	streamBeat = 15 * time.Second
	// streamPage is how many changes are read at a time.
	streamPage = 500
	// streamPatience is how long a receiver may take for a page.
	streamPatience = 30 * time.Second
)

// streamRoute adds the feed as server-sent events (WHATWG HTML, section 9.2).
func (s *Server) streamRoute() {
	r := route{
		id: "streamChanges", method: http.MethodGet, path: "/v1/changes/stream", tag: tagFeed, scope: config.ScopeRead,
		summary: "Follow what changes in calendars, as a stream",
		description: "The feed as server-sent events: `event: change`, `id:` the position, `data:` a change as in GET /v1/changes. A receiver that comes back " +
			"sends the last id as Last-Event-ID. A comment is sent every 15 seconds, with an id that is the position by then. The stream ends when " +
			"the gateway stops, and when the token is withdrawn; where it has to be started anew, the answer to coming back is 410.",
		errors: []int{http.StatusGone},
	}
	op := r.operation()
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream of events.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	huma.Register(s.api, op, s.openStream)
}

type streamIn struct {
	After  string `query:"after" doc:"The position to go on from, as in GET /v1/changes; 0 is before the first change." maxLength:"64"`
	LastID string `header:"Last-Event-ID" doc:"The last id that was received; it goes before after." maxLength:"64"`
}

// openStream reads the first page, so that what cannot be followed is refused, and goes
// on with a stream.
func (s *Server) openStream(ctx context.Context, in *streamIn) (*huma.StreamResponse, error) {
	text, location := in.After, "query.after"
	if in.LastID != "" {
		text, location = in.LastID, "header.Last-Event-ID"
	}
	after, epoch, err := s.placeOf(ctx, text, location)
	if err != nil {
		return nil, s.told(ctx, problemOf(err, "such position"))
	}
	who := callerOf(ctx)
	first, err := s.changes(ctx, who, after, streamPage)
	if err != nil {
		return nil, s.told(ctx, problemOf(err, "such position"))
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("Cache-Control", "no-store")
		hc.SetHeader("X-Accel-Buffering", "no") // a proxy in between passes events on at once
		hc.SetStatus(http.StatusOK)
		ctx, cancel := s.untilEnding(hc.Context())
		defer cancel()
		w, plain := hc.BodyWriter().(http.ResponseWriter)
		if !plain {
			return // the adapter for net/http has one
		}
		f := follower{server: s, who: who, w: w, connection: http.NewResponseController(w), after: after, told: after, epoch: epoch}
		if err := f.follow(ctx, first); err != nil {
			s.opts.Log.Debug("a stream of changes ended", "token", who.token.Name, "reason", err)
		}
	}}, nil
}

// follower is one receiver of the stream.
type follower struct {
	server     *Server
	who        caller
	w          http.ResponseWriter
	connection *http.ResponseController
	// after is how far the feed was read, told the last id that was sent.
	after, told int64
	epoch       string
}

// id is the id of an event at a position.
func (f *follower) id(position int64) string {
	return store.FeedPlace{Epoch: f.epoch, Position: position}.String()
}

// errWithdrawn ends the stream of a token that is no longer one.
var errWithdrawn = errors.New("the token is withdrawn")

// follow sends pages, and signs of life in between, until ctx ends or something fails.
func (f *follower) follow(ctx context.Context, part feedPart) error {
	for beat := true; ; {
		if err := f.send(part, beat); err != nil {
			return err
		}
		f.after, beat = max(f.after, part.next), false
		if len(part.changes) == 0 && !f.server.await(ctx, max(f.after, part.newest), streamBeat) {
			beat = true
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !f.renew() {
			return errWithdrawn
		}
		var err error
		if part, err = f.server.changes(ctx, f.who, f.after, streamPage); err != nil {
			return err
		}
	}
}

// renew looks the token up in the configuration in force, and reports whether it may
// still read.
func (f *follower) renew() bool {
	cfg := f.server.service.Config()
	i := slices.IndexFunc(cfg.API.Tokens, func(t config.Token) bool { return t.Hash == f.who.token.Hash })
	if i < 0 || !slices.Contains(cfg.API.Tokens[i].Scopes, config.ScopeRead) {
		return false
	}
	f.who = caller{cfg.API.Tokens[i], cfg}
	return true
}

// send writes a page's events; beat: a sign of life, with the position, where there are
// none.
func (f *follower) send(part feedPart, beat bool) error {
	var out bytes.Buffer
	for _, c := range part.changes {
		data, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("write change %d: %w", c.Position, err)
		}
		fmt.Fprintf(&out, "event: change\nid: %s\ndata: %s\n\n", f.id(c.Position), data)
		f.told = c.Position
	}
	if len(part.changes) == 0 && beat {
		out.WriteString(": alive\n")
		if position := max(f.after, part.next); position > f.told {
			fmt.Fprintf(&out, "id: %s\n", f.id(position))
			f.told = position
		}
		out.WriteByte('\n')
	}
	if out.Len() == 0 {
		return nil
	}
	if err := f.connection.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := f.w.Write(out.Bytes()); err != nil {
		return err
	}
	return f.connection.Flush()
}

var _ Feeding = store.Feed(nil)
