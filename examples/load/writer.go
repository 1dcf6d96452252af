package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// writers is how many write at once.
const writers = 64

// slotsEach is how many slots each writer has: so many that each lives through about four
// writes, within limits.
func slotsEach(o options) int {
	writes := o.length.Seconds() * float64(o.rate)
	return min(max(2, int(writes)/writers/4), 20)
}

// writer is one hand of the platform's.
type writer struct {
	client *client
	make   *generator
	random *rand.Rand
	slots  []*slot
	// due are the times at which a write should be made.
	due chan time.Time
}

func newWriter(n int, c *client, o options, monday time.Time, capacity int) *writer {
	random := rand.New(rand.NewPCG(o.seed, uint64(n)))
	return &writer{
		client: c, random: random, slots: newSlots(n, slotsEach(o)), due: make(chan time.Time, capacity),
		make: &generator{random: random, trainers: o.trainers, monday: monday},
	}
}

// run makes a write for each due time until there are no more.
func (w *writer) run(ctx context.Context) {
	for due := range w.due {
		sort, err := w.write(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.client.figures.fail("%s: %v", sort, err)
		}
		w.client.figures.settled(sort, time.Since(due))
	}
}

// write makes one write of whatever sort, and says which.
func (w *writer) write(ctx context.Context) (sort string, err error) {
	s := w.slots[w.random.IntN(len(w.slots))]
	switch dice := w.random.IntN(100); {
	case dice < 10:
		return "bulk", w.bulk(ctx)
	case s.state == nil:
		return "create", w.put(ctx, s, map[string]string{"If-None-Match": "*"})
	case dice < 15:
		return "stale version", w.stale(ctx, s)
	case dice < 20:
		return "wrong condition", w.mistaken(ctx, s)
	case dice < 35:
		return "delete", w.delete(ctx, s)
	case dice < 70 && s.etag != "":
		return "edit by ETag", w.put(ctx, s, map[string]string{"If-Match": s.etag})
	}
	return "edit by version", w.put(ctx, s, nil)
}

// put sends the next state of an object, which must be accepted.
func (w *writer) put(ctx context.Context, s *slot, header map[string]string) error {
	s.version++
	next := w.make.next(s, s.version)
	a, err := w.client.ask(ctx, putOf(s, next, header))
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK || a.status == http.StatusCreated:
		s.accept(next, a.etag)
		return nil
	}
	return w.settle(ctx, s, next, a)
}

func putOf(s *slot, o object, header map[string]string) request {
	body, _ := json.Marshal(o) // of text and numbers alone
	return request{method: http.MethodPut, path: s.path(), header: header, body: body}
}

// delete sends a deletion, with the ETag where it is known.
func (w *writer) delete(ctx context.Context, s *slot) error {
	r := request{method: http.MethodDelete, path: s.path()}
	if s.etag != "" {
		r.header = map[string]string{"If-Match": s.etag}
	} else {
		r.path += fmt.Sprintf("?version=%d", s.version)
	}
	a, err := w.client.ask(ctx, r)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusNoContent:
		s.accept(nil, "")
		return nil
	}
	return w.settle(ctx, s, nil, a)
}

// settle decides what became of a write that was refused. After an attempt that broke
// the refusal may be of the repetition: then what is stored says.
func (w *writer) settle(ctx context.Context, s *slot, next object, refused answer) error {
	if !refused.unsure {
		return fmt.Errorf("%s is refused with %d: %.300s", s.path(), refused.status, refused.body)
	}
	stored, etag, err := w.client.get(ctx, s)
	if err != nil {
		return err
	}
	if text(stored) != text(next) {
		return fmt.Errorf("%s is refused with %d after a broken attempt, and is neither: stored %s, sent %s", s.path(), refused.status, text(stored), text(next))
	}
	s.accept(next, etag)
	return nil
}

// get reads an object; nil where there is none.
func (c *client) get(ctx context.Context, s *slot) (object, string, error) {
	a, err := c.ask(ctx, request{method: http.MethodGet, path: s.path()})
	switch {
	case err != nil:
		return nil, "", err
	case a.status == http.StatusNotFound:
		return nil, "", nil
	case a.status != http.StatusOK:
		return nil, "", fmt.Errorf("GET %s is answered %d: %.300s", s.path(), a.status, a.body)
	}
	o, err := decode(s.kind, a.body)
	return o, a.etag, err
}

// stale sends an older version, which must be refused and change nothing.
func (w *writer) stale(ctx context.Context, s *slot) error {
	return w.refused(ctx, putOf(s, w.make.next(s, versionOf(s.state)-1), nil), http.StatusConflict)
}

func versionOf(o object) int {
	var head struct {
		Version int `json:"version,string"`
	}
	_ = json.Unmarshal([]byte(o.canonical()), &head) // it is our own text
	return head.Version
}

// mistaken sends a newer state for another one than is stored, which must be refused.
func (w *writer) mistaken(ctx context.Context, s *slot) error {
	header := map[string]string{"If-Match": `"none-such"`}
	if w.random.IntN(2) == 0 {
		header = map[string]string{"If-None-Match": "*"}
	}
	return w.refused(ctx, putOf(s, w.make.next(s, s.version+1), header), http.StatusPreconditionFailed)
}

func (w *writer) refused(ctx context.Context, r request, status int) error {
	a, err := w.client.ask(ctx, r)
	if err == nil && a.status != status {
		err = fmt.Errorf("PUT %s is answered %d, want %d: %.300s", r.path, a.status, status, a.body)
	}
	return err
}
