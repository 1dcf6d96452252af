package transport

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Stream is an answer that goes on for as long as its server likes.
type Stream struct {
	Status int
	Header http.Header
	// Body is read as it comes. A read that waits longer for the next byte than the
	// silence allowed fails as a time-out. Its errors are an *[Error].
	Body io.Reader

	body   io.Closer
	cancel context.CancelFunc
	// unbind ends the hold that the caller's context has on the stream.
	unbind func() bool
	alarm  *time.Timer
}

// Close ends the answer, whether it was read to its end or not.
func (s *Stream) Close() {
	s.alarm.Stop()
	s.unbind()
	s.cancel()
	_ = s.body.Close() // a broken connection is what was asked for
}

// headGrace is how long the head of a stream is awaited whose caller has gone: a request
// that is given up on its way may reach the server after the next one, and take over
// what that one is to read.
const headGrace = 2 * time.Second

// Stream sends a request once and answers its response's head; the body follows. silence
// is the longest wait for the head, and for each byte of the body. A stream takes none
// of the slots of [Client.Do]: it lasts too long. When ctx ends while the head is awaited,
// Stream waits for it a moment longer, so that no request of it comes to the server after
// it returned. An error is an *[Error].
func (c *Client) Stream(ctx context.Context, req Request, operation string, silence time.Duration) (*Stream, error) {
	host := hostOf(req.URL)
	if err := ctx.Err(); err != nil {
		return nil, classify(ctx, host, err)
	}
	call, cancel := context.WithCancel(context.WithoutCancel(withOperation(ctx, operation)))
	out, err := c.build(call, req, uuid.NewString())
	if err != nil {
		cancel()
		return nil, &Error{Kind: Invalid, Host: host, cause: redact(err)}
	}
	quiet := &quiet{host: host, ctx: ctx, call: call, silence: silence}
	quiet.alarm = time.AfterFunc(silence, func() { quiet.rang.Store(true); cancel() })
	resp, err := c.head(ctx, out, quiet.alarm)
	if err != nil {
		quiet.alarm.Stop()
		cancel()
		return nil, quiet.explain(err)
	}
	quiet.body = resp.Body
	return &Stream{
		Status: resp.StatusCode, Header: resp.Header, Body: quiet,
		body: resp.Body, cancel: cancel, unbind: context.AfterFunc(ctx, cancel), alarm: quiet.alarm,
	}, nil
}

// head sends a stream's request and awaits its answer's head until the alarm rings, which
// is soon once ctx has ended.
func (c *Client) head(ctx context.Context, out *http.Request, alarm *time.Timer) (*http.Response, error) {
	stop := context.AfterFunc(ctx, func() { alarm.Reset(headGrace) })
	defer stop()
	resp, err := c.http.Do(out)
	if err == nil && ctx.Err() != nil {
		_ = resp.Body.Close() // nobody reads it
		return nil, ctx.Err()
	}
	return resp, err
}
