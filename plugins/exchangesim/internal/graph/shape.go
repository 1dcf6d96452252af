package graph

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

const (
	// localTime is Graph's form of times with a zone beside them.
	localTime = "2006-01-02T15:04:05.0000000"
	instant   = "2006-01-02T15:04:05.0000000Z"
)

// shape says which members of an event are answered, and in which form.
type shape struct {
	mailbox *world.Mailbox
	prefer  preferences
	// selected are the members to answer, nil for all.
	selected []string
	// expanded are the extended properties to answer.
	expanded []world.Property
}

// shape reads what a request wants to see of events.
func (r *request) shape() (shape, error) {
	s := shape{mailbox: r.mailbox, prefer: r.prefer}
	if expand, given := r.query["$expand"]; given {
		var err error
		if s.expanded, err = parseExpand(expand); err != nil {
			return s, err
		}
	}
	selected, given := r.query["$select"]
	if !given {
		return s, nil
	}
	for _, name := range strings.Split(selected, ",") {
		known := slices.IndexFunc(members, func(m string) bool { return strings.EqualFold(m, strings.TrimSpace(name)) })
		if known < 0 {
			return s, badRequest("Parsing OData Select and Expand failed: Could not find a property named '%s' on type 'Microsoft.OutlookServices.Event'.", name)
		}
		s.selected = append(s.selected, members[known])
	}
	return s, nil
}

// members are the names of an event's members that can be selected.
var members = []string{
	"id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "transactionId",
	"originalStartTimeZone", "originalEndTimeZone", "iCalUId", "reminderMinutesBeforeStart", "isReminderOn",
	"hasAttachments", "subject", "bodyPreview", "importance", "sensitivity", "isAllDay", "isCancelled",
	"isOrganizer", "responseRequested", "seriesMasterId", "showAs", "type", "webLink", "isOnlineMeeting",
	"onlineMeetingProvider", "allowNewTimeProposals", "hideAttendees", "isDraft", "responseStatus", "body",
	"start", "end", "originalStart", "location", "locations", "recurrence", "attendees", "organizer",
}

// event answers an item with the members that are wanted.
func (s shape) event(it world.Item) map[string]any {
	e := s.full(it)
	if s.selected != nil {
		for name := range e {
			annotation := strings.HasPrefix(name, "@")
			if !annotation && name != "id" && !slices.Contains(s.selected, name) {
				delete(e, name)
			}
		}
	}
	var properties []any
	for _, p := range s.expanded {
		if value, has := it.Properties[p]; has {
			properties = append(properties, map[string]any{"id": propertyID(p), "value": value})
		}
	}
	if properties != nil {
		e["singleValueExtendedProperties"] = properties
	}
	return e
}

// stub answers an occurrence as a delta does: without anything that its master has.
func (s shape) stub(it world.Item) map[string]any {
	return map[string]any{
		"@odata.type":    "#microsoft.graph.event",
		"@odata.etag":    etag(s.mailbox, it.Version),
		"id":             s.prefer.ids.encode(s.mailbox, it.Ref),
		"type":           "occurrence",
		"seriesMasterId": s.prefer.ids.encode(s.mailbox, world.Ref{Item: it.Item}),
		"start":          s.time(it.Start, it.AllDay),
		"end":            s.time(it.End.In(endZone(it)), it.AllDay),
	}
}

