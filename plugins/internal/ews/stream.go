package ews

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// MaxStreamed is the most subscriptions that one stream serves.
	MaxStreamed = 200
	// streamMinutes is how long a server keeps a stream open: the most it allows.
	streamMinutes = 30
	// streamSilence is how long a stream may be silent: servers show that they live
	// every 45 seconds or so.
	streamSilence = 2 * time.Minute
	// maxRefusal bounds an answer that is not a stream.
	maxRefusal = 1 << 20
)

// StreamEvent is what one envelope of a stream says; one without a field set says that
// the stream lives.
type StreamEvent struct {
	// Changed are subscriptions whose calendar changed.
	Changed []string
	// Lost are subscriptions that are no more, with what happened to them, or that missed
	// changes. The stream ends.
	Lost []string
}

// Stream follows subscriptions, at most [MaxStreamed], until the server closes the
// stream, which it does after half an hour: then it returns nil. It is opened as the
// affinity's anchor, whose limit of open connections counts then, and not the account's.
func (c *Client) Stream(ctx context.Context, subscriptions []string, a *Affinity, take func(StreamEvent) error) error {
	req := getStreamingEvents{IDs: subscriptions, Minutes: streamMinutes}
	stream, err := c.openStream(ctx, call{req: req, mailbox: a.Anchor, affinity: a})
	if err != nil {
		return err
	}
	defer stream.Close()
	envelopes := newEnvelopes(stream.Body)
	for {
		message, err := envelopes.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return broken(err)
		}
		event, refused := message.event()
		if refused != nil {
			c.heed(c.opts.Now(), refused)
			return refused
		}
		if err := take(event); err != nil {
			return err
		}
		if len(event.Lost) > 0 || message.Connection == connectionClosed {
			return nil
		}
	}
}

// openStream sends the request and checks that a stream comes back.
func (c *Client) openStream(ctx context.Context, q call) (*transport.Stream, error) {
	body, err := encode(q.req, c.actingAs(q.mailbox))
	if err != nil {
		return nil, sdk.CodeInternal.Wrap(err, "the request could not be written")
	}
	p, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer p.leave()
	at, located := c.endpoint(ctx, q.mailbox)
	if located != nil {
		_, err := c.unlocated(p, located)
		return nil, cmp.Or(err, error(located))
	}
	h, err := c.header(ctx, q)
	if err != nil {
		return nil, err
	}
	stream, err := c.opts.Transport.Stream(ctx, transport.Request{
		Method: http.MethodPost, URL: at.String(), Header: h, Body: body,
	}, "ews "+q.req.operation(), streamSilence)
	if err != nil {
		c.mislead(err)
		return nil, unreachable(err, false)
	}
	if stream.Status == http.StatusOK {
		c.gate.accept()
		return stream, nil
	}
	defer stream.Close()
	return nil, c.refusedStream(p, q, h, stream)
}

// refusedStream explains an answer that is not a stream.
func (c *Client) refusedStream(p pass, q call, sent http.Header, stream *transport.Stream) error {
	if stream.Status == http.StatusUnauthorized {
		err := c.opts.Auth.explain(sent, stream.Header)
		c.gate.strike(p, err)
		return err
	}
	body, err := io.ReadAll(io.LimitReader(stream.Body, maxRefusal))
	if err != nil {
		return broken(err)
	}
	resp := &transport.Response{Status: stream.Status, Header: stream.Header, Body: body}
	if resp.Status == http.StatusForbidden && c.opts.Forbidden != nil {
		return c.opts.Forbidden(q.mailbox, resp.Header)
	}
	_, _, refused := read[streamMessage](resp, q.req.operation(), c.opts.Now())
	if refused == nil {
		refused = sdk.CodeBadAnswer.New("the server answered a stream of notifications with HTTP %d", resp.Status)
	}
	c.heed(c.opts.Now(), refused)
	return refused
}

// broken is the error of a stream that ended before its time.
func broken(err error) error {
	var sent *transport.Error
	if errors.As(err, &sent) {
		return unreachable(err, false)
	}
	return sdk.CodeBadAnswer.Wrap(err, "the server's stream of notifications could not be understood")
}
