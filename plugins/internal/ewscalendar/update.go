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
func (w *writer) updates(ctx context.Context, ops []sdk.Operation) error {
	var guarded, winning []sdk.Operation
	for _, op := range ops {
		if op.Version != "" {
			guarded = append(guarded, op)
		} else {
			winning = append(winning, op)
		}
	}
	if err := w.batches(ctx, guarded, w.update); err != nil {
		return err
	}
	return w.batches(ctx, winning, w.overwrite)
}

// update changes items that still have the version named.
func (w *writer) update(ctx context.Context, ops []sdk.Operation) ([]outcome, error) {
	changes := make([]ews.Change, len(ops))
	for i, op := range ops {
		changes[i] = w.change(op, op.Version)
	}
	results, err := w.account.client.UpdateItems(ctx, w.mailbox.Address, changes, true)
	return outcomesOf(results), err
}

// overwrite changes items whatever their version. The server wants the present one
// all the same, so it is asked for.
func (w *writer) overwrite(ctx context.Context, ops []sdk.Operation) ([]outcome, error) {
	ids := make([]string, len(ops))
	for i, op := range ops {
		ids[i] = string(op.ItemID)
	}
	home, err := w.account.calendarID(ctx, w.mailbox.Address)
	if err != nil {
		return nil, err
	}
	present, err := w.account.client.GetItems(ctx, w.mailbox.Address, ids, false)
	if err != nil {
		return nil, err
	}
	outcomes := make([]outcome, len(ops))
	var changes []ews.Change
	var places []int
	for i, res := range present {
		if res.Err == nil && elsewhere(res.Value, home) {
			// What lies in the deleted items must not be brought up to date there.
			res.Err = sdk.CodeItemNotFound.New("the item is not in the calendar any more")
		}
		if outcomes[i].err = res.Err; res.Err == nil {
			changes, places = append(changes, w.change(ops[i], res.Value.ItemID.ChangeKey)), append(places, i)
		}
	}
	if len(changes) == 0 {
		return outcomes, nil
	}
	results, err := w.account.client.UpdateItems(ctx, w.mailbox.Address, changes, false)
	for j, out := range outcomesOf(results) {
		outcomes[places[j]] = out
	}
	return outcomes, err
}

func (w *writer) change(op sdk.Operation, version string) ews.Change {
	return ews.Change{
		ID:      ews.ItemID{ID: string(op.ItemID), ChangeKey: version},
		NewItem: w.item(op),
		Base:    op.Base,
	}
}

func (w *writer) item(op sdk.Operation) ews.NewItem {
	return ews.NewItem{Appointment: op.Appointment, Marker: op.Marker.String(), TimeZone: w.mailbox.TimeZone}
}

func outcomesOf(results []ews.Result[ews.ItemID]) []outcome {
	outcomes := make([]outcome, len(results))
	for i, res := range results {
		outcomes[i] = outcome{id: res.Value, err: res.Err}
	}
	return outcomes
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

func calendarID(id string) calendar.ItemID { return calendar.ItemID(id) }
