package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// tick is how long it takes until a commit time in whole seconds is surely another.
const tick = 1100 * time.Millisecond

// experiment tries out with a test appointment whether a server's marks can be relied on:
// whether creating, changing and deleting it each moves the mark of its calendar. It
// costs a few requests, and is made where the answer is not known to be yes.
type experiment struct {
	account *Account
	mailbox sdk.Mailbox
	version string
	last    look
	// verdict is proven until something fails to move the mark, unknown where it cannot
	// be told.
	verdict verdict
}

// experimentOn begins an experiment; nil where there is nothing to try out. As the
// mailboxes' owner each is asked by itself anyway.
func (a *Account) experimentOn(ctx context.Context, m sdk.Mailbox) *experiment {
	if a.client.Impersonates() {
		return nil
	}
	x := &experiment{account: a, mailbox: m, verdict: proven}
	now, ok := x.look(ctx)
	if !ok || a.trust.in(x.version) == proven {
		return nil
	}
	x.last = now
	return x
}

// look takes the mark; ok is false where that fails, or the server does not tell it.
func (x *experiment) look(ctx context.Context) (now look, ok bool) {
	looks, version, err := x.account.look(ctx, []string{x.mailbox.Address})
	if err != nil || looks[0].err != nil || looks[0].mark == (ews.Mark{}) {
		return look{}, false
	}
	x.version = version
	return looks[0], true
}

// step looks whether what was just done moved the mark.
func (x *experiment) step(ctx context.Context) (moved bool) {
	if x == nil || x.verdict != proven {
		return false
	}
	now, ok := x.look(ctx)
	switch moved = now.mark != x.last.mark; {
	case !ok:
		x.verdict = unknown
	case !moved:
		x.verdict = refuted
	}
	x.last = now
	return moved
}

// change changes the test appointment and looks. Directly after another change the mark
// may stay the same, because its time is in whole seconds; so it is tried once more when
// the server's clock has moved on.
func (x *experiment) change(ctx context.Context, item ews.NewItem, made ews.ItemID) {
	if x == nil {
		return
	}
	made, moved := x.changeOnce(ctx, item, made, verifySubject+".")
	if moved || x.verdict == unknown || transport.Sleep(ctx, tick) != nil {
		return
	}
	x.verdict = proven
	_, moved = x.changeOnce(ctx, item, made, verifySubject)
	if age, known := x.last.mark.Age(x.last.at); !moved && (!known || age < time.Second) {
		// The mark stands still, but so does the server's clock.
		x.verdict = unknown
	}
}

func (x *experiment) changeOnce(ctx context.Context, item ews.NewItem, made ews.ItemID, subject string) (ews.ItemID, bool) {
	item.Appointment.Subject = subject
	results, err := x.account.client.UpdateItems(ctx, []string{x.mailbox.Address}, []ews.Change{{ID: made, NewItem: item}}, false)
	if err != nil || results[0].Err != nil {
		x.verdict = unknown
		return made, false
	}
	before := x.last.mark
	moved := x.step(ctx)
	if now := x.last.mark; moved && (now.Total != before.Total || now.Deleted != before.Deleted) {
		// Somebody else was at work: it tells nothing of the change.
		x.verdict = unknown
		return results[0].Value, false
	}
	return results[0].Value, moved
}

// conclude keeps what was found out. Where the marks cannot be relied on it says so; ok
// is false for nothing to say.
func (x *experiment) conclude() (check sdk.Check, ok bool) {
	if x == nil || x.verdict == unknown {
		return sdk.Check{}, false
	}
	x.account.trust.decide(x.version, x.verdict)
	return sdk.Check{
		Mailbox: x.mailbox.Address, Step: "read", Outcome: sdk.Warned,
		Observed: "calendar folders of this server do not tell of every change: each mailbox is asked by itself what changed (SyncFolderItems)",
		Advice:   "nothing needs to be done; a cycle takes one request for each mailbox instead of one for many",
	}, x.verdict == refuted
}
