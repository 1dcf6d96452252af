package exchangeonline

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// maxParts is the most requests a $batch may hold.
	maxParts = 20
	// batchesAtOnce is how many batches of one call are in flight.
	batchesAtOnce = 4
	// partAttempts is how often a part is sent at most.
	partAttempts = 4
)

// part is one request of a $batch.
type part struct {
	mailbox string
	method  string
	// path is below the base: "/users/…".
	path    string
	headers map[string]string
	body    any
	// done is called once, with the part's answer or its error, possibly from another
	// goroutine than the one that started the batch.
	done func(partAnswer)

	attempts int
	// unsure is as in partAnswer.
	unsure bool
}

// partAnswer is the answer to one part.
type partAnswer struct {
	status int
	body   []byte
	refusedWith
	// err is nil for a status below 300.
	err *sdk.Error
	// unsure: an earlier attempt was not answered for certain, and may have had its
	// effect whatever this answer says.
	unsure bool
}

// job is what a batch is for.
type job struct {
	// name is its name in traces.
	name string
	// chains: many parts of one mailbox may be sent as a chain, in which each waits for
	// the one before it. Not for jobs whose parts are expected to be refused: a refusal
	// breaks the chain.
	chains bool
}

var (
	jobDelta   = job{name: "delta"}
	jobGet     = job{name: "get"}
	jobHydrate = job{name: "hydrate", chains: true}
	jobCheck   = job{name: "check", chains: true}
	jobWrite   = job{name: "write", chains: true}
)

// batch sends parts, 20 to a request, and repeats those that the server puts off,
// each by its own Retry-After. Every part's done is called, unless the account is
// stopped: then the error is returned.
func (s *session) batch(ctx context.Context, what job, parts []*part) *sdk.Error {
	for len(parts) > 0 {
		again, err := s.round(ctx, what, parts)
		if err != nil {
			return err
		}
		parts = again.parts
		if len(parts) == 0 {
			return nil
		}
		if err := transport.Sleep(ctx, again.after); err != nil {
			return sdk.CodeUnavailable.Wrap(err, "gave up waiting for the server")
		}
	}
	return nil
}

// putOff is what a round of batches leaves to be sent again, and after what wait.
type putOff struct {
	parts []*part
	after time.Duration
}

