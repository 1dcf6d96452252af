package store

import "context"

// Pages reads single entries and parts of what is too long to be read whole.
type Pages interface {
	// PulledByID returns a pulled unavailability of a provider's by its stable id, or
	// [ErrNotFound].
	PulledByID(ctx context.Context, provider, id string) (FeedItem, error)
	// RunsBefore returns runs as [History.Runs] does, those after a run in that order; of
	// an empty id the newest. A run that is not known has none after it.
	RunsBefore(ctx context.Context, id string, limit int) ([]Run, error)
}
