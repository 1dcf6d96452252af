package ntlm

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// attemptsAtOnce is how many handshakes may prove the password at a time: should it
// have changed while every connection was lost, few attempts are made with the old one.
const attemptsAtOnce = 2

// attemptTime is how long a handshake may hold up others.
const attemptTime = 5 * time.Second

// Options configure a [Transport]; Base, Username and Password are required.
type Options struct {
	// Base is how connections are made; each gets a copy of it that speaks HTTP/1.1.
	Base *http.Transport
	// Username is DOMAIN\user or user@domain.
	Username, Password string
	// NoChannelBinding leaves the binding to the server's certificate out, for proxies that
	// end TLS with a certificate of their own. Servers whose Extended Protection is
	// required refuse that, those where it is allowed take it.
	NoChannelBinding bool
	// Idle is how many connections are kept open between requests; 20 by default.
	Idle int
}

// Error is a handshake that did not come to the point where credentials are proven.
// Nothing was carried out.
type Error struct {
	// Reason says what went wrong, for people.
	Reason string
	cause  error
}

// Error says what went wrong.
func (e *Error) Error() string { return "NTLM: " + e.Reason }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Transport sends requests over connections that are signed in as one user. It is safe
// for concurrent use.
type Transport struct {
	opts     Options
	attempts *semaphore.Weighted

	mu   sync.Mutex
	idle []*lane
	// refusals counts attempts that the server refused; last is the latest answer.
	refusals int
	last     *refusal
}

// refusal is the server's 401 to an attempt, without a connection behind it.
type refusal struct {
	header http.Header
}

// New returns a transport. It does no I/O.
func New(opts Options) *Transport {
	if opts.Idle == 0 {
		opts.Idle = 20
	}
	return &Transport{opts: opts, attempts: semaphore.NewWeighted(attemptsAtOnce)}
}

// RoundTrip sends a request over a signed-in connection. A 401 is what the server says
// to the credentials, or to NTLM itself.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	l := t.take(r.URL.Scheme + "://" + r.URL.Host)
	resp, err := l.exchange(r, body)
	if err != nil {
		l.close()
		return nil, err
	}
	// The connection is free for others once the answer has been read.
	resp.Body = &released{ReadCloser: resp.Body, lane: l, owner: t}
	resp.Request = r
	return resp, nil
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	return body, errors.Join(err, r.Body.Close())
}

// CloseIdleConnections drops the connections that carry no request.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	for _, l := range idle {
		l.close()
	}
}

// take finds a connection to the server that carries no request, the last one used
// first, or makes one.
func (t *Transport) take(server string) *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.idle) - 1; i >= 0; i-- {
		if l := t.idle[i]; l.server == server {
			t.idle = append(t.idle[:i], t.idle[i+1:]...)
			return l
		}
	}
	return &lane{owner: t, server: server, http: single(t.opts.Base)}
}

// give takes a connection back; those beyond the number to keep are closed.
func (t *Transport) give(l *lane) {
	t.mu.Lock()
	t.idle = append(t.idle, l)
	var surplus *lane
	if len(t.idle) > t.opts.Idle {
		surplus, t.idle = t.idle[0], t.idle[1:]
	}
	t.mu.Unlock()
	if surplus != nil {
		surplus.close()
	}
}

// seen is the number of refused attempts so far.
func (t *Transport) seen() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusals
}

// refusedSince is the latest refusal, if there was one since seen said so.
func (t *Transport) refusedSince(before int, r *http.Request) *http.Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refusals == before {
		return nil
	}
	return &http.Response{
		Status: "401 Unauthorized", StatusCode: http.StatusUnauthorized,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: t.last.header.Clone(), Body: io.NopCloser(bytes.NewReader(nil)), Request: r,
	}
}

func (t *Transport) noteRefusal(resp *http.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusals++
	t.last = &refusal{header: resp.Header.Clone()}
}

// single is a copy of base that keeps one connection, and speaks HTTP/1.1 only: HTTP/2
// carries many users' requests over one connection.
func single(base *http.Transport) *http.Transport {
	one := base.Clone()
	one.ForceAttemptHTTP2 = false
	one.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	one.Protocols = new(http.Protocols)
	one.Protocols.SetHTTP1(true)
	if one.TLSClientConfig != nil {
		one.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	one.DisableKeepAlives = false
	one.MaxConnsPerHost, one.MaxIdleConnsPerHost, one.MaxIdleConns = 1, 1, 1
	return one
}

// released gives a connection back when the answer it carries was closed.
type released struct {
	io.ReadCloser
	lane  *lane
	owner *Transport
	once  sync.Once
}

// Close closes the answer's body.
func (b *released) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.owner.give(b.lane) })
	return err
}
