package faults

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Answer is an HTTP answer before it is sent, and what is to go wrong with it.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Fault is the mode of the rule that hit; with [Lost], [Hang], [Cut] and [Partial]
	// the answer is not sent whole.
	Fault Mode
	// Delay is how long [Hang] keeps the connection; 0 until the client gives up.
	Delay time.Duration
}

// page is what a proxy or a sign-in page in front of Exchange answers.
const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>\n"

// Run carries out an operation with a rule, which may be nil. do does the operation;
// refuse makes the protocol's error answer, or its challenge. The modes that change
// pages are left to do.
func Run(ctx context.Context, r *Rule, do func() *Answer, refuse func(Rule) *Answer) *Answer {
	if r == nil {
		return do()
	}
	answer := run(ctx, *r, do, refuse)
	answer.Fault = r.Mode
	return answer
}

func run(ctx context.Context, r Rule, do func() *Answer, refuse func(Rule) *Answer) *Answer {
	switch r.Mode {
	case Refuse, Claims:
		answer := refuse(r)
		if r.RetryAfter != "" {
			answer.Header.Set("Retry-After", r.RetryAfter)
		}
		return answer
	case HTML:
		header := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
		return &Answer{Status: max(r.Status, http.StatusOK), Header: header, Body: []byte(page)}
	case Hang:
		return &Answer{Header: http.Header{}, Delay: r.delay()}
	case Slow:
		Wait(ctx, r.delay())
	}
	return do()
}

func (r Rule) delay() time.Duration { return time.Duration(r.DelayMS) * time.Millisecond }

// hang waits until the client gives up, or for the delay if there is one.
func (a *Answer) hang(ctx context.Context) {
	if a.Delay > 0 {
		Wait(ctx, a.Delay)
		return
	}
	<-ctx.Done()
}

// Wait waits, or gives up with the context.
func Wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Send sends the answer as its fault says. It panics with [http.ErrAbortHandler] where
// the connection is to break.
func (a *Answer) Send(w http.ResponseWriter, r *http.Request) {
	if recorder, ok := w.(*Recorder); ok {
		recorder.fault = a.Fault
	}
	switch a.Fault {
	case Hang:
		a.hang(r.Context())
		panic(http.ErrAbortHandler)
	case Lost:
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.Header)
	body := a.Body
	if a.Fault == Partial {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.Status)
	if a.Fault == Cut {
		write(w, body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	write(w, body)
}

// write sends what it can: a client that has gone needs no error.
func write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		return
	}
	_ = http.NewResponseController(w).Flush() // not every writer can
}
