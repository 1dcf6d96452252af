package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// entry is a change of the feed, or a record of its snapshot.
type entry struct {
	Position int64  `json:"position"`
	Op       string `json:"op"`
	Trainer  string `json:"trainer"`
	ID       string `json:"id"`
	Version  int64  `json:"version"`
	// Is is the unavailability as it was when the feed was read; nil where it was gone.
	Is *block `json:"unavailability"`
}

// key names what the entry is about.
func (e entry) key() string { return e.Trainer + " " + e.ID }

// follower reads the feed as it grows.
type follower struct {
	client *client
	// entries are what it read, in the order in which it did.
	entries []entry
	// next is where to go on; empty for from the start.
	next string
}

// waited is how long a request waits for changes.
const waited = "5s"

// run follows the feed until ctx ends.
func (f *follower) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := f.page(ctx, "&wait="+waited); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// catchUp reads what there is, without waiting.
func (f *follower) catchUp(ctx context.Context) error {
	for {
		done, err := f.page(ctx, "")
		if done || err != nil {
			return err
		}
	}
}

// page reads the next entries; done says that there are none after them.
func (f *follower) page(ctx context.Context, more string) (done bool, err error) {
	var page struct {
		Changes      []entry `json:"changes"`
		Next, Newest string
	}
	if err := f.client.read(ctx, fmt.Sprintf("/v1/changes?after=%s&limit=1000%s", url.QueryEscape(f.next), more), &page); err != nil {
		return false, err
	}
	f.entries = append(f.entries, page.Changes...)
	f.next = page.Next
	return page.Next == page.Newest, nil
}

// snapshot reads what is known, and where the feed goes on after it.
func (c *client) snapshot(ctx context.Context) (known []entry, position string, err error) {
	var page struct {
		Items    []entry `json:"items"`
		Next     string  `json:"next"`
		Position string  `json:"position"`
	}
	for first, after := true, ""; first || after != ""; first = false {
		page.Items, page.Next = nil, ""
		if err := c.read(ctx, "/v1/changes/snapshot?limit=1000&after="+url.QueryEscape(after), &page); err != nil {
			return nil, "", err
		}
		if first {
			position = page.Position
		}
		known = append(known, page.Items...)
		after = page.Next
	}
	return known, position, nil
}

// read gets JSON.
func (c *client) read(ctx context.Context, path string, out any) error {
	a, err := c.ask(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s is answered %d: %.300s", path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("read the answer to GET %s: %w", path, err)
	}
	return nil
}

// listed is an unavailability in a list.
type listed struct {
	block
	Origin string `json:"origin"`
}

// blocks lists the unavailability of one origin, as it is listed.
func (c *client) blocks(ctx context.Context, origin string) ([]block, error) {
	var out []block
	err := pages(ctx, c, "/v1/providers/"+provider+"/unavailability", "unavailability", func(l listed) {
		if l.Origin == origin {
			out = append(out, l.block)
		}
	})
	return out, err
}

// courses lists all courses.
func (c *client) courses(ctx context.Context) ([]course, error) {
	var out []course
	err := pages(ctx, c, "/v1/providers/"+provider+"/courses", "courses", func(o course) { out = append(out, o) })
	return out, err
}

// pages reads a list to its end.
func pages[T any](ctx context.Context, c *client, path, member string, each func(T)) error {
	for first, after := true, ""; first || after != ""; first = false {
		var page map[string]json.RawMessage
		if err := c.read(ctx, path+"?limit=500&after="+url.QueryEscape(after), &page); err != nil {
			return err
		}
		var items []T
		after = ""
		if err := json.Unmarshal(page[member], &items); err != nil {
			return fmt.Errorf("read the list of %s: %w", member, err)
		}
		if next := page["next"]; next != nil {
			if err := json.Unmarshal(next, &after); err != nil {
				return fmt.Errorf("read the list of %s: %w", member, err)
			}
		}
		for _, item := range items {
			each(item)
		}
	}
	return nil
}
