package app

import (
	"context"
	"sync"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// apiService is what the HTTP API asks of the gateway, in the process that owns the state.
type apiService struct {
	app *App
	store.Store
	// ctx ends when what was begun is to be aborted; runs are those that were begun.
	ctx   context.Context
	runs  sync.WaitGroup
	asked askedRuns
	// beginning guards ended: no run begins any more.
	beginning sync.Mutex
	ended     bool
	// began is when the gateway started.
	began time.Time
	// stopping is closed when nothing new is to begin.
	stopping <-chan struct{}
}

var _ httpapi.Service = (*apiService)(nil)

// Config implements [httpapi.Service].
func (s *apiService) Config() *config.Config { return s.app.Config() }

// Deliver implements [httpapi.Notified].
func (s *apiService) Deliver(ctx context.Context, account, traceparent string, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return s.app.deliver(ctx, account, traceparent, req)
}

// Ready implements [httpapi.Service]: the state answers, and the gateway is not stopping.
func (s *apiService) Ready(ctx context.Context) error {
	select {
	case <-s.stopping:
		return httpapi.ErrStopping
	default:
	}
	_, err := s.FeedPosition(ctx)
	return err
}
