package faults

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
)

// Recorder is a [http.ResponseWriter] that keeps an answer until it is replayed.
type Recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
	fault  Mode
	// aborted: the handler broke the connection.
	aborted bool
}

// Record lets a handler answer a request. A handler that breaks the connection, by
// panicking with [http.ErrAbortHandler], breaks it when the answer is replayed.
func Record(h http.Handler, r *http.Request) *Recorder {
	recorder := &Recorder{header: http.Header{}}
	recorder.serve(h, r)
	return recorder
}

func (r *Recorder) serve(h http.Handler, req *http.Request) {
	defer func() {
		switch broken := recover(); {
		case broken == nil:
		case isAbort(broken):
			r.aborted = true
		default:
			panic(broken)
		}
	}()
	h.ServeHTTP(r, req)
}

func isAbort(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// Header returns the answer's header.
func (r *Recorder) Header() http.Header { return r.header }

// WriteHeader sets the status.
func (r *Recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write appends to the body.
func (r *Recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// Answer returns what was recorded; its status is 0 if the connection is to break
// before anything was said.
func (r *Recorder) Answer() *Answer {
	if !r.aborted {
		r.WriteHeader(http.StatusOK)
	}
	return &Answer{Status: r.status, Header: r.header, Body: r.body.Bytes(), Fault: r.fault}
}

// Replay sends what was recorded.
func (r *Recorder) Replay(w http.ResponseWriter) {
	a := r.Answer()
	if a.Status != 0 {
		maps.Copy(w.Header(), a.Header)
		w.WriteHeader(a.Status)
		write(w, a.Body)
	}
	if r.aborted {
		panic(http.ErrAbortHandler)
	}
}
