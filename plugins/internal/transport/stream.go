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
	alarm  *time.Timer
}

// Close ends the answer, whether it was read to its end or not.
func (s *Stream) Close() {
	s.alarm.Stop()
	s.cancel()
	_ = s.body.Close() // a broken connection is what was asked for
}

// Stream sends a request once and answers its response's head; the body follows. silence
// is the longest wait for the head, and for each byte of the body. A stream takes none
// of the slots of [Client.Do]: it lasts too long. An error is an *[Error].
func (c *Client) Stream(ctx context.Context, req Request, operation string, silence time.Duration) (*Stream, error) {
	host := hostOf(req.URL)
	call, cancel := context.WithCancel(withOperation(ctx, operation))
	out, err := c.build(call, req, uuid.NewString())
	if err != nil {
		cancel()
		return nil, &Error{Kind: Invalid, Host: host, cause: redact(err)}
	}
	quiet := &quiet{host: host, ctx: ctx, call: call, silence: silence}
	alarm := time.AfterFunc(silence, func() { quiet.rang.Store(true); cancel() })
	resp, err := c.http.Do(out)
	if err != nil {
		alarm.Stop()
		cancel()
		return nil, quiet.explain(err)
	}
	quiet.body, quiet.alarm = resp.Body, alarm
	return &Stream{
		Status: resp.StatusCode, Header: resp.Header, Body: quiet,
		body: resp.Body, cancel: cancel, alarm: alarm,
	}, nil
}
