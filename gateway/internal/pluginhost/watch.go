package pluginhost

import (
	"context"
	"errors"

	"github.com/trainercal/trainercal/sdk"
)

// Watch implements [sdk.Watcher]: it watches through the account, where its plugin can.
// A watch ends with the plugin's process; the account of the next one takes it up again
// with the states that were stored. It ends at once when another configuration has the
// account no more, or another way.
func (g *guarded) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if err := g.permitted(); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case <-g.opened.slot.superseded:
			end(errSuperseded)
		case <-ctx.Done():
		}
	}()
	err := g.noted(sdk.Watch(ctx, g.opened.account, req, func(e sdk.WatchEvent) error {
		if e.Failure != nil && e.Failure.Err.Code == sdk.CodeCredentials {
			g.host.noteCredentials(g.opened, e.Failure.Err)
			return e.Failure.Err
		}
		return emit(e)
	}))
	if errors.Is(context.Cause(ctx), errSuperseded) {
		return errSuperseded
	}
	return err
}

// errSuperseded ends the watches of an account that is configured anew, or no more.
var errSuperseded = sdk.CodeUnavailable.New("the account was configured anew; it is watched as it is now")

// Deliver implements [sdk.Deliverer]. A notification needs no credentials, and is taken
// while they are refused.
func (g *guarded) Deliver(ctx context.Context, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	if err := g.host.enter(g.opened.slot); err != nil {
		return sdk.DeliverResponse{}, err
	}
	defer g.host.leave(g.opened.slot)
	answer, err := sdk.Deliver(ctx, g.opened.account, req)
	return answer, g.noted(err)
}
