package sdk

import "context"

type runKey struct{}

// WithRun puts the id of a sync run into a context. It travels with the calls of the
// gateway to the plugin's process, for the lines that both log.
func WithRun(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, runKey{}, id)
}

// Run is the id of the sync run that a call is part of; empty for none, as in a
// verify.
func Run(ctx context.Context) string {
	id, _ := ctx.Value(runKey{}).(string)
	return id
}
