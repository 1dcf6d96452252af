package pluginhost

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

// Watch implements [sdk.Watcher]: it watches through the account, where its plugin can.
// A watch ends with the plugin's process; the account of the next one takes it up again
// with the states that were stored.
func (g *guarded) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if err := g.permitted(); err != nil {
		return err
	}
	return g.noted(sdk.Watch(ctx, g.opened.account, req, func(e sdk.WatchEvent) error {
		if e.Failure != nil && e.Failure.Err.Code == sdk.CodeCredentials {
			g.host.noteCredentials(g.opened, e.Failure.Err)
			return e.Failure.Err
		}
		return emit(e)
	}))
}

// Deliver implements [sdk.Deliverer]. A notification needs no credentials, and is taken
// while they are refused.
func (g *guarded) Deliver(ctx context.Context, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	answer, err := sdk.Deliver(ctx, g.opened.account, req)
	return answer, g.noted(err)
}
