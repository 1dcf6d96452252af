package ews

import (
	"context"
	"net/http"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// load is how many requests are in flight and how many may be.
func (b *budget) load() (inUse, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flying, int(b.limit)
}

// complains reports whether an answer, as a whole or in a part, asks for fewer requests.
func complains[M message](refused *sdk.Error, messages []M) bool {
	if refused != nil {
		return refused.Code == sdk.CodeThrottled
	}
	for _, m := range messages {
		if err := m.outcome().err(); err != nil && err.Code == sdk.CodeThrottled {
			return true
		}
	}
	return false
}

// complained counts an answer that asks for fewer requests inside of SOAP. Those whose
// HTTP status says so are counted where they come in.
func (c *Client) complained(ctx context.Context, resp *transport.Response) {
	if resp.Status != http.StatusTooManyRequests && resp.Status != http.StatusServiceUnavailable {
		c.opts.Transport.Throttled(ctx, resp.Status)
	}
}
