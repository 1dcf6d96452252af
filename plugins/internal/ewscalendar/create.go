package ewscalendar

import (
	"cmp"
	"context"
	"slices"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

// creates creates items. EWS has no idempotent create: those that an earlier attempt
// may have made are searched for by their markers first, and what is found is
// brought up to date instead (B1).
func (w *writer) creates(ctx context.Context, ops []sdk.Operation) error {
	fresh, doubtful := partition(ops)
	if len(doubtful) == 0 {
		return w.batches(ctx, fresh, w.create)
	}
	found, err := w.account.client.FindMarked(ctx, w.mailbox.Address, "", sdk.MaxItems)
	if err != nil {
		if contract.StopsAccount(contract.AsError(err)) {
			return err
		}
		// Nothing is known of the doubtful ones; the others are not held up.
		if err := w.refuseAll(doubtful, contract.AsError(err)); err != nil {
			return err
		}
		return w.batches(ctx, fresh, w.create)
	}
	var made []sdk.Operation
	for _, op := range doubtful {
		if item, there := w.pick(found, op); there {
			op.ItemID, op.Version, op.Base = calendarID(item.ItemID.ID), item.ItemID.ChangeKey, nil
			made = append(made, op)
		} else {
			fresh = append(fresh, op)
		}
	}
	if err := w.batches(ctx, made, w.update); err != nil {
		return err
	}
	return w.batches(ctx, fresh, w.create)
}

func partition(ops []sdk.Operation) (fresh, doubtful []sdk.Operation) {
	for _, op := range ops {
		if op.MaybeDone {
			doubtful = append(doubtful, op)
		} else {
			fresh = append(fresh, op)
		}
	}
	return fresh, doubtful
}

func (w *writer) refuseAll(ops []sdk.Operation, err *sdk.Error) error {
	for _, op := range ops {
		if err := w.answer(op, outcome{err: err}); err != nil {
			return err
		}
	}
	return nil
}

// pick is the item among found that an earlier attempt of the create made. Where a
// person copied it, that at the appointment's time is the one (B5).
func (w *writer) pick(found []ews.Item, op sdk.Operation) (ews.Item, bool) {
	marker := op.Marker.String()
	candidates := slices.DeleteFunc(slices.Clone(found), func(i ews.Item) bool { return i.MarkerText() != marker })
	if len(candidates) == 0 {
		return ews.Item{}, false
	}
	slices.SortFunc(candidates, func(a, b ews.Item) int { return cmp.Compare(a.ItemID.ID, b.ItemID.ID) })
	view := viewOf(w.mailbox, sdk.DetailBusy, nil)
	for _, candidate := range candidates {
		item, err := candidate.Calendar(view)
		if err == nil && item.When.SameTime(op.Appointment.When) {
			return candidate, true
		}
	}
	return candidates[0], true
}

func (w *writer) create(ctx context.Context, ops []sdk.Operation) ([]outcome, error) {
	items := make([]ews.NewItem, len(ops))
	for i, op := range ops {
		items[i] = w.item(op)
	}
	results, err := w.account.client.CreateItems(ctx, w.mailbox.Address, items)
	return outcomesOf(results), err
}
