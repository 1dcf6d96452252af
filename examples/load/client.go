package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client asks the gateway.
type client struct {
	url, token string
	http       *http.Client
	figures    *figures
	// breaks: connections may break, because the gateway is going to be killed.
	breaks bool
	// patience is how long a request may go without an answer before it counts as lost.
	patience time.Duration
}

func newClient(url, token string, f *figures, breaks bool) *client {
	transport := &http.Transport{MaxIdleConns: 2 * writers, MaxIdleConnsPerHost: 2 * writers}
	return &client{
		url: url, token: token, figures: f, breaks: breaks, patience: 2 * time.Minute,
		http: &http.Client{Transport: transport, Timeout: time.Minute},
	}
}

// request is one to the gateway.
type request struct {
	method, path string
	header       map[string]string
	body         []byte
}

// answer is the gateway's.
type answer struct {
	status int
	etag   string
	body   []byte
	// unsure: an attempt before this one broke, so the gateway may have done already what
	// this answer is about.
	unsure bool
}

var errLost = errors.New("never got an answer")

// ask repeats a request until it is answered. Errors of the server's are noted as
// failures and repeated, as a real client would.
func (c *client) ask(ctx context.Context, r request) (answer, error) {
	unsure := false
	for began, pause := time.Now(), 50*time.Millisecond; ; pause = min(2*pause, time.Second) {
		sent := time.Now()
		a, err := c.once(ctx, r)
		switch {
		case ctx.Err() != nil:
			return a, ctx.Err()
		case err != nil:
			unsure = true
			c.figures.broken()
			if !c.breaks {
				c.figures.fail("%s %s: the connection broke: %v", r.method, r.path, err)
			}
		default:
			c.figures.answered(r.method, a.status, time.Since(sent))
			if a.status < 500 && a.status != http.StatusTooManyRequests {
				a.unsure = unsure
				return a, nil
			}
			if a.status >= 500 {
				c.figures.fail("%s %s is answered %d: %.200s", r.method, r.path, a.status, a.body)
				unsure = true
			}
		}
		if time.Since(began) > c.patience {
			return a, fmt.Errorf("%s %s %w", r.method, r.path, errLost)
		}
		rest(ctx, pause)
	}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (c *client) once(ctx context.Context, r request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	got, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return answer{status: got.StatusCode, etag: got.Header.Get("ETag"), body: body}, nil
}
