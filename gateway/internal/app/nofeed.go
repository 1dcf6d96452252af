package app

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// noObjects, noFeed and noEvents are those of the state before the first changing command.
type (
	noObjects struct{}
	noFeed    struct{}
	noEvents  struct{}
)

func (noObjects) Apply(context.Context, []store.Change) ([]store.Outcome, error) {
	return nil, store.ErrReadOnly
}

func (noObjects) ApplySnapshot(context.Context, store.Snapshot) (store.SnapshotResult, error) {
	return store.SnapshotResult{}, store.ErrReadOnly
}

func (noObjects) PruneDeleted(context.Context, time.Time) (int, error) {
	return 0, store.ErrReadOnly
}

func (noObjects) Course(context.Context, string, string) (store.CourseRecord, error) {
	return store.CourseRecord{}, store.ErrNotFound
}

func (noObjects) UnavailabilityOf(context.Context, string, string) (store.UnavailabilityRecord, error) {
	return store.UnavailabilityRecord{}, store.ErrNotFound
}

func (noObjects) CoursesAfter(context.Context, string, string, int) ([]store.CourseRecord, error) {
	return nil, nil
}

func (noObjects) UnavailabilityAfter(context.Context, string, string, int) ([]store.UnavailabilityRecord, error) {
	return nil, nil
}

func (noFeed) Changes(context.Context, int64, int, []string) (store.FeedPage, error) {
	return store.FeedPage{}, nil
}

func (noFeed) FeedEpoch(context.Context) (string, error)   { return "", nil }
func (noFeed) InFeed(context.Context, string, int64) error { return nil }

func (noFeed) FeedPosition(context.Context) (int64, error) { return 0, nil }

func (noFeed) FeedPositionOf(_ context.Context, after int64, _ []string) (int64, error) {
	return after, nil
}

func (noFeed) AwaitChanges(ctx context.Context, _ int64) error {
	<-ctx.Done()
	return ctx.Err()
}

func (noFeed) FeedSnapshot(context.Context, []string, store.FeedKey, int) ([]store.FeedItem, int64, error) {
	return nil, 0, nil
}

func (noFeed) PruneFeed(context.Context, time.Time) (int, error) { return 0, store.ErrReadOnly }

func (noEvents) Events(context.Context, int64, int, store.EventFilter) ([]store.Event, error) {
	return nil, nil
}

func (noEvents) AwaitEvents(ctx context.Context, _ int64) (int64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (noEvents) SetStale(context.Context, map[platform.TrainerID]time.Time) error {
	return store.ErrReadOnly
}

func (noEvents) PruneEvents(context.Context, time.Time) (int, error) { return 0, store.ErrReadOnly }

func (noEvents) Webhooks(context.Context) (map[string]store.WebhookState, error) { return nil, nil }
func (noEvents) KeepWebhooks(context.Context, []string) error                    { return store.ErrReadOnly }

func (noEvents) WebhookTold(context.Context, string, store.Told) error { return store.ErrReadOnly }

func (noEvents) WebhookTrouble(context.Context, string, *store.WebhookTrouble) error {
	return store.ErrReadOnly
}
