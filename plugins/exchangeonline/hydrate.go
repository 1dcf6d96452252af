package exchangeonline

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/trainercal/trainercal/sdk"
)

// hydrate fetches what a round leaves out of its series. In a full round, all
// occurrences are there and at most the master that explains them is missing. In a
// later round, rows without their master may be a part of the series only, so the
// series is read whole. Nothing is fetched where nothing is missing.
func (a *account) hydrate(ctx context.Context, req sdk.ReadRequest, r *round, full bool) *sdk.Error {
	missing := r.unexplained(full)
	if len(missing) == 0 {
		return nil
	}
	h := hydration{account: a, req: req, round: r, full: full}
	parts := make([]*part, len(missing))
	for i, id := range missing {
		parts[i] = &part{
			mailbox: req.Mailbox.Address, method: http.MethodGet, path: h.path(id),
			done: func(answer partAnswer) { h.took(ctx, id, answer) },
		}
	}
	if err := a.graph.batch(ctx, jobHydrate, parts); err != nil {
		return err
	}
	return h.err
}

// unexplained are the series of which rows came without their master: in a full
// round only those with stubs.
func (r *round) unexplained(full bool) []string {
	ids := map[string]bool{}
	for _, e := range r.rows {
		if e.SeriesMasterID != "" && r.masters[e.SeriesMasterID] == nil && (e.thin() || !full) {
			ids[e.SeriesMasterID] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// hydration collects the answers about the series of one mailbox.
type hydration struct {
	account *account
	req     sdk.ReadRequest
	round   *round
	full    bool

	mu  sync.Mutex
	err *sdk.Error
}

func (h *hydration) path(id string) string {
	if h.full {
		return eventPath(h.req.Mailbox.Address, id)
	}
	return eventPath(h.req.Mailbox.Address, id) + "/instances" + windowQuery(h.req.Window, "$top", pageSize)
}

// took takes one answer. A series that is gone although its rows are there is left
// unexplained: its time blocks without text, and is never read as deleted (E11).
func (h *hydration) took(ctx context.Context, id string, answer partAnswer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := answer.err
	switch {
	case h.err != nil:
		return
	case err != nil && err.Code == sdk.CodeItemNotFound:
		return
	case err == nil && h.full:
		err = h.master(id, answer.body)
	case err == nil:
		err = h.instances(ctx, id, answer.body)
	}
	h.err = err
}

func (h *hydration) master(id string, body []byte) *sdk.Error {
	e, err := readEvent(body)
	if err != nil {
		return err
	}
	h.round.reader.strip(e)
	e.ID = id
	h.round.masters[id] = e
	return nil
}

// instances takes a series' items in the window, which replace what the round held
// of it.
func (h *hydration) instances(ctx context.Context, id string, body []byte) *sdk.Error {
	p, err := readPage(body)
	if err != nil {
		return err
	}
	h.round.dropSeries(id)
	// What instances answers explains itself; the master only says that the series is
	// whole.
	h.round.masters[id] = &event{ID: id, Type: typeMaster}
	if _, err := h.round.add(*p.Value); err != nil {
		return err
	}
	if p.NextLink == "" {
		return nil
	}
	next, err := h.account.graph.relative(p.NextLink)
	if err != nil {
		return err
	}
	return h.account.graph.view(ctx, h.req.Mailbox.Address, next, h.round)
}
