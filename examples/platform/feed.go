package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// entry is a change of the feed, or an item of its snapshot.
type entry struct {
	Position int64           `json:"position,omitempty"`
	Op       string          `json:"op,omitempty"`
	Trainer  string          `json:"trainer"`
	ID       string          `json:"id"`
	Version  int64           `json:"version"`
	Is       json.RawMessage `json:"unavailability,omitempty"`
}

// memory is what this platform knows of calendars, and up to where of the feed, in the
// gateway's own words, which are handed back as they came. Both are
// in one file that is replaced as a whole, so that a kill leaves them in step.
type memory struct {
	Position string           `json:"position"`
	Started  bool             `json:"started"`
	Busy     map[string]entry `json:"busy"`
}

func load(file string) (memory, error) {
	m := memory{Busy: map[string]entry{}}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read the memory of the feed: %w", err)
	}
	return m, nil
}

func (m memory) save(file string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(file), ".feed-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) //nolint:errcheck // it is gone when all went well
	_, err = next.Write(data)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return fmt.Errorf("write the memory of the feed: %w", err)
	}
	return os.Rename(next.Name(), file)
}

// apply takes over a change. A change may come twice and may be older than what a
// snapshot told, so the higher version stays.
func (m memory) apply(e entry) {
	key := e.Trainer + " " + e.ID
	if known, ok := m.Busy[key]; ok && known.Version > e.Version {
		return
	}
	if e.Op == "remove" || e.Is == nil {
		delete(m.Busy, key)
		return
	}
	m.Busy[key] = entry{Trainer: e.Trainer, ID: e.ID, Version: e.Version, Is: e.Is}
}

// follow keeps the memory true to the calendars until ctx ends; with once, until it is
// up to date. tell hears of each change.
func (c *client) follow(ctx context.Context, file string, once bool, tell func(entry)) error {
	m, err := load(file)
	if err != nil {
		return err
	}
	for {
		if !m.Started {
			if m, err = c.startOver(ctx); err != nil {
				return err
			}
			if err := m.save(file); err != nil {
				return err
			}
		}
		done, err := c.page(ctx, &m, file, once, tell)
		if done || err != nil {
			return err
		}
	}
}

// page takes over the next changes; done says that there were none left.
func (c *client) page(ctx context.Context, m *memory, file string, once bool, tell func(entry)) (done bool, err error) {
	wait := "&wait=30s"
	if once {
		wait = ""
	}
	var page struct {
		Changes []entry `json:"changes"`
		Next    string  `json:"next"`
		Newest  string  `json:"newest"`
	}
	_, err = c.try(ctx, http.MethodGet, "/v1/changes?after="+url.QueryEscape(m.Position)+wait, nil, nil, &page)
	switch {
	case ctx.Err() != nil:
		return true, nil
	case answered(err, http.StatusGone): // away for longer than the feed is kept, or the gateway was restored
		m.Started = false
		return false, nil
	case err != nil:
		return false, err
	}
	for _, e := range page.Changes {
		m.apply(e)
		tell(e)
	}
	m.Position = page.Next
	return once && page.Next == page.Newest, m.save(file)
}

// startOver reads everything that is known, and the position to follow from.
func (c *client) startOver(ctx context.Context) (memory, error) {
	m := memory{Started: true, Busy: map[string]entry{}}
	for after := ""; ; {
		var page struct {
			Items    []entry `json:"items"`
			Next     string  `json:"next"`
			Position string  `json:"position"`
		}
		_, err := c.try(ctx, http.MethodGet, "/v1/changes/snapshot?after="+url.QueryEscape(after), nil, nil, &page)
		if err != nil {
			return m, err
		}
		for _, e := range page.Items {
			m.apply(e)
		}
		m.Position = page.Position
		if after = page.Next; after == "" {
			return m, nil
		}
	}
}
