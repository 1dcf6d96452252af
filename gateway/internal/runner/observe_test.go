package runner

import (
	"context"
	"slices"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
)

// A plugin that does not send its last spans is told of by the run, in its record and on
// its span; the run itself is as good as it was.
func TestLostSpans(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	spans := r.traced()
	r.runner.FlushPlugins = func(context.Context) error { return sdk.ErrPluginDied }
	run := r.synced()
	if len(run.Events) != 1 {
		t.Errorf("events %v, want the one", run.Events)
	}
	for _, s := range spans.Ended() {
		lost := slices.ContainsFunc(s.Events(), func(e sdktrace.Event) bool { return e.Name == telemetry.EventSpansLost })
		if lost != (s.Name() == telemetry.SpanRun) {
			t.Errorf("span %s says that spans were lost: %v", s.Name(), lost)
		}
	}
}

// run-3: plugins are called in the context of the run.
func TestCallsKnowTheirRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	var seen string
	r.runner.FlushPlugins = func(ctx context.Context) error {
		seen = sdk.Run(ctx)
		return nil
	}
	if run := r.synced(); seen != run.ID {
		t.Errorf("a call of run %s is told of run %q", run.ID, seen)
	}
}
