package guard

import (
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The years that cross the wire.
var (
	firstInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	endInstant   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

func checkReads(reqs []sdk.ReadRequest) error {
	for _, r := range reqs {
		switch {
		case !possible(r.Window.Start) || !possible(r.Window.End) || !r.Window.Start.Before(r.Window.End):
			return sdk.CodeInvalidRequest.New("a read of a window that is empty or impossible")
		case len(r.Cursor) > sdk.MaxCursorBytes:
			return sdk.CodeInvalidRequest.New("a cursor of %d bytes, at most %d are allowed", len(r.Cursor), sdk.MaxCursorBytes)
		case r.Scope != sdk.ScopeAll && r.Scope != sdk.ScopeOwn:
			return sdk.CodeInvalidRequest.New("a read of an unknown scope")
		}
		if err := checkDetail(r.Detail); err != nil {
			return err
		}
	}
	return nil
}

func checkDetail(d sdk.Detail) error {
	switch d {
	case sdk.DetailFull, sdk.DetailSubject, sdk.DetailBusy:
		return nil
	}
	return sdk.CodeInvalidRequest.New("a request with an unknown level of detail")
}

func checkGets(reqs []sdk.GetRequest) error {
	for _, r := range reqs {
		if len(r.IDs) > sdk.MaxItems {
			return sdk.CodeInvalidRequest.New("%d items asked of a mailbox, at most %d are allowed", len(r.IDs), sdk.MaxItems)
		}
		if err := checkDetail(r.Detail); err != nil {
			return err
		}
	}
	return nil
}

func checkWrites(reqs []sdk.WriteRequest) error {
	for _, r := range reqs {
		seen := map[string]bool{}
		for i := range r.Operations {
			op := &r.Operations[i]
			if seen[op.ID] || op.ID == "" {
				return sdk.CodeInvalidRequest.New("an operation without an id of its own")
			}
			seen[op.ID] = true
			if err := checkOperation(op); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOperation(op *sdk.Operation) error {
	needsItem, needsContent := op.Kind != sdk.Create, op.Kind != sdk.Delete
	switch {
	case op.Kind != sdk.Create && op.Kind != sdk.Update && op.Kind != sdk.Delete:
		return sdk.CodeInvalidRequest.New("an operation of an unknown kind")
	case needsItem && op.ItemID == "":
		return sdk.CodeInvalidRequest.New("an operation that names no item")
	case needsContent && (op.Marker.Installation == "" || op.Marker.Key == "" || op.Marker.Generation == ""):
		return sdk.CodeInvalidRequest.New("an operation without a whole marker")
	case needsContent && !sound(op.Appointment.When):
		return sdk.CodeInvalidRequest.New("an operation with an impossible time")
	}
	return nil
}

// checkItem returns the fault of an item that breaks the contract.
func checkItem(i *calendar.Item) *sdk.Error {
	switch {
	case i.ID == "":
		return sdk.CodeInternal.New("the plugin reported an item without an id")
	case len(i.ID) > maxIDBytes || len(i.Version) > maxIDBytes || len(i.SeriesID) > maxIDBytes:
		return sdk.CodeInternal.New("the plugin reported an item with an id or version of more than %d bytes", maxIDBytes)
	case i.Marker != nil && len(i.Marker.Installation)+len(i.Marker.Key)+len(i.Marker.Generation) > calendar.MaxMarkerBytes:
		return sdk.CodeInternal.New("the plugin reported a marker of more than %d bytes", calendar.MaxMarkerBytes)
	case !sound(i.When):
		return sdk.CodeInternal.New("the plugin reported an item with an impossible time")
	}
	return nil
}

func checkItems(items []calendar.Item) *sdk.Error {
	for i := range items {
		if fault := checkItem(&items[i]); fault != nil {
			return fault
		}
	}
	return nil
}

// checkChange returns the fault of a change, and how many items it reports.
func checkChange(c calendar.Change) (items int, fault *sdk.Error) {
	kinds := 0
	if c.Upsert != nil {
		kinds++
		items, fault = 1, checkItem(c.Upsert)
	}
	if c.Remove != "" {
		kinds++
		items = 1
	}
	if c.ReplaceSeries != nil {
		kinds++
		items, fault = len(c.ReplaceSeries.Items), checkItems(c.ReplaceSeries.Items)
		if c.ReplaceSeries.ID == "" {
			fault = sdk.CodeInternal.New("the plugin reported a series without an id")
		}
	}
	if kinds != 1 {
		fault = sdk.CodeInternal.New("the plugin reported a change that says nothing, or several things")
	}
	return items, fault
}

// sound reports whether the time can cross the wire; it need not be sensible.
func sound(w calendar.When) bool {
	if w.AllDay {
		return soundDay(w.FirstDay) && soundDay(w.EndDay)
	}
	return !w.Start.IsZero() && !w.End.IsZero() && possible(w.Start) && possible(w.End)
}

func possible(t time.Time) bool { return !t.Before(firstInstant) && t.Before(endInstant) }

func soundDay(d calendar.Date) bool { return d.Year >= 1 && d.Year <= 9999 && d.AddDays(0) == d }
