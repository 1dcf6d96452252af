package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// span is a piece of a trainer's time. Unknown is not free: the calendar was not read,
// or not lately.
type span struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

// availability prints a trainer's time between two instants in a zone.
func (c *client) availability(ctx context.Context, w io.Writer, trainer string, start, end time.Time) error {
	query := url.Values{"trainer": {c.provider + "/" + trainer}, "start": {start.Format(time.RFC3339)}, "end": {end.Format(time.RFC3339)}}
	var answer struct {
		Trainers []struct {
			Trainer string `json:"trainer"`
			Spans   []span `json:"spans"`
		} `json:"trainers"`
	}
	if _, err := c.try(ctx, http.MethodGet, "/v1/availability?"+query.Encode(), nil, nil, &answer); err != nil {
		return err
	}
	for _, t := range answer.Trainers {
		for _, s := range t.Spans {
			fmt.Fprintf(w, "%s  %s - %s  %s\n", t.Trainer, s.Start.In(start.Location()).Format("2006-01-02 15:04"),
				s.End.In(start.Location()).Format("2006-01-02 15:04 MST"), said(s))
		}
	}
	return nil
}

// said is a state in words. One that this program does not know is unknown, too.
func said(s span) string {
	switch {
	case s.State == "free" || s.State == "busy":
		return s.State
	case s.Reason != "":
		return "unknown (" + s.Reason + "): ask the trainer"
	}
	return "unknown: ask the trainer"
}
