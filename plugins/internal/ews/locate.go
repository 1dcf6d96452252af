package ews

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// searchAgain is how long an address that was found is believed although the server is
	// not there, and how long searches that failed are not repeated.
	searchAgain = 5 * time.Minute
	// maxSearches is how many searches may fail until then: one that failed by one mailbox
	// may find the server by another.
	maxSearches = 3
)

// location is where the server was found.
type location struct {
	// turn is held by whoever searches, so that one search serves all; a channel, so
	// that waiting for it ends with the waiter's context.
	turn chan struct{}

	mu  sync.Mutex
	url *url.URL
	// since is when it was found; doubtful: it led nowhere since.
	since    time.Time
	doubtful bool
	// failed is what the last search ended with, unless it was the credentials' fault, and
	// failures how many did so since the first at since.
	failed   *sdk.Error
	failures int
}

func newLocation() *location { return &location{turn: make(chan struct{}, 1)} }

// Endpoint is the server's address. It is searched for where it was not configured and is
// not known yet, by the mailbox, empty for the account's own; credentials that are refused
// then count as those of a request do.
func (c *Client) Endpoint(ctx context.Context, mailbox string) (*url.URL, error) {
	p, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer p.leave()
	u, failed := c.endpoint(ctx, mailbox)
	if failed != nil {
		x, err := c.unlocated(p, failed)
		if err == nil {
			err = x.refused
		}
		return nil, err
	}
	return u, nil
}

// endpoint is the server's address, which is searched for where it was not configured.
// Refused credentials are sent once in a search.
func (c *Client) endpoint(ctx context.Context, mailbox string) (*url.URL, *sdk.Error) {
	if c.opts.URL != nil {
		return c.opts.URL, nil
	}
	select {
	case c.found.turn <- struct{}{}:
		defer func() { <-c.found.turn }()
	case <-ctx.Done():
		return nil, sdk.CodeUnavailable.Wrap(ctx.Err(), "the call ended before the server was found")
	}
	if u, failed := c.found.known(c.opts.Now()); u != nil || failed != nil {
		return u, failed
	}
	u, err := c.opts.Locate(ctx, mailbox)
	if ctx.Err() == nil {
		c.found.note(u, err, c.opts.Now())
	}
	return u, err
}

// known is what was found, or why no search is to be made yet; both nil when it is time
// for one.
func (l *location) known(now time.Time) (*url.URL, *sdk.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := now.Sub(l.since) >= searchAgain
	switch {
	case l.failures >= maxSearches && !old:
		return nil, l.failed
	case l.url != nil && !(l.doubtful && old):
		return l.url, nil
	}
	return nil, nil
}

// note keeps what a search ended with.
func (l *location) note(u *url.URL, err *sdk.Error, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.url, l.since, l.doubtful, l.failures = u, now, false, 0
	case err.Code.Fault() != sdk.FaultCredentials:
		if l.failed = err; l.failures == 0 || now.Sub(l.since) >= searchAgain {
			l.failures, l.since = 0, now
		}
		l.failures++
	}
}

// mislead notes that the address that was found may have changed: nothing answers there.
func (c *Client) mislead(err error) {
	var sent *transport.Error
	if !errors.As(err, &sent) {
		return
	}
	switch sent.Kind {
	case transport.Resolve, transport.Connect, transport.TLS:
		c.found.mu.Lock()
		defer c.found.mu.Unlock()
		c.found.doubtful = true
	}
}

// forget lets the server be searched for again at once.
func (l *location) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures, l.since = 0, time.Time{}
}

// unlocated is a request whose server was not found: refused credentials count as those
// of a request do.
func (c *Client) unlocated(p pass, err *sdk.Error) (trip, error) {
	if err.Code != sdk.CodeCredentials {
		return trip{}, err
	}
	c.gate.strike(p, err)
	return trip{refused: err}, nil
}
