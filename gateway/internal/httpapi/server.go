package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// Options are what a server takes from its surroundings.
type Options struct {
	Log hclog.Logger
	// Tracer makes spans; nil for none.
	Tracer trace.TracerProvider
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return o
}

// Server answers the API's requests.
type Server struct {
	service Service
	opts    Options
	limits  limits
	// snapshots lets one snapshot be taken in at a time.
	snapshots chan struct{}
	mux       *http.ServeMux
	api       huma.API
	// ending ends when the server is about to stop, which nobody's wait for changes is to
	// hold up.
	ending context.Context
	end    context.CancelFunc
}

// New makes a server of a gateway.
func New(service Service, opts Options) *Server {
	s := newServer(opts.withDefaults())
	s.service = service
	return s
}

// newServer makes all routes; what they answer with is still to be given.
func newServer(opts Options) *Server {
	s := &Server{opts: opts, mux: http.NewServeMux(), snapshots: make(chan struct{}, 1)}
	s.ending, s.end = context.WithCancel(context.Background())
	s.limits = limits{tokens: map[string]*rate.Limiter{}, addresses: map[string]*rate.Limiter{}, now: opts.Now}
	s.api = humago.New(s.mux, documentConfig())
	s.api.UseMiddleware(s.authenticate)
	s.objectRoutes()
	s.manyRoutes()
	s.trainerRoutes()
	s.runRoutes()
	s.operateRoutes()
	s.statusRoutes()
	s.feedRoutes()
	s.notificationRoutes()
	s.documentRoutes()
	return s
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.observed(s.mux) }

// The limits of the HTTP server itself.
const (
	readHeaderPatience = 10 * time.Second
	idlePatience       = 2 * time.Minute
	maxHeaderBytes     = 64 << 10
)

// HTTP is a server with the limits that the API needs: slow readers and writers are
// bounded by request, see [bounded], as streams last longer.
func (s *Server) HTTP() *http.Server {
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readHeaderPatience, IdleTimeout: idlePatience, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: s.opts.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	server.RegisterOnShutdown(s.end)
	return server
}

// scopeKey is where an operation's scope is in its metadata.
const scopeKey = "scope"

// route describes an operation.
type route struct {
	id, method, path     string
	tag                  string
	summary, description string
	// scope is what a token needs; empty for an operation without a token.
	scope config.Scope
	// status is that of success; zero for 200, or 204 without a body.
	status int
	// errors are the statuses of refusals besides those that every operation has.
	errors []int
}

// operation is the route in the document's words.
func (r route) operation() huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Tags: []string{r.tag}, Summary: r.summary, Description: r.description,
		DefaultStatus: r.status, Metadata: map[string]any{scopeKey: r.scope},
		MaxBodyBytes: maxSmallBody, BodyReadTimeout: -1, // the body's own patience holds, see bounded
		RejectUnknownQueryParameters: true,
	}
	op.Security, op.Errors = []map[string][]string{}, append([]int{http.StatusUnprocessableEntity}, r.errors...)
	if r.scope != "" {
		op.Security = []map[string][]string{{tokenScheme: {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
		op.Description = strings.TrimSpace(op.Description + "\n\nNeeds a token with the scope `" + string(r.scope) + "`.")
		op.Extensions = map[string]any{"x-scope": string(r.scope)}
	}
	if strings.Contains(r.path, "{") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if r.method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusServiceUnavailable)
	}
	return op
}

// handle adds an operation. What its handler fails with is logged where it is a defect.
func handle[I, O any](s *Server, r route, handler func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, r.operation(), func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, s.told(ctx, problemIn(ctx, err))
		}
		return out, nil
	})
}

// maxSmallBody bounds the body of a request that brings no objects.
const maxSmallBody = 1 << 20
