package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// client asks the gateway on behalf of one provider.
type client struct {
	url, token, provider string
	http                 *http.Client
}

// problem is an answer that is none (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
	// after is when to try again.
	after time.Duration
}

// Error names every field that is wrong.
func (p *problem) Error() string {
	text := fmt.Sprintf("the gateway answers %d %s: %s", p.Status, p.Title, p.Detail)
	for _, e := range p.Errors {
		text += fmt.Sprintf("\n  %s %s", e.Location, e.Message)
	}
	return text
}

// answered reports whether an error is an answer of this status.
func answered(err error, status int) bool {
	var p *problem
	return errors.As(err, &p) && p.Status == status
}

// passing reports whether a request may succeed later as it is: the gateway could not
// be reached or is starting, or asks for patience.
func passing(err error) bool {
	var p *problem
	return !errors.As(err, &p) || p.Status == http.StatusTooManyRequests || p.Status >= 500
}

// try asks until the gateway answers. Every request of this program may be repeated:
// upserts and deletions have the same effect twice as once.
func (c *client) try(ctx context.Context, method, path string, header http.Header, body []byte, out any) (http.Header, error) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		answer, err := c.ask(ctx, method, path, header, body, out)
		if err == nil || !passing(err) || ctx.Err() != nil {
			return answer, err
		}
		pause := wait
		if p := (*problem)(nil); errors.As(err, &p) {
			pause = max(pause, p.after)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// ask makes one request; path may have a query. out is what to read the answer into.
func (c *client) ask(ctx context.Context, method, path string, header http.Header, body []byte, out any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the gateway: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("read the gateway's answer: %w", err)
	}
	if answer.StatusCode >= 300 {
		return answer.Header, problemOf(answer, data)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return nil, fmt.Errorf("read the gateway's answer: %w", err)
		}
	}
	return answer.Header, nil
}

func problemOf(answer *http.Response, data []byte) error {
	p := &problem{}
	if json.Unmarshal(data, p) != nil || p.Title == "" {
		p.Title = http.StatusText(answer.StatusCode)
	}
	p.Status = answer.StatusCode
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	p.after = time.Duration(seconds) * time.Second
	return p
}
