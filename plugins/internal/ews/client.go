package ews

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// maxAttempts bounds how often a request is sent whose credentials are refused.
	maxAttempts = 3
	// maxBusy bounds how long a request is sent again to a server that does not carry it
	// out because it is busy, but names short waits.
	maxBusy = 30 * time.Second
)

// Options configure a [Client]; URL, Auth and Transport are required.
type Options struct {
	// URL is the server's endpoint, usually https://server/EWS/Exchange.asmx; or, where it
	// is nil, Locate finds it when it is first needed, by the mailbox that a request is
	// about (empty for the account's own). Locate may send the credentials once.
	URL       *url.URL
	Locate    func(ctx context.Context, mailbox string) (*url.URL, *sdk.Error)
	Auth      Authorization
	Transport *transport.Client
	// Impersonate: the account acts as each mailbox's owner (ApplicationImpersonation)
	// instead of reaching into the mailbox with rights of its own.
	Impersonate bool
	// Forbidden explains a 403 to a request for the mailbox; nil for the explanation that
	// holds for servers on premises.
	Forbidden func(mailbox string, h http.Header) *sdk.Error
	// Connections is how many requests may be in flight; [DefaultConnections] by default.
	// Fewer are sent while the server complains.
	Connections int
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// Client speaks EWS with one account's credentials. It is safe for concurrent use.
type Client struct {
	opts   Options
	gate   *gate
	budget *budget
	found  *location
}

// New returns a client. It does no I/O.
func New(opts Options) *Client {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Client{opts: opts, gate: newGate(opts.Now), budget: newBudget(opts.Connections, opts.Now), found: newLocation()}
	opts.Transport.ReportBudget(c.budget.load)
	return c
}

// Impersonates reports whether requests are made as the mailboxes' owners. Then each
// works on one mailbox; with full access a request may work on many.
func (c *Client) Impersonates() bool { return c.opts.Impersonate }

// TryAgain lets credentials be tried again that were refused a moment ago, and a server
// be searched for that was not found.
func (c *Client) TryAgain() {
	c.gate.forget()
	c.found.forget()
}

// actingAs is the address of the user whom a request for the mailbox impersonates,
// empty for none.
func (c *Client) actingAs(mailbox string) string {
	if c.opts.Impersonate {
		return mailbox
	}
	return ""
}

// home is the mailbox's calendar as a request names it. Who acts as the owner names
// no mailbox: the calendar is the caller's own.
func (c *Client) home(mailbox string) distinguishedFolder {
	if c.opts.Impersonate {
		return calendarOf("")
	}
	return calendarOf(mailbox)
}

// Result is the answer to one of several things asked for in a request: a value or
// an error.
type Result[T any] struct {
	Value T
	Err   *sdk.Error
}

// call is a request on its way.
type call struct {
	req request
	// mailbox is the mailbox it works on; the server routes by it. others are those
	// that it works on besides, which only full access allows.
	mailbox string
	others  []string
	// write: the request changes something, and must not be repeated blindly.
	write bool
	// affinity leads to the server that holds subscriptions; nil for any server.
	affinity *Affinity
}

// turn is the mailbox in whose turn the request goes; empty for one on several.
func (q call) turn() string {
	if len(q.others) > 0 {
		return ""
	}
	return strings.ToLower(q.mailbox)
}

// ask sends a request and decodes the answer's messages, one for each of the
// things asked for; another number of messages is an error.
func ask[M message](ctx context.Context, c *Client, q call, want int) ([]M, ServerVersion, error) {
	body, err := encode(q.req, c.actingAs(q.mailbox))
	if err != nil {
		return nil, ServerVersion{}, sdk.CodeInternal.Wrap(err, "the request could not be written")
	}
	x, err := c.send(ctx, q, body)
	if err != nil {
		return nil, ServerVersion{}, err
	}
	q.affinity.learn(x.resp.Header)
	messages, v, refused := read[M](x.resp, q.req.operation(), c.opts.Now())
	v.Date, _ = http.ParseTime(x.resp.Header.Get("Date"))
	if x.resp.Status == http.StatusForbidden && refused != nil && c.opts.Forbidden != nil {
		refused = c.opts.Forbidden(q.mailbox, x.resp.Header)
	}
	if refused == nil && len(messages) != want {
		refused = sdk.CodeBadAnswer.New("the server answered %d of %d parts of a request", len(messages), want)
	}
	if complains(refused, messages) {
		c.complained(ctx, x.resp)
	}
	if refused != nil {
		c.heed(x.sent, refused)
		return nil, v, lost(refused, q.write)
	}
	for _, m := range messages {
		c.heed(x.sent, m.outcome().err())
	}
	return messages, v, nil
}

// heed makes the whole account wait when the server asks for it, and send less at a
// time when it complains. since is when the request was sent.
func (c *Client) heed(since time.Time, err *sdk.Error) {
	if err != nil && err.Code == sdk.CodeThrottled {
		c.budget.complain(since)
	}
	if err != nil && err.RetryAfter > 0 {
		c.gate.pause(err.RetryAfter)
	}
}

// lost turns the error of a write that the server may have carried out into one that
// says so: its answer could not be understood, or it failed on the way.
func lost(err *sdk.Error, write bool) error {
	if !write || err.Code != sdk.CodeBadAnswer && err.Code != sdk.CodeUnavailable {
		return err
	}
	return sdk.CodeOutcomeUnknown.Wrap(err, "%s, so a write may or may not have happened", err.Message).
		WithDetail(err.Detail).WithAdvice("%s", err.Advice).WithRetryAfter(err.RetryAfter)
}

// trip is a request's way there and back.
type trip struct {
	// sent is when it left: later than when it was made, if it had to wait.
	sent time.Time
	resp *transport.Response
	// refused is set when the server refused the credentials.
	refused *sdk.Error
}

// send sends the body until it is answered, or must not be sent again. The gate does
// the waiting in between.
func (c *Client) send(ctx context.Context, q call, body []byte) (trip, error) {
	var first time.Time
	for attempt := 1; ; attempt++ {
		x, err := c.once(ctx, q, body)
		if attempt == 1 {
			first = x.sent
		}
		switch {
		case err != nil:
			return trip{}, err
		case x.refused != nil && attempt >= maxAttempts:
			return trip{}, x.refused
		case x.refused != nil:
		case c.opts.Now().Sub(first) < maxBusy && c.shortPause(x):
		default:
			return x, nil
		}
	}
}

// once sends the body once, when its mailbox has its turn and the gate lets it through.
func (c *Client) once(ctx context.Context, q call, body []byte) (x trip, err error) {
	since := c.opts.Now()
	s, err := c.budget.acquire(ctx, q.turn())
	if err != nil {
		return trip{}, err
	}
	c.opts.Transport.Waited(ctx, transport.WaitSlot, since)
	since = c.opts.Now()
	defer func() { c.budget.release(s, strained(x.resp, err)) }()
	p, err := c.gate.enter(ctx)
	if err != nil {
		return trip{}, err
	}
	c.opts.Transport.Waited(ctx, transport.WaitPause, since)
	defer p.leave()
	x.sent = c.opts.Now()
	at, located := c.endpoint(ctx, q.mailbox)
	if located != nil {
		return c.unlocated(p, located)
	}
	h, err := c.header(ctx, q)
	if err != nil {
		return trip{}, err
	}
	if x.resp, err = c.post(ctx, q, at, h, body); err != nil {
		c.mislead(err)
		return trip{}, unreachable(err, q.write)
	}
	if x.resp.Status == http.StatusUnauthorized {
		x.refused = c.opts.Auth.explain(h, x.resp.Header)
		c.gate.strike(p, x.refused)
		return x, nil
	}
	// What a proxy may have said in the server's place proves nothing.
	if x.resp.Status == http.StatusOK || x.resp.Status == http.StatusInternalServerError {
		c.gate.accept()
	}
	return x, nil
}

// header is the request's, with the credentials.
func (c *Client) header(ctx context.Context, q call) (http.Header, error) {
	h := http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Accept": {"text/xml"}}
	if q.mailbox != "" {
		h.Set("X-AnchorMailbox", legal(q.mailbox))
	}
	q.affinity.apply(h)
	return h, c.opts.Auth.Authorize(ctx, h)
}

// post makes the HTTP request.
func (c *Client) post(ctx context.Context, q call, at *url.URL, h http.Header, body []byte) (*transport.Response, error) {
	meta := transport.Meta{Operation: "ews " + q.req.operation(), Idempotent: !q.write}
	if q.mailbox != "" {
		meta.Mailboxes = append([]string{q.mailbox}, q.others...)
	}
	return c.opts.Transport.Do(ctx, transport.Request{
		Method: http.MethodPost, URL: at.String(), Header: h, Body: body,
	}, meta)
}

// strained reports whether an answer, or its absence, tells that the server has too much
// to do.
func strained(resp *transport.Response, err error) bool {
	var sent *transport.Error
	if errors.As(err, &sent) {
		return sent.Kind == transport.Timeout
	}
	return resp != nil && (resp.Attempts > 1 || resp.Status == http.StatusTooManyRequests || resp.Status == http.StatusServiceUnavailable)
}

// momentaryPause is how long an account waits after a complaint that names no time.
const momentaryPause = time.Second

// shortPause reports whether the server did nothing and asks to wait a while that a
// request can sleep through; the gate makes everybody wait.
func (c *Client) shortPause(x trip) bool {
	if x.resp.Status != http.StatusInternalServerError {
		return false
	}
	_, _, err := read[Status](x.resp, "", c.opts.Now())
	if err == nil || err.Code != sdk.CodeThrottled || err.RetryAfter > maxPause {
		return false
	}
	c.heed(x.sent, err)
	if err.RetryAfter == 0 {
		c.gate.pause(momentaryPause)
	}
	return true
}

// read decodes an answer whatever its HTTP status: faults come with 500.
func read[M message](resp *transport.Response, operation string, now time.Time) ([]M, ServerVersion, *sdk.Error) {
	var soap answer[M]
	if err := decode(resp.Body, &soap); err != nil || soap.Body == nil {
		return nil, soap.Version, refusal(resp, now)
	}
	messages, err := soap.messages(operation)
	return messages, soap.Version, err
}

// messages are the answer's messages, if it is the answer to the operation.
func (a answer[M]) messages(operation string) ([]M, *sdk.Error) {
	if a.Body.Fault != nil {
		return nil, a.Body.Fault.err()
	}
	r := a.Body.Response
	if r == nil || r.XMLName.Local != operation+"Response" || r.Messages == nil {
		return nil, sdk.CodeBadAnswer.New("the server answered another question than the one asked")
	}
	return r.Messages.List, nil
}
