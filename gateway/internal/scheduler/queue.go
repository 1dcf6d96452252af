package scheduler

import (
	"sync"
	"time"
)

// Queue tells what a [Loop] has to do. Its zero value is that of a loop that has not
// begun. It is safe for concurrent use.
type Queue struct {
	mu  sync.Mutex
	due []time.Time
	// busy is the group whose turn it is, below zero for none.
	busy int
}

// begin makes all groups due.
func (q *Queue) begin(groups int, start time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due, q.busy = make([]time.Time, groups), -1
	for i := range q.due {
		q.due[i] = start
	}
}

// turn notes whose turn it is.
func (q *Queue) turn(group int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = group
}

// over notes that the turn is over, and when the group's next one is.
func (q *Queue) over(group int, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due[group], q.busy = next, -1
}

// earliest is the group whose turn is next and when, below zero where there is none.
func (q *Queue) earliest() (group int, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	group = -1
	for i, t := range q.due {
		if group < 0 || t.Before(due) {
			group, due = i, t
		}
	}
	return group, due
}

// Waiting returns how many groups are due at a time and not worked on, and for how
// long the first of them has been.
func (q *Queue) Waiting(now time.Time) (groups int, age time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, t := range q.due {
		if i != q.busy && !t.After(now) {
			groups++
			age = max(age, now.Sub(t))
		}
	}
	return groups, age
}
