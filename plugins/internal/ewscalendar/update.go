package ewscalendar

import (
	"context"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// updates sends first the updates that name a version, which must not overwrite
// another one, then those that win in any case.
func (w *writing) updates(ctx context.Context, tasks []task) error {
	guarded, winning := where(tasks, func(t task) bool { return t.Version != "" })
	if err := w.batches(ctx, guarded, w.update); err != nil {
		return err
	}
	return w.batches(ctx, winning, w.overwrite)
}

// update changes items that still have the version named.
func (w *writing) update(ctx context.Context, tasks []task) ([]outcome, error) {
	changes := make([]ews.Change, len(tasks))
	for i, t := range tasks {
		changes[i] = t.change(t.Version)
	}
	results, err := w.account.client.UpdateItems(ctx, mailboxesOf(tasks), changes, true)
	return outcomesOf(results), err
}

// overwrite changes items whatever their version. The server wants the present one
// all the same, so it is asked for.
func (w *writing) overwrite(ctx context.Context, tasks []task) ([]outcome, error) {
	present, err := w.present(ctx, tasks)
	if err != nil {
		return nil, err
	}
	outcomes := make([]outcome, len(tasks))
	var changes []ews.Change
	var left []task
	var places []int
	for i, res := range present {
		if outcomes[i].err = res.Err; res.Err == nil {
			changes, places = append(changes, tasks[i].change(res.Value.ItemID.ChangeKey)), append(places, i)
			left = append(left, tasks[i])
		}
	}
	if len(changes) == 0 {
		return outcomes, nil
	}
	results, err := w.account.client.UpdateItems(ctx, mailboxesOf(left), changes, false)
	for j, out := range outcomesOf(results) {
		outcomes[places[j]] = out
	}
	return outcomes, err
}

// present asks for the items as they are now. What does not lie in its mailbox's calendar
// any more, but in the deleted items, must not be brought up to date there.
func (w *writing) present(ctx context.Context, tasks []task) ([]ews.Result[ews.Item], error) {
	homes, err := w.account.calendarIDs(ctx, mailboxesOf(tasks))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = string(t.ItemID)
	}
	present, err := w.account.client.GetItems(ctx, mailboxesOf(tasks), ids, false)
	for i, res := range present {
		switch home := homes(tasks[i].mailbox.Address); {
		case home.err != nil:
			present[i].Err = home.err
		case res.Err == nil && elsewhere(res.Value, home.id):
			present[i].Err = notInCalendar()
		case res.Err == nil && res.Value.Invited():
			present[i].Err = sdk.CodeInvalidItem.New("the item is a meeting that somebody else called")
		}
	}
	return present, err
}

func notInCalendar() *sdk.Error {
	return sdk.CodeItemNotFound.New("the item is not in the calendar any more")
}

func (t task) change(version string) ews.Change {
	return ews.Change{
		ID:      ews.ItemID{ID: string(t.ItemID), ChangeKey: version},
		NewItem: t.item(),
		Base:    t.Base,
	}
}

// conflict looks once at an item of another version than expected. It may have got it
// from this very update, whose answer was lost. Or something was touched that is not the
// content, such as a reminder (B7): then the content is still what the update was made
// for, and it is tried once with the present version. Everything else is the host's to
// decide anew (M4). An update that wins in any case is tried once more too: the item
// changed again between the two requests it takes.
func (w *writing) conflict(ctx context.Context, t task, out outcome) outcome {
	results, err := w.account.client.GetItems(ctx, []string{t.mailbox.Address}, []string{string(t.ItemID)}, true)
	if err != nil || results[0].Err != nil {
		return out
	}
	// An item that was thrown away got another version by that, and keeps its content.
	homes, err := w.account.calendarIDs(ctx, []string{t.mailbox.Address})
	switch home := homes(t.mailbox.Address); {
	case err != nil, home.err != nil:
		return out
	case elsewhere(results[0].Value, home.id):
		return outcome{err: notInCalendar()}
	}
	view := viewOf(t.mailbox, sdk.DetailFull, nil)
	view.Whole = true
	item, err := results[0].Value.Calendar(view)
	if err != nil {
		return out
	}
	same := item.Marker != nil && *item.Marker == t.Marker
	switch {
	case same && says(item.Appointment, t.Appointment):
		return outcome{id: results[0].Value.ItemID}
	case t.Version == "", same && t.Base != nil && says(item.Appointment, *t.Base):
		return w.retry(ctx, t, results[0].Value.ItemID.ChangeKey, out)
	}
	return out
}

// retry sends an update once more, with the version that the item has now.
func (w *writing) retry(ctx context.Context, t task, version string, out outcome) outcome {
	results, err := w.account.client.UpdateItems(ctx, []string{t.mailbox.Address}, []ews.Change{t.change(version)}, true)
	if err != nil {
		return out
	}
	return outcomesOf(results)[0]
}

// says reports whether an item on the server has the content, but for the white space
// that Exchange changes in a body.
func says(item, want calendar.Appointment) bool {
	return item.Subject == calendar.Cut(want.Subject, calendar.MaxSubjectBytes) &&
		item.Location == calendar.Cut(want.Location, calendar.MaxLocationBytes) &&
		sameWords(item.Body, want.Body) && item.When.SameTime(want.When) &&
		item.ShowAs == want.ShowAs && item.Sensitivity == want.Sensitivity
}

func sameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
