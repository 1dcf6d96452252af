package runner

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
)

// silent carries writes out and answers none of them.
type silent struct{ sdk.Account }

func (s silent) Write(ctx context.Context, reqs []sdk.WriteRequest, _ func(sdk.WriteResult) error) error {
	return s.Account.Write(ctx, reqs, func(sdk.WriteResult) error { return nil })
}

// TestUnansweredWrite is A5 and B1: what a plugin does not answer for is not taken for
// done; the same run looks for it, and knows it then.
func TestUnansweredWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.account.Account = silent{r.account.Account}
	r.synced()
	if l := r.memory("ana").Links; len(l) != 1 || l[0].State != reconcile.LinkWritten || l[0].ItemID == "" {
		t.Errorf("the item is known as %+v", l)
	}
	r.account.Account = r.account.Account.(silent).Account
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
	if n := outcome(t, r.synced(), "ana").Counts.Writes(); n != 0 {
		t.Errorf("a further run writes %d", n)
	}
}

// TestGoneBetweenReadAndWrite is B6 and L5: an item that the trainer deletes while its
// update is under way is made again in the same run.
func TestGoneBetweenReadAndWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	c := r.course("1", 3, "ana")
	r.synced()
	item := r.held("ana")[course1]
	c.Name = "Course one"
	r.give(c)
	r.account.before = func(_ context.Context, call string) error {
		if call == "Write" && item.ID != "" {
			r.calendar.Remove(r.target("ana").Mailbox.Address, item.ID)
			item.ID = ""
		}
		return nil
	}
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course one"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
	if n := outcome(t, r.synced(), "ana").Counts.Writes(); n != 0 {
		t.Errorf("a further run writes %d", n)
	}
}
