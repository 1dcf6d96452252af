package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
)

// Kind says at which stage a request failed.
type Kind string

// The kinds of an [Error].
const (
	// Invalid: the request could not be built; nothing was sent.
	Invalid Kind = "invalid request"
	// Resolve: the server's name was not found.
	Resolve Kind = "name not resolved"
	// Connect: no connection to the server.
	Connect Kind = "no connection"
	// TLS: the server's certificate or handshake was refused.
	TLS Kind = "TLS refused"
	// Lost: the connection broke after the request may have been sent.
	Lost Kind = "connection lost"
	// Timeout: no answer in time; the request may have been carried out.
	Timeout Kind = "no answer in time"
	// TooLarge: the answer's body is larger than allowed.
	TooLarge Kind = "answer too large"
	// Cancelled: the caller gave up.
	Cancelled Kind = "cancelled"
)

// Error is a request that got no usable answer. Its text names the server only.
type Error struct {
	Kind Kind
	// Host is the server's host and port.
	Host string

	cause error
	// earlier: an attempt before the last may have been carried out.
	earlier bool
}

// Error says what happened at which server.
func (e *Error) Error() string { return e.Host + ": " + string(e.Kind) }

// Unwrap returns the cause, without the URL.
func (e *Error) Unwrap() error { return e.cause }

// MaybeDone reports whether the server may have carried the request out, in this
// attempt or an earlier one.
func (e *Error) MaybeDone() bool {
	if e.earlier {
		return true
	}
	switch e.Kind {
	case Lost, Timeout, TooLarge, Cancelled:
		return true
	}
	return false
}

// remember marks err with what is known of earlier attempts, and returns what is
// known after it.
func remember(err error, earlier bool) bool {
	var e *Error
	if !errors.As(err, &e) {
		return earlier
	}
	e.earlier = earlier
	return e.MaybeDone()
}

// repeatable reports whether the request may be sent again.
func (e *Error) repeatable(idempotent bool) bool {
	switch e.Kind {
	case Connect, Resolve:
		return true
	case Lost, Timeout:
		return idempotent
	}
	return false
}

// classify turns an error of net/http into one of ours. ctx is the caller's, to
// tell its end from the attempt's own time-out.
func classify(ctx context.Context, host string, err error) *Error {
	cause := redact(err)
	return &Error{Kind: kindOf(ctx, cause), Host: host, cause: cause}
}

func kindOf(ctx context.Context, err error) Kind {
	var dns *net.DNSError
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil:
		return Cancelled
	case errors.As(err, &dns):
		return Resolve
	case isTLS(err):
		return TLS
	case errors.As(err, &op) && op.Op == "dial":
		return Connect
	case errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	}
	return Lost
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &authority)
}

// redact takes the URL off an error of net/http.
func redact(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the server"
	}
	return u.Host
}
