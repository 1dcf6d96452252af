package telemetry

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// relayQueue is how many batches wait for a slow collector before further ones are
// dropped. A batch has up to 512 spans.
const relayQueue = 64

// relay sends spans to the operator's collector in the background: a collector that
// is slow or away costs a run nothing.
type relay struct {
	client otlptrace.Client
	log    hclog.Logger
	queue  chan []*tracepb.ResourceSpans
	// upload ends with the relay, so that closing does not wait for a collector.
	upload context.Context
	abort  context.CancelFunc
	done   chan struct{}
	// lost hears how many spans were dropped.
	lost func(spans int)

	mu      sync.Mutex
	closed  bool
	dropped int
	failing bool
}

func startRelay(ctx context.Context, client otlptrace.Client, log hclog.Logger, lost func(int)) (*relay, error) {
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start sending traces to the collector: %w", err)
	}
	r := &relay{client: client, log: log, queue: make(chan []*tracepb.ResourceSpans, relayQueue), done: make(chan struct{}), lost: lost}
	r.upload, r.abort = context.WithCancel(context.WithoutCancel(ctx))
	go r.work()
	return r, nil
}

// send queues spans; it never waits.
func (r *relay) send(spans []*tracepb.ResourceSpans) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(spans) == 0 {
		return
	}
	select {
	case r.queue <- spans:
	default:
		r.dropped++
		r.lost(count(spans))
	}
}

func count(spans []*tracepb.ResourceSpans) (n int) {
	for _, rs := range spans {
		for _, ss := range rs.GetScopeSpans() {
			n += len(ss.GetSpans())
		}
	}
	return n
}

func (r *relay) work() {
	defer close(r.done)
	for spans := range r.queue {
		r.note(r.client.UploadTraces(r.upload, spans))
	}
}

// note logs when the collector begins to fail and when it works again.
func (r *relay) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && !r.failing:
		r.log.Warn("traces cannot be sent to the collector; they stay in the gateway's own history", "error", withoutURL(err))
	case err == nil && r.failing:
		r.log.Info("traces are sent to the collector again", "batches_dropped", r.dropped)
		r.dropped = 0
	}
	r.failing = err != nil
}

// close sends what is queued, until ctx ends.
func (r *relay) close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.queue)
	}
	r.mu.Unlock()
	select {
	case <-r.done:
	case <-ctx.Done():
		r.abort()
		<-r.done
	}
	r.abort()
	if err := r.client.Stop(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("stop sending traces to the collector: %w", err)
	}
	return nil
}
