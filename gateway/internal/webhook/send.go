package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Bounds of an attempt, and between two of them.
const (
	attemptTimeout = 15 * time.Second
	maxHeaderBytes = 64 << 10
	// maxAnswerBytes is how much of an answer is read, so that the connection can be used
	// again; it means nothing.
	maxAnswerBytes = 64 << 10
	firstWait      = 5 * time.Second
	maxWait        = 3 * time.Hour
	maxRetryAfter  = 24 * time.Hour
)

// client sends requests: no redirect is followed, so that what is signed for one address
// reaches no other.
func (s *Sender) client() (client *http.Client, stop func()) {
	transport, stop := s.Transport, func() {}
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		own.MaxResponseHeaderBytes = maxHeaderBytes
		transport, stop = own, own.CloseIdleConnections
	}
	return &http.Client{
		Transport: transport, Timeout: attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, stop
}

// answer is what came of an attempt.
type answer struct {
	taken bool
	// gone: the receiver wants to hear nothing any more.
	gone bool
	// reason says why it was not taken, without address or secret.
	reason     string
	retryAfter time.Duration
}

// send makes one attempt.
func (r *receiver) send(ctx context.Context, m outgoing) answer {
	req, err := r.request(ctx, m)
	if err != nil {
		return answer{reason: reasonOf(err)}
	}
	res, err := r.client.Do(req)
	if err != nil {
		return answer{reason: reasonOf(err)}
	}
	defer func() { _ = res.Body.Close() }() // only read from
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswerBytes)
	switch {
	case res.StatusCode/100 == 2:
		return answer{taken: true}
	case res.StatusCode == http.StatusGone:
		return answer{gone: true, reason: "it answered 410 Gone"}
	}
	return answer{
		reason:     fmt.Sprintf("it answered %d %s", res.StatusCode, http.StatusText(res.StatusCode)),
		retryAfter: retryAfter(res.Header.Get("Retry-After"), r.Now()),
	}
}

// request signs a message for one attempt.
func (r *receiver) request(ctx context.Context, m outgoing) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.hook.URL, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	at := r.Now()
	signature, err := r.signer.Sign(m.id, at, m.body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "trainercal-gateway")
	req.Header.Set(standardwebhooks.HeaderWebhookID, m.id)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return req, nil
}

// reasonOf says what went wrong without the address, which may hold a secret.
func reasonOf(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		if of.Timeout() {
			return fmt.Sprintf("it did not answer within %s", attemptTimeout)
		}
		err = of.Err
	}
	return fmt.Sprintf("it could not be reached: %s", err)
}

// backoff is how long to wait after an attempt: twice as long each time, up to hours, and
// somewhere in the upper half of that, so that receivers are not called all at once.
func backoff(attempt int) time.Duration {
	wait := firstWait
	for range attempt - 1 {
		if wait *= 2; wait >= maxWait {
			wait = maxWait
			break
		}
	}
	return wait/2 + rand.N(wait/2+1)
}

// retryAfter is how long the receiver asks to be left alone, by a number of seconds or a
// date (RFC 9110, 10.2.3); zero when it does not.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