// full answers everything of an item.
func (s shape) full(it world.Item) map[string]any {
	id := s.prefer.ids.encode(s.mailbox, it.Ref)
	e := map[string]any{
		"@odata.etag":                etag(s.mailbox, it.Version),
		"id":                         id,
		"changeKey":                  changeKey(s.mailbox, it.Version),
		"createdDateTime":            it.Created.UTC().Format(instant),
		"lastModifiedDateTime":       it.Modified.UTC().Format(instant),
		"categories":                 orEmpty(it.Categories),
		"transactionId":              orNull(it.TransactionID),
		"originalStartTimeZone":      it.StartZone,
		"originalEndTimeZone":        it.EndZone,
		"iCalUId":                    uid(it),
		"reminderMinutesBeforeStart": it.Reminder.MinutesBefore,
		"isReminderOn":               it.Reminder.On,
		"hasAttachments":             false,
		"subject":                    it.Subject,
		"bodyPreview":                it.Body.Preview(),
		"importance":                 string(it.Importance),
		"sensitivity":                string(it.Sensitivity),
		"isAllDay":                   it.AllDay,
		"isCancelled":                it.Cancelled,
		"isOrganizer":                it.Response == world.Organized,
		"isDraft":                    false,
		"responseRequested":          it.ResponseRequested,
		"seriesMasterId":             nil,
		"showAs":                     showAs(it.ShowAs),
		"type":                       eventTypes[it.Type],
		"webLink":                    "https://outlook.office365.com/owa/?itemid=" + id + "&exvsurl=1&path=/calendar/item",
		"isOnlineMeeting":            it.OnlineMeeting,
		"onlineMeetingProvider":      "unknown",
		"onlineMeeting":              nil,
		"onlineMeetingUrl":           nil,
		"allowNewTimeProposals":      it.AllowNewTimeProposals,
		"hideAttendees":              it.HideAttendees,
		"responseStatus":             responseStatus(it.Response, it.Created),
		"body":                       s.body(it.Body),
		"start":                      s.time(it.Start, it.AllDay),
		"end":                        s.time(it.End.In(endZone(it)), it.AllDay),
		"location":                   location(it.Location),
		"locations":                  locations(it.Location),
		"recurrence":                 recurrence(it),
		"attendees":                  attendees(it.Attendees),
		"organizer":                  person(it.Organizer),
	}
	if !it.Occurrence.IsZero() {
		e["seriesMasterId"] = s.prefer.ids.encode(s.mailbox, world.Ref{Item: it.Item})
		e["originalStart"] = it.OriginalStart.UTC().Format(instant)
	}
	return e
}

// eventTypes are Graph's names of the items' types.
var eventTypes = map[world.Type]string{
	world.Single: "singleInstance", world.Master: "seriesMaster",
	world.Occurrence: "occurrence", world.Exception: "exception",
}

// globalID begins every iCalUId of Exchange's making; the day of an occurrence follows.
const globalID = "040000008200E00074C5B7101A82E008"

// uid is Graph's iCalUId: it differs between the occurrences of a series, by the day
// that is in it.
func uid(it world.Item) string {
	if it.Occurrence.IsZero() {
		return it.UID
	}
	day := fmt.Sprintf("%X", encodeDay(it.Occurrence))
	rest, ours := strings.CutPrefix(it.UID, globalID)
	if !ours || len(rest) < len(day) {
		return it.UID + day
	}
	return globalID + day + rest[len(day):]
}

// endZone is the zone in which an item's end is read: that of the start for whole days.
func endZone(it world.Item) *time.Location {
	if it.AllDay {
		return it.Start.Location()
	}
	return it.End.Location()
}

// time answers a time in the preferred zone. Whole days float: their midnight is
// answered whatever the zone.
func (s shape) time(t time.Time, allDay bool) map[string]any {
	if !allDay {
		t = t.In(s.prefer.zone)
	}
	if allDay {
		y, m, d := t.Date()
		t = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return map[string]any{"dateTime": t.Format(localTime), "timeZone": s.prefer.zoneName}
}

func (s shape) body(b world.Body) map[string]any {
	if s.prefer.textBody {
		return map[string]any{"contentType": "text", "content": b.AsText()}
	}
	return map[string]any{"contentType": "html", "content": b.AsHTML()}
}

func showAs(v world.ShowAs) string {
	if v == world.NoData {
		return "unknown"
	}
	return string(v)
}

func location(name string) map[string]any {
	if name == "" {
		return map[string]any{"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": map[string]any{}, "coordinates": map[string]any{}}
	}
	return map[string]any{"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}
}

func locations(name string) []any {
	if name == "" {
		return []any{}
	}
	return []any{location(name)}
}

func attendees(list []world.Attendee) []any {
	all := make([]any, 0, len(list))
	for _, a := range list {
		p := person(a.Address)
		p["type"] = a.Kind
		p["status"] = responseStatus(a.Response, time.Time{})
		all = append(all, p)
	}
	return all
}

func person(a world.Address) map[string]any {
	return map[string]any{"emailAddress": map[string]any{"name": a.Name, "address": a.SMTP}}
}

// responseStatus answers who said what, and when; the organizer never answers.
func responseStatus(r world.Response, at time.Time) map[string]any {
	if r == world.Organized || r == world.NoResponse || r == "" {
		at = time.Time{}
	}
	name := string(r)
	if r == "" {
		name = string(world.NoResponse)
	}
	return map[string]any{"response": name, "time": at.UTC().Format("2006-01-02T15:04:05Z")}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
