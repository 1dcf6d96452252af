package exchangeonline

import (
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Types of an event (the event resource's `type`).
const (
	typeOccurrence = "occurrence"
	typeException  = "exception"
	typeMaster     = "seriesMaster"
)

// event is what the plugin reads of Graph's event resource. A field that the
// server left out is nil or empty; unknown fields are ignored.
type event struct {
	Removed        *removed    `json:"@removed"`
	Etag           string      `json:"@odata.etag"`
	ID             string      `json:"id"`
	ChangeKey      string      `json:"changeKey"`
	Type           string      `json:"type"`
	SeriesMasterID string      `json:"seriesMasterId"`
	Subject        *string     `json:"subject"`
	Body           *eventBody  `json:"body"`
	BodyPreview    string      `json:"bodyPreview"`
	Location       *place      `json:"location"`
	Start          *graphTime  `json:"start"`
	End            *graphTime  `json:"end"`
	IsAllDay       bool        `json:"isAllDay"`
	IsCancelled    bool        `json:"isCancelled"`
	ShowAs         string      `json:"showAs"`
	Sensitivity    string      `json:"sensitivity"`
	OriginalZone   string      `json:"originalStartTimeZone"`
	ResponseStatus *response   `json:"responseStatus"`
	Properties     []extension `json:"singleValueExtendedProperties"`
}

type removed struct {
	Reason string `json:"reason"`
}

type eventBody struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

type place struct {
	DisplayName string `json:"displayName"`
}

// graphTime is Graph's dateTimeTimeZone: a local time without offset, and its zone.
type graphTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

type response struct {
	Response string `json:"response"`
}

// extension is a singleValueLegacyExtendedProperty.
type extension struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// page is a page of a delta round or of a collection of events.
type page struct {
	// Value is nil when the answer had none, which is no empty page (A3).
	Value     *[]event `json:"value"`
	NextLink  string   `json:"@odata.nextLink"`
	DeltaLink string   `json:"@odata.deltaLink"`
}

// check refuses an answer that is JSON, and not a page of events.
func (p page) check() *sdk.Error {
	switch {
	case p.Value == nil:
		return badAnswer("a page without its value")
	case p.NextLink != "" && p.DeltaLink != "":
		return badAnswer("a page with two links")
	}
	for i := range *p.Value {
		if (*p.Value)[i].ID == "" {
			return badAnswer("an event without an id")
		}
	}
	return nil
}

// version is what If-Match wants to see.
func (e *event) version() string {
	if e.Etag != "" || e.ChangeKey == "" {
		return e.Etag
	}
	return `W/"` + e.ChangeKey + `"`
}

// thin reports whether the row is a stub that its series' master must explain:
// delta rounds send occurrences with id, times and series only.
func (e *event) thin() bool { return e.Type == typeOccurrence && e.ShowAs == "" }

// marker is the gateway's marker, where the answer brought one. A value that no
// gateway wrote is nobody's.
func (e *event) marker() *calendar.Marker {
	for _, p := range e.Properties {
		if !strings.EqualFold(p.ID, exchange.GraphMarkerProperty) {
			continue
		}
		if m, err := calendar.ParseMarker(p.Value); err == nil {
			return &m
		}
	}
	return nil
}

// showAs reads Graph's freeBusyStatus; what is not known blocks time by the
// operator's rule for unknown.
func showAs(s string) calendar.ShowAs {
	for _, known := range []calendar.ShowAs{
		calendar.ShowAsFree, calendar.ShowAsTentative, calendar.ShowAsBusy,
		calendar.ShowAsOutOfOffice, calendar.ShowAsWorkingElsewhere,
	} {
		if strings.EqualFold(s, string(known)) {
			return known
		}
	}
	return calendar.ShowAsUnknown
}

// sensitivity reads Graph's sensitivity; what is missing or not known is private.
func sensitivity(s string) calendar.Sensitivity {
	for _, known := range []calendar.Sensitivity{
		calendar.SensitivityNormal, calendar.SensitivityPersonal, calendar.SensitivityConfidential,
	} {
		if strings.EqualFold(s, string(known)) {
			return known
		}
	}
	return calendar.SensitivityPrivate
}

// readPage decodes and checks a page.
func readPage(data []byte) (page, *sdk.Error) {
	var p page
	if err := decode(data, &p); err != nil {
		return page{}, err
	}
	return p, p.check()
}

// readEvent decodes and checks a single event.
func readEvent(data []byte) (*event, *sdk.Error) {
	var e event
	if err := decode(data, &e); err != nil {
		return nil, err
	}
	if e.ID == "" {
		return nil, badAnswer("an event without an id")
	}
	return &e, nil
}