func (s *session) round(ctx context.Context, what job, parts []*part) (putOff, *sdk.Error) {
	chunks := spread(parts, s.perMailbox, what.chains)
	results := make([]putOff, len(chunks))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(batchesAtOnce)
	for i, chunk := range chunks {
		group.Go(func() error {
			var err *sdk.Error
			if results[i], err = s.sendBatch(groupCtx, what, chunk); err != nil {
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return putOff{}, asSDK(err)
	}
	var all putOff
	for _, r := range results {
		all.parts = append(all.parts, r.parts...)
		all.after = max(all.after, r.after)
	}
	return all, nil
}

// sendBatch sends one batch. The error is one of the account; what concerns the
// parts goes to them.
func (s *session) sendBatch(ctx context.Context, what job, c chunk) (putOff, *sdk.Error) {
	var later putOff
	c.parts = s.awake(c.parts, &later)
	if len(c.parts) == 0 {
		return later, nil
	}
	responses, got, err := s.exchange(ctx, what, c)
	if err != nil && stopsAccount(err) {
		return later, err
	}
	for i, p := range c.parts {
		a := partAnswer{err: err}
		if err == nil {
			a = s.partAnswer(p, responses[strconv.Itoa(i)], got.token)
		}
		p.unsure = p.unsure || got.repeated
		if c.chain && i > 0 && a.status == http.StatusFailedDependency {
			later.add(p, 0) // it was not tried: one before it was refused
			continue
		}
		p.attempts++
		a.unsure = p.unsure
		if a.status == http.StatusTooManyRequests {
			s.client.Throttled(ctx, a.status)
		}
		if wait, again := s.again(p, a); again {
			transport.Retrying(ctx, string(a.err.Code), p.attempts+1, wait)
			p.unsure = p.unsure || a.status >= 500
			later.add(p, wait)
			continue
		}
		if a.err != nil && stopsAccount(a.err) {
			return later, a.err
		}
		p.done(a)
	}
	return later, nil
}

// awake puts off the parts of mailboxes that the server asked to leave alone.
func (s *session) awake(parts []*part, later *putOff) []*part {
	var ready []*part
	for _, p := range parts {
		switch left := s.pauses.left(p.mailbox, s.now()); {
		case left == 0:
			ready = append(ready, p)
		case left > maxPause:
			p.done(partAnswer{err: paused(p.mailbox, left), unsure: p.unsure})
		default:
			later.add(p, left)
		}
	}
	return ready
}

func (l *putOff) add(p *part, wait time.Duration) {
	l.parts = append(l.parts, p)
	l.after = max(l.after, wait)
}

// exchange sends the batch and answers its responses by id. A batch that answers
// for something else than was asked is not understood at all (A5).
func (s *session) exchange(ctx context.Context, what job, c chunk) (map[string]batchAnswer, answer, *sdk.Error) {
	var body batchRequest
	var mailboxes []string
	for i, p := range c.parts {
		item := batchPart{ID: strconv.Itoa(i), Method: p.method, URL: p.path, Headers: p.allHeaders(), Body: p.body}
		if c.chain && i > 0 {
			item.DependsOn = []string{strconv.Itoa(i - 1)}
		}
		body.Requests = append(body.Requests, item)
		if !c.chain || !slices.Contains(mailboxes, p.mailbox) {
			mailboxes = append(mailboxes, p.mailbox)
		}
	}
	got, _, err := s.send(ctx, request{
		operation: what.name, mailboxes: mailboxes, method: http.MethodPost, url: s.link("/$batch"), body: body,
	})
	if err != nil {
		return nil, got, err
	}
	byID, err := readBatch(got.body, len(c.parts))
	return byID, got, err
}

// allHeaders are the part's headers with those that every part has.
func (p *part) allHeaders() map[string]string {
	headers := map[string]string{"Prefer": prefer}
	if p.body != nil {
		headers["Content-Type"] = "application/json"
	}
	maps.Copy(headers, p.headers)
	return headers
}

// partAnswer judges one part's answer. A token that is refused inside an accepted batch
// is dropped, as outside.
func (s *session) partAnswer(p *part, r batchAnswer, token string) partAnswer {
	a := partAnswer{status: r.Status, body: plainBody(r.Body)}
	if r.Status >= 200 && r.Status < 300 {
		if !a.isGraphs() {
			a.err = badAnswer("a part of a batch was answered by something that is not Microsoft Graph")
		}
		return a
	}
	a.refusedWith = readRefusal(r.Status, a.body)
	a.err = a.refusedWith.err()
	header := http.Header{}
	for k, v := range r.Headers {
		header.Set(k, v)
	}
	if r.Status == http.StatusUnauthorized {
		s.tokens.drop(token, challenge(header))
	}
	if wait, said := transport.RetryAfter(header, s.now()); said {
		a.err = a.err.WithRetryAfter(wait)
		s.pauses.set(p.mailbox, s.now().Add(wait))
	}
	return a
}

// isGraphs reports whether the body is what Graph answers with success: an object, or
// nothing. A proxy's page in its place must not be taken for a deletion done.
func (a partAnswer) isGraphs() bool {
	body := bytes.TrimSpace(a.body)
	nothing := len(body) == 0 || string(body) == "null"
	return nothing || body[0] == '{' && json.Valid(body)
}

// again decides whether a part is sent again, and after what wait; with another token
// once.
func (s *session) again(p *part, a partAnswer) (time.Duration, bool) {
	if a.err == nil || p.attempts >= partAttempts {
		return 0, false
	}
	switch a.status {
	case http.StatusUnauthorized:
		return 0, p.attempts == 1
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout, http.StatusFailedDependency:
	default:
		return 0, false
	}
	if a.err.RetryAfter > maxPause {
		return 0, false
	}
	if a.err.RetryAfter > 0 {
		return a.err.RetryAfter, true
	}
	return transport.Backoff(p.attempts), true
}

// asSDK returns an error of a group in the contract's terms.
func asSDK(err error) *sdk.Error {
	if e, ok := err.(*sdk.Error); ok {
		return e
	}
	return sdk.CodeUnavailable.Wrap(err, "the call was ended")
}
