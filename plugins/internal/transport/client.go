package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
)

// Options configure a [Client]. The zero value is usable.
type Options struct {
	// Account is "provider/service": whose requests traces and metrics say these are.
	// Without it they are nobody's.
	Account string
	// Base makes the connections; nil means TLS by the system's roots, proxies from
	// the environment, and bounded dialling and handshakes.
	Base http.RoundTripper
	// RootCAs are the only authorities whose certificates are trusted, nil for the
	// system's. It has no effect together with Base.
	RootCAs *x509.CertPool
	// UserAgent is sent with every request. Operators put it on allow lists, so it
	// must not change from request to request.
	UserAgent string
	// Timeout bounds one attempt, its body included; 60 seconds by default.
	Timeout time.Duration
	// MaxBody bounds an answer's body in bytes, unpacked; 32 MiB by default.
	MaxBody int64
	// PerMailbox is how many requests may be in flight for one mailbox; 3 by
	// default, one below Exchange Online's limit.
	PerMailbox int
	// PerAccount is how many requests of this client may be in flight; 8 by default.
	PerAccount int
	// Pool bounds the requests in flight of several clients together; nil for no bound.
	Pool *Pool
	// Attempts is how often a request is sent at most; 4 by default.
	Attempts int
	// MaxWait is the longest wait between two attempts; 10 seconds by default. A
	// server that asks for more gets its answer returned instead.
	MaxWait time.Duration
	// Now is the clock for Retry-After dates; time.Now by default.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Base == nil {
		o.Base = Connections(o.RootCAs)
	}
	o.UserAgent = or(o.UserAgent, "trainercal")
	o.Timeout = or(o.Timeout, 60*time.Second)
	o.MaxBody = or(o.MaxBody, 32<<20)
	o.PerMailbox = or(o.PerMailbox, 3)
	o.PerAccount = or(o.PerAccount, 8)
	o.Attempts = or(o.Attempts, 4)
	o.MaxWait = or(o.MaxWait, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Connections is how connections are made where [Options] has no Base:
// http.DefaultTransport's settings with more connections kept for the one or two hosts an
// account talks to, and a bound on waiting for the handshake. roots are the only
// authorities trusted, nil for the system's.
func Connections(roots *x509.CertPool) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	t.MaxIdleConnsPerHost = 16
	t.TLSHandshakeTimeout = 10 * time.Second
	return t
}

// Client sends the requests of one account. It is safe for concurrent use.
type Client struct {
	opts      Options
	http      *http.Client
	account   *semaphore.Weighted
	mailboxes *keyed
	measures  *measures
}

// New returns a client.
func New(opts Options) *Client {
	opts = opts.withDefaults()
	m := newMeasures(opts.Account, opts.PerAccount)
	return &Client{
		opts: opts, measures: m,
		http: &http.Client{
			Transport:     traced(opts.Base, m),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		account:   semaphore.NewWeighted(int64(opts.PerAccount)),
		mailboxes: newKeyed(int64(opts.PerMailbox)),
	}
}

// Close drops idle connections, and ends the client's measuring.
func (c *Client) Close() {
	c.measures.close()
	if t, ok := c.opts.Base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Request is an HTTP request that can be sent more than once.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Meta is what the client must know of a request beyond HTTP.
type Meta struct {
	// Operation names the request in traces, for example "graph delta" or
	// "ews FindItem". It must not name a mailbox.
	Operation string
	// Mailboxes are the mailboxes the request works on, once for each of its parts
	// that may run in parallel there; each takes a slot of its mailbox.
	Mailboxes []string
	// Idempotent requests may be repeated when their outcome is unknown.
	Idempotent bool
}

// Response is an answer that has been read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Attempts is how often the request was sent; above 1 an earlier attempt may
	// have had its effect.
	Attempts int
}

// Do sends a request, repeating it where that is allowed and promises something,
// and answers the last response whatever its status. An error is always an
// *[Error].
func (c *Client) Do(ctx context.Context, req Request, meta Meta) (*Response, error) {
	id := uuid.NewString()
	maybeDone := false
	for attempt := 1; ; attempt++ {
		resp, err := c.attempt(ctx, req, meta, id)
		if resp != nil {
			resp.Attempts = attempt
		}
		maybeDone = remember(err, maybeDone)
		c.noted(ctx, resp)
		wait, again := c.again(attempt, meta, resp, err)
		if !again {
			return resp, err
		}
		Retrying(ctx, reasonOf(resp, err), attempt+1, wait)
		if waitErr := Sleep(ctx, wait); waitErr != nil {
			if resp != nil {
				return resp, nil
			}
			return nil, err
		}
	}
}

// attempt sends a request once, within the limits.
func (c *Client) attempt(ctx context.Context, req Request, meta Meta, id string) (*Response, error) {
	since := c.opts.Now()
	release, err := c.acquire(ctx, meta.Mailboxes)
	if err != nil {
		return nil, &Error{Kind: Cancelled, Host: hostOf(req.URL), cause: err}
	}
	defer release()
	c.Waited(ctx, WaitSlot, since)
	c.measures.inUse.Add(1)
	defer c.measures.inUse.Add(-1)
	attemptCtx, cancel := context.WithTimeout(withOperation(ctx, meta.Operation), c.opts.Timeout)
	defer cancel()
	out, err := c.build(attemptCtx, req, id)
	if err != nil {
		return nil, &Error{Kind: Invalid, Host: hostOf(req.URL), cause: redact(err)}
	}
	resp, err := c.http.Do(out)
	if err != nil {
		return nil, classify(ctx, hostOf(req.URL), err)
	}
	return c.read(ctx, resp)
}

func (c *Client) build(ctx context.Context, req Request, id string) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, req.Method, req.URL, bytes.NewReader(req.Body))
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	for k, v := range req.Header {
		out.Header[k] = v
	}
	out.Header.Set("User-Agent", c.opts.UserAgent)
	out.Header.Set("client-request-id", id)
	out.Header.Set("return-client-request-id", "true")
	return out, nil
}

// read takes the whole body, or refuses it when it is larger than allowed.
func (c *Client) read(ctx context.Context, resp *http.Response) (*Response, error) {
	defer resp.Body.Close()
	host := resp.Request.URL.Host
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.opts.MaxBody+1))
	if err != nil {
		return nil, classify(ctx, host, err)
	}
	if int64(len(body)) > c.opts.MaxBody {
		return nil, &Error{Kind: TooLarge, Host: host}
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// acquire takes the slots of a request; release gives them back.
func (c *Client) acquire(ctx context.Context, mailboxes []string) (release func(), err error) {
	freeMailboxes, err := c.mailboxes.acquire(ctx, mailboxes)
	if err != nil {
		return nil, err
	}
	// The account's slots come later, and what is shared by all accounts last, so that a
	// request that waits for its mailbox does not keep others from the server.
	if err := c.account.Acquire(ctx, 1); err != nil {
		freeMailboxes()
		return nil, err
	}
	free := func() {
		c.account.Release(1)
		freeMailboxes()
	}
	if c.opts.Pool == nil {
		return free, nil
	}
	if err := c.opts.Pool.acquire(ctx, c); err != nil {
		free()
		return nil, err
	}
	return func() {
		c.opts.Pool.release()
		free()
	}, nil
}
