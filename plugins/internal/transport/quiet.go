package transport

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// quiet reads a body that may not be quiet for too long.
type quiet struct {
	host    string
	body    io.Reader
	alarm   *time.Timer
	silence time.Duration
	// ctx is the caller's, call the one that the alarm ends too.
	ctx, call context.Context
	rang      atomic.Bool
}

// Read reads what is there, or waits for it.
func (q *quiet) Read(p []byte) (int, error) {
	q.alarm.Reset(q.silence)
	n, err := q.body.Read(p)
	q.alarm.Stop() // the reader may take its time
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, q.explain(err)
}

// explain is the error of a stream that broke, or was silent for too long.
func (q *quiet) explain(err error) error {
	if q.ctx.Err() == nil && q.rang.Load() {
		return &Error{Kind: Timeout, Host: q.host, cause: context.DeadlineExceeded}
	}
	return classify(q.ctx, q.host, err)
}
