package scheduler

import (
	"context"
	"time"
)

// Loop runs groups of T again and again.
type Loop[T any] struct {
	// Interval is the time between two turns of the same group.
	Interval time.Duration
	Groups   [][]T
	// Do is one turn. It returns when the turn is over.
	Do func(ctx context.Context, group []T)
}

// Run gives every group a turn at once, one after the other, and then one each
// interval, until ctx ends. A turn that has begun is waited for: Do gets a context
// that does not end with ctx, and who stops the loop decides by other means whether
// to abort it.
func (l Loop[T]) Run(ctx context.Context) {
	start := time.Now()
	due := make([]time.Time, len(l.Groups))
	for i, g := range l.Groups {
		if ctx.Err() != nil {
			return
		}
		l.Do(context.WithoutCancel(ctx), g)
		due[i] = start.Add(l.Interval + l.share(i))
	}
	for {
		i := earliest(due)
		if i < 0 || !sleepUntil(ctx, due[i]) {
			<-ctx.Done()
			return
		}
		began := time.Now()
		l.Do(context.WithoutCancel(ctx), l.Groups[i])
		due[i] = l.next(due[i], began)
	}
}

// share is how far into the interval the group's turns are.
func (l Loop[T]) share(i int) time.Duration {
	return l.Interval * time.Duration(i) / time.Duration(len(l.Groups))
}

// next is the group's turn after one that was due and began when it could: turns that
// were missed meanwhile are not made up for.
func (l Loop[T]) next(due, began time.Time) time.Time {
	missed := began.Sub(due) / l.Interval
	return due.Add(l.Interval * (missed + 1))
}

func earliest(due []time.Time) int {
	first := -1
	for i, t := range due {
		if first < 0 || t.Before(due[first]) {
			first = i
		}
	}
	return first
}

// sleepUntil reports false when ctx ended first.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
