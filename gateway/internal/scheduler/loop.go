package scheduler

import (
	"context"
	"time"
)

// Loop runs groups of T again and again.
type Loop[T any] struct {
	// Interval is the time between two turns of the same group; Intervals are those of
	// groups that have another, by index.
	Interval  time.Duration
	Intervals []time.Duration
	Groups    [][]T
	// Do is one turn. It returns when the turn is over.
	Do func(ctx context.Context, group []T)
	// Queue, when set, is told what there is to do.
	Queue *Queue
}

// Run gives every group a turn at once, one after the other, and then one each
// interval, until ctx ends. A turn that has begun is waited for: Do gets a context
// that does not end with ctx, and who stops the loop decides by other means whether
// to abort it.
func (l Loop[T]) Run(ctx context.Context) {
	q := l.Queue
	if q == nil {
		q = &Queue{}
	}
	start := time.Now()
	q.begin(len(l.Groups), start)
	for i := range l.Groups {
		if ctx.Err() != nil {
			return
		}
		l.turn(ctx, q, i)
		q.over(i, start.Add(l.interval(i)+l.share(i)))
	}
	for {
		i, due := q.earliest()
		if i < 0 || !sleepUntil(ctx, due) {
			<-ctx.Done()
			return
		}
		began := time.Now()
		l.turn(ctx, q, i)
		q.over(i, l.next(i, due, began))
	}
}

func (l Loop[T]) turn(ctx context.Context, q *Queue, group int) {
	q.turn(group)
	l.Do(context.WithoutCancel(ctx), l.Groups[group])
}

// share is how far into the interval the group's turns are.
func (l Loop[T]) share(i int) time.Duration {
	return l.interval(i) * time.Duration(i) / time.Duration(len(l.Groups))
}

func (l Loop[T]) interval(i int) time.Duration {
	if i < len(l.Intervals) && l.Intervals[i] > 0 {
		return l.Intervals[i]
	}
	return l.Interval
}

// next is the group's turn after one that was due and began when it could: turns that
// were missed meanwhile are not made up for.
func (l Loop[T]) next(i int, due, began time.Time) time.Time {
	missed := began.Sub(due) / l.interval(i)
	return due.Add(l.interval(i) * (missed + 1))
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
