package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// How long a client may take for each piece of a request's body, and for reading an
// answer that is no stream.
const (
	bodyPatience   = 30 * time.Second
	answerPatience = 2 * time.Minute
)

// request is what the log says of a request.
type request struct {
	token string
	route string
	// cause is why the request failed where that is not its fault.
	cause error
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	if r == nil {
		r = &request{}
	}
	return r
}

// note keeps whose token a request has.
func note(ctx context.Context, token string) { requestOf(ctx).token = token }

// observed wraps the routes: a span for each request, one line in the log, bounds on the
// client's time, and an answer also after a panic.
func (s *Server) observed(next http.Handler) http.Handler {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		about := &request{}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, about))
		answer := &answer{ResponseWriter: w}
		began := s.opts.Now()
		defer func() {
			if failure := recover(); failure != nil {
				s.crashed(answer, r, failure)
			}
			about.route = r.Pattern
			nameSpan(r)
			s.log(r, about, answer.status, s.opts.Now().Sub(began))
		}()
		next.ServeHTTP(answer, bounded(answer, r))
	})
	tracers := s.opts.Tracer
	if tracers == nil {
		tracers = tracenoop.NewTracerProvider()
	}
	return otelhttp.NewHandler(inner, "http", otelhttp.WithTracerProvider(tracers), otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.TraceContext{}), otelhttp.WithFilter(traced),
		otelhttp.WithPublicEndpointFn(isNotification))
}

// traced: health checks and the document cause nothing.
func traced(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v1/") || isNotification(r)
}

// isNotification: its sender is a stranger, whose trace is none of ours.
func isNotification(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, notifications) }

// nameSpan names the request's span by its route: an address may hold ids of people.
func nameSpan(r *http.Request) {
	span := trace.SpanFromContext(r.Context())
	if r.Pattern == "" {
		span.SetName(r.Method)
		return
	}
	span.SetName(r.Pattern)
	span.SetAttributes(semconv.HTTPRoute(routeOf(r.Pattern)))
}

// routeOf is a pattern without its method.
func routeOf(pattern string) string {
	for i := range pattern {
		if pattern[i] == '/' {
			return pattern[i:]
		}
	}
	return pattern
}

// crashed answers for a handler that panicked.
func (s *Server) crashed(w *answer, r *http.Request, failure any) {
	if err, ok := failure.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(failure)
	}
	s.opts.Log.Error("a request panicked; this is a defect, report it", "route", r.Pattern, "panic", failure, "stack", string(debug.Stack()))
	if w.status == 0 {
		ctx := humago.NewContext(&huma.Operation{}, r, w)
		s.refuse(ctx, problem(http.StatusInternalServerError, unexpected))
	}
}

// log writes the request's line: no address, no query, no ids.
func (s *Server) log(r *http.Request, about *request, status int, took time.Duration) {
	args := []any{"method", r.Method, "route", routeOf(about.route), "status", status, "ms", took.Milliseconds()}
	if about.token != "" {
		args = append(args, "token", about.token)
	}
	if span := trace.SpanContextFromContext(r.Context()); span.IsValid() {
		args = append(args, "trace_id", span.TraceID().String())
	}
	level := hclog.Info
	switch {
	case about.cause != nil:
		level, args = hclog.Error, append(args, "error", about.cause)
	case !traced(r), isNotification(r):
		level = hclog.Debug
	}
	s.opts.Log.Log(level, "request", args...)
}

// told keeps for the log what a problem was made of.
func (s *Server) told(ctx context.Context, err error) error {
	var p *Problem
	if errors.As(err, &p) && p.cause != nil {
		requestOf(ctx).cause = p.cause
	}
	return err
}

// refuse answers with a problem.
func (s *Server) refuse(ctx huma.Context, p *Problem) {
	for name, values := range p.GetHeaders() {
		for _, v := range values {
			ctx.SetHeader(name, v)
		}
	}
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(p.Status)
	_ = s.api.Marshal(ctx.BodyWriter(), "application/json", p) // the client is gone
}

// answer remembers the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Flush implements [http.Flusher].
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// bounded gives the client a time for each piece of its body, and for taking the answer;
// streams give themselves more.
func bounded(w http.ResponseWriter, r *http.Request) *http.Request {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(answerPatience)) // not every test's writer has one
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &patientBody{r.Body, c}
	}
	return r
}

// patientBody is a body whose pieces must come in time. When it has come whole the time
// ends, as the connection is watched for its end meanwhile.
type patientBody struct {
	io.ReadCloser
	connection *http.ResponseController
}

// Read implements [io.Reader].
func (b *patientBody) Read(p []byte) (int, error) {
	_ = b.connection.SetReadDeadline(time.Now().Add(bodyPatience))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.connection.SetReadDeadline(time.Time{})
	}
	return n, err
}
