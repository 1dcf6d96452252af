package live

import (
	"context"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
)

// account is an account under watch; its fields are guarded by live's mutex.
type account struct {
	live    *Live
	name    string
	url     string
	batches []*batch
	// trainers are those of its mailboxes, by address.
	trainers map[string]platform.TrainerID
}

// apply brings the account's watches in line: one whose mailboxes are the same goes on.
func (a *account) apply(w Account) {
	moved := a.url != w.NotificationURL
	a.url, a.trainers = w.NotificationURL, map[string]platform.TrainerID{}
	missing := map[Box]bool{}
	for _, b := range w.Boxes {
		a.trainers[b.Mailbox.Address] = b.Trainer
		missing[b] = true
	}
	changed := map[*batch]bool{}
	for _, b := range a.batches {
		before := len(b.boxes)
		b.boxes = slices.DeleteFunc(slices.Clone(b.boxes), func(box Box) bool { return !missing[box] })
		for _, box := range b.boxes {
			delete(missing, box)
		}
		changed[b] = moved || len(b.boxes) != before
	}
	for _, box := range w.Boxes {
		if missing[box] {
			b := a.roomy(changed)
			b.boxes, changed[b] = append(b.boxes, box), true
		}
	}
	a.batches = slices.DeleteFunc(a.batches, func(b *batch) bool {
		if changed[b] {
			b.restart()
		}
		return len(b.boxes) == 0
	})
}

// roomy is a batch that can take another mailbox: one that begins anew in any case, if
// there is one.
func (a *account) roomy(changed map[*batch]bool) *batch {
	var found *batch
	for _, b := range a.batches {
		if len(b.boxes) < sdk.MaxMailboxes && (found == nil || changed[b] && !changed[found]) {
			found = b
		}
	}
	if found == nil {
		found = &batch{account: a}
		a.batches = append(a.batches, found)
	}
	return found
}

// batch are mailboxes of one watch.
type batch struct {
	account *account
	boxes   []Box
	// stop ends the watch, nil before the first; ended is closed when it has.
	stop  context.CancelFunc
	ended chan struct{}
}

// restart ends the batch's watch, and begins another if it has mailboxes. The plugin is
// not asked to watch a mailbox before the former watch of it has ended.
func (b *batch) restart() {
	if b.stop != nil {
		b.stop()
	}
	if len(b.boxes) == 0 {
		return
	}
	l, before := b.account.live, b.ended
	ctx, stop := context.WithCancel(l.ctx)
	w := newWatch(l, b.account.name, b.account.url, slices.Clone(b.boxes))
	ended := make(chan struct{})
	b.stop, b.ended = stop, ended
	l.running.Go(func() {
		defer close(ended)
		defer stop()
		if before != nil {
			<-before
		}
		w.run(ctx)
	})
}
