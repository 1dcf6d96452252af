package graph

import (
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Outlook's documented limits ("Microsoft Graph service-specific throttling limits"):
// requests for each application and mailbox, and of an application over all tenants.
const (
	// DefaultMailboxRequests and DefaultRequests are in effect where [Options] say nothing.
	DefaultMailboxRequests = 10_000
	mailboxSpan            = 10 * time.Minute
	DefaultRequests        = 130_000
	requestSpan            = 10 * time.Second
)

// enter counts an operation on a mailbox, or refuses one too many. Refused ones count
// against the budget all the same.
func (h *Handler) enter(m *world.Mailbox) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.spend(m); err != nil {
		return err
	}
	if now := h.running[m] + 1; now > h.peak[m] {
		h.peak[m] = now
	}
	if h.running[m] >= h.opts.Concurrency {
		return throttled("Application is over its MailboxConcurrency limit.", time.Second)
	}
	h.running[m]++
	return nil
}

func (h *Handler) leave(m *world.Mailbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running[m]--; h.running[m] == 0 {
		delete(h.running, m)
	}
}

// spend takes a request from the budgets.
func (h *Handler) spend(m *world.Mailbox) error {
	now := h.opts.World.Now()
	all, own := h.all.take(now, requestSpan, h.opts.Requests), h.spent[m]
	if own == nil {
		own = &budget{}
		h.spent[m] = own
	}
	mailbox := own.take(now, mailboxSpan, h.opts.MailboxRequests)
	switch {
	case all > 0:
		return throttled("Application is over its request limit.", all)
	case mailbox > 0:
		return throttled("Application is over its limit for the mailbox.", mailbox)
	}
	return nil
}

// budget counts requests since a span of time began.
type budget struct {
	began time.Time
	count int
}

// take counts a request, and answers how long to wait if it is one too many.
func (b *budget) take(now time.Time, span time.Duration, limit int) (wait time.Duration) {
	if !now.Before(b.began.Add(span)) {
		*b = budget{began: now}
	}
	if b.count++; b.count > limit {
		return b.began.Add(span).Sub(now)
	}
	return 0
}

// throttled is a refusal for so long, in whole seconds.
func throttled(message string, wait time.Duration) *failure {
	f := fail(http.StatusTooManyRequests, "ApplicationThrottled", "%s", message)
	f.retryAfter = int((wait + time.Second - 1) / time.Second)
	return f
}

// Peak is the most operations that were in flight on one mailbox, refused ones
// included, since the start or the last ResetPeak; and the mailbox's address.
func (h *Handler) Peak() (address string, operations int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m, n := range h.peak {
		if n > operations || n == operations && m.Address() < address {
			address, operations = m.Address(), n
		}
	}
	return address, operations
}

// ResetPeak makes Peak start anew.
func (h *Handler) ResetPeak() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.peak)
}
