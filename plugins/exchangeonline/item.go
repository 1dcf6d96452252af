package exchangeonline

import (
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// reader turns events into items for one request: it knows whose text may be kept.
type reader struct {
	detail sdk.Detail
	own    map[calendar.ItemID]bool
	// zone is where whole days are read when an event names no zone.
	zone *time.Location
}

func newReader(m sdk.Mailbox, detail sdk.Detail, own []calendar.ItemID) reader {
	r := reader{detail: detail, own: make(map[calendar.ItemID]bool, len(own)), zone: mailboxLocation(m)}
	for _, id := range own {
		r.own[id] = true
	}
	return r
}

// ours reports whether the event, or the series it belongs to, is the gateway's, as
// far as can be told.
func (r reader) ours(e *event) bool {
	return r.own[calendar.ItemID(e.ID)] || r.own[calendar.ItemID(e.SeriesMasterID)] || e.marker() != nil
}

// strip takes off an event, right after it was decoded, what must not go further:
// all text of what is not of normal sensitivity, and what the wanted detail leaves
// out. What the gateway wrote keeps its text (pull-3, J1).
func (r reader) strip(e *event) {
	if e.Body != nil {
		e.Body = &eventBody{ContentType: "text", Content: e.Body.plainText()}
	}
	if r.ours(e) {
		return
	}
	// Nobody wants the place of somebody's own appointment (pull-1).
	e.Location = nil
	switch {
	case sensitivity(e.Sensitivity).Private(), r.detail == sdk.DetailBusy:
		e.Subject, e.Body, e.BodyPreview = nil, nil, ""
	case r.detail == sdk.DetailSubject:
		e.Body, e.BodyPreview = nil, ""
	}
}

// item makes an item of a stripped event. A stub takes everything but its times
// from the master of its series.
func (r reader) item(e, master *event) (calendar.Item, *sdk.Error) {
	source := e
	if e.thin() && master != nil {
		source = master
	}
	when, err := e.when(source.IsAllDay, source.OriginalZone, r.zone)
	if err != nil {
		return calendar.Item{}, err
	}
	item := calendar.Item{
		ID: calendar.ItemID(e.ID), Version: e.version(), SeriesID: calendar.ItemID(e.SeriesMasterID),
		Cancelled: source.IsCancelled || e.IsCancelled, Declined: source.declined(), Marker: e.marker(),
	}
	item.Appointment = source.content()
	item.When = when
	item.Incomplete = r.bodyMissing(e, source)
	return item, nil
}

// content is what a stripped event says, without its time.
func (e *event) content() calendar.Appointment {
	a := calendar.Appointment{ShowAs: showAs(e.ShowAs), Sensitivity: sensitivity(e.Sensitivity)}
	if e.Subject != nil {
		a.Subject = calendar.Cut(*e.Subject, calendar.MaxSubjectBytes)
	}
	if e.Location != nil {
		a.Location = calendar.Cut(e.Location.DisplayName, calendar.MaxLocationBytes)
	}
	if e.Body != nil {
		a.Body = e.Body.Content
	}
	return a
}

func (e *event) declined() bool {
	return e.ResponseStatus != nil && strings.EqualFold(e.ResponseStatus.Response, "declined")
}

// bodyMissing reports whether text that is wanted did not come: Graph does not
// promise the body in every kind of page.
func (r reader) bodyMissing(e, source *event) bool {
	if source.Body != nil {
		return false
	}
	if r.ours(e) {
		return true
	}
	return r.detail == sdk.DetailFull && !sensitivity(source.Sensitivity).Private()
}
