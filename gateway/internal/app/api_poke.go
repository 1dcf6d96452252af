package app

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Apply implements [httpapi.Service]. What it makes due is begun at once (eng-3).
func (s *apiService) Apply(ctx context.Context, changes []store.Change) ([]store.Outcome, error) {
	outcomes, err := s.Store.Apply(ctx, changes)
	s.app.Poke()
	return outcomes, err
}

// ApplySnapshot implements [httpapi.Service], and begins at once what it makes due.
func (s *apiService) ApplySnapshot(ctx context.Context, snapshot store.Snapshot) (store.SnapshotResult, error) {
	result, err := s.Store.ApplySnapshot(ctx, snapshot)
	s.app.Poke()
	return result, err
}
