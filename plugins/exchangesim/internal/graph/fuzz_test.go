package graph

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func fuzzMailbox(f *testing.F) *world.Mailbox {
	f.Helper()
	m, err := world.New(world.Options{}).AddMailbox(world.Profile{SMTP: "ana@x.example"})
	if err != nil {
		f.Fatal(err)
	}
	return m
}

// Whatever is accepted as an id is written in one way only.
func FuzzID(f *testing.F) {
	m := fuzzMailbox(f)
	f.Add(immutableID.encode(m, world.Ref{Item: 7}))
	f.Add(classicID.encode(m, world.Ref{Item: 7, Occurrence: world.Date{Year: 2026, Month: time.October, Day: 20}}))
	f.Add("AAMkNOPE")
	f.Fuzz(func(t *testing.T, id string) {
		for _, form := range []idForm{classicID, immutableID} {
			ref, err := form.decode(m, id)
			if err != nil {
				continue
			}
			if again, err := form.decode(m, form.encode(m, ref)); err != nil || again != ref {
				t.Errorf("%q means %v, which is written as %v", id, ref, again)
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(token{Mailbox: []byte("x"), Whole: true}.encode())
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, s string) {
		if tok, err := decodeToken(s); err == nil {
			if _, err := decodeToken(tok.encode()); err != nil {
				t.Errorf("%q cannot be written again: %v", s, err)
			}
		}
	})
}

// Whatever a client sends as an event is refused, or can be stored and answered.
func FuzzEvent(f *testing.F) {
	m := fuzzMailbox(f)
	for _, seed := range []string{
		`{"subject":"x","start":{"dateTime":"2026-10-20T09:00:00","timeZone":"UTC"},"end":{"dateTime":"2026-10-20T10:00:00","timeZone":"UTC"}}`,
		`{"isAllDay":true,"start":{"dateTime":"2026-10-20T00:00:00.0000000","timeZone":"W. Europe Standard Time"},"end":{"dateTime":"2026-10-21T00:00","timeZone":"W. Europe Standard Time"},
		  "recurrence":{"pattern":{"type":"relativeMonthly","interval":2,"daysOfWeek":["monday"],"index":"last"},"range":{"type":"numbered","startDate":"2026-10-20","numberOfOccurrences":3}}}`,
		`{"body":{"contentType":"html","content":"<p>"},"attendees":[{"type":"optional","emailAddress":{"address":"b@y.example"}}],"start":null,"locations":[{"displayName":"A"}]}`,
		`{"singleValueExtendedProperties":[{"id":"Integer {8f3c2b8e-5d0a-4f0e-9a63-7b1c5e2d9a41} Id 0x8001","value":"1"}],"categories":null}`,
		`[]`, `{"start":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d draft
		if d.read(body) != nil {
			return
		}
		it, err := m.Create(d.Appointment, world.SendNone)
		if err != nil {
			return
		}
		answer := shape{mailbox: m, prefer: preferences{zone: time.UTC, zoneName: "UTC", ids: immutableID}}.full(it)
		if _, err := json.Marshal(answer); err != nil {
			t.Errorf("the event of %s is no JSON: %v", body, err)
		}
		if err := m.Delete(it.Ref, world.Gone, world.Write{}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("singleValueExtendedProperties/Any(ep: ep/id eq 'String {8f3c2b8e-5d0a-4f0e-9a63-7b1c5e2d9a41} Name x' and ep/value eq 'it''s')", `outlook.timezone="UTC", odata.maxpagesize=5`)
	f.Add("start/dateTime ge '2026-10-20' and end/dateTime lt '2026-10-21T00:00:00Z'", `IdType="ImmutableId"`)
	f.Add("singleValueExtendedProperties($filter=id eq 'a' or id eq 'b')", "=,=")
	f.Fuzz(func(_ *testing.T, text, prefer string) {
		r := &request{query: map[string]string{"$filter": text}}
		_, _ = r.filter([]world.Item{{}})
		_, _ = parseExpand(text)
		_, _ = parsePrefer(http.Header{"Prefer": {prefer}})
	})
}
