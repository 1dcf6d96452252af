package ewscalendar

import (
	"cmp"
	"context"
	"slices"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// creates creates items in one mailbox. EWS has no idempotent create: those that an
// earlier attempt may have made are searched for by their markers first, and what is
// found is brought up to date instead (B1).
func (w *writing) creates(ctx context.Context, tasks []task) error {
	doubtful, fresh := where(tasks, func(t task) bool { return t.MaybeDone })
	if len(doubtful) == 0 {
		return w.batches(ctx, fresh, w.create)
	}
	found, err := w.account.client.FindMarked(ctx, tasks[0].mailbox.Address, "", sdk.MaxItems)
	if err != nil {
		known := contract.AsError(err)
		if contract.StopsAccount(known) {
			return err
		}
		// Nothing is known of the doubtful ones; the others are not held up.
		if err := w.answerAll(doubtful, known); err != nil {
			return err
		}
		return w.batches(ctx, fresh, w.create)
	}
	var made []task
	for _, t := range doubtful {
		if item, there := pick(found, t); there {
			t.ItemID, t.Version, t.Base = calendar.ItemID(item.ItemID.ID), item.ItemID.ChangeKey, nil
			made = append(made, t)
		} else {
			fresh = append(fresh, t)
		}
	}
	if err := w.batches(ctx, made, w.update); err != nil {
		return err
	}
	return w.batches(ctx, fresh, w.create)
}

// pick is the item among found that an earlier attempt of the create made. Where a
// person copied it, that at the appointment's time is the one (B5).
func pick(found []ews.Item, t task) (ews.Item, bool) {
	marker := t.Marker.String()
	candidates := slices.DeleteFunc(slices.Clone(found), func(i ews.Item) bool { return i.MarkerText() != marker })
	if len(candidates) == 0 {
		return ews.Item{}, false
	}
	slices.SortFunc(candidates, func(a, b ews.Item) int { return cmp.Compare(a.ItemID.ID, b.ItemID.ID) })
	view := viewOf(t.mailbox, sdk.DetailBusy, nil)
	for _, candidate := range candidates {
		item, err := candidate.Calendar(view)
		if err == nil && item.When.SameTime(t.Appointment.When) {
			return candidate, true
		}
	}
	return candidates[0], true
}

// create creates items in the calendar of one mailbox.
func (w *writing) create(ctx context.Context, tasks []task) ([]outcome, error) {
	items := make([]ews.NewItem, len(tasks))
	for i, t := range tasks {
		items[i] = t.item()
	}
	results, err := w.account.client.CreateItems(ctx, tasks[0].mailbox.Address, items)
	return outcomesOf(results), err
}

func (t task) item() ews.NewItem {
	return ews.NewItem{
		Appointment: t.Appointment, Marker: t.Marker.String(), TimeZone: t.mailbox.TimeZone, ByInstant: t.byInstant,
	}
}

func outcomesOf(results []ews.Result[ews.ItemID]) []outcome {
	outcomes := make([]outcome, len(results))
	for i, res := range results {
		outcomes[i] = outcome{id: res.Value, err: res.Err}
	}
	return outcomes
}
