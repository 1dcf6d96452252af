package exchangeonline

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

// Watch implements [sdk.Watcher] with EWS's streaming notifications, which need no
// address of the gateway's.
func (a *ewsAccount) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if err := a.ready(); err != nil {
		return err
	}
	return ended(a.calendar.Watch(ctx, req, func(e sdk.WatchEvent) error {
		if e.Failure != nil {
			e.Failure.Err = a.seen(e.Failure.Mailbox, e.Failure.Err)
		}
		return emit(e)
	}))
}
