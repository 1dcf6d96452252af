package exchangeonline

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// maxPause is the longest wait for a mailbox within a call; a server that asks for
// more is obeyed by ending the mailbox's part of the call.
const maxPause = 10 * time.Second

// everybody is the name under which a pause of the whole account is kept; no mailbox has
// it.
const everybody = ""

// pauses remembers until when a server asked to leave a mailbox alone. The zero
// value is usable.
type pauses struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (p *pauses) set(mailbox string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until == nil {
		p.until = map[string]time.Time{}
	}
	key := strings.ToLower(mailbox)
	if until.After(p.until[key]) {
		p.until[key] = until
	}
}

// left is how long the mailbox must still be left alone.
func (p *pauses) left(mailbox string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := strings.ToLower(mailbox)
	left := p.until[key].Sub(now)
	if left <= 0 {
		delete(p.until, key)
		return 0
	}
	return left
}

// wait waits until the mailbox may be asked again, or fails when that is too long.
func (p *pauses) wait(ctx context.Context, mailbox string, now func() time.Time) *sdk.Error {
	left := p.left(mailbox, now())
	if left == 0 {
		return nil
	}
	if left > maxPause {
		return paused(mailbox, left)
	}
	if err := transport.Sleep(ctx, left); err != nil {
		return sdk.CodeUnavailable.Wrap(err, "gave up waiting for the mailbox")
	}
	return nil
}

func paused(mailbox string, left time.Duration) *sdk.Error {
	if mailbox == everybody {
		return sdk.CodeThrottled.New("the server asked to leave it alone for now").WithRetryAfter(left)
	}
	return sdk.CodeThrottled.New("the server asked to leave the mailbox alone for now").WithRetryAfter(left)
}
