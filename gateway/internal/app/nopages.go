package app

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// noPages are those of [noState].
type noPages struct{}

func (noPages) PulledByID(context.Context, string, string) (store.FeedItem, error) {
	return store.FeedItem{}, store.ErrNotFound
}

func (noPages) RunsBefore(context.Context, string, int) ([]store.Run, error) { return nil, nil }
