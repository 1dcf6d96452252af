package wire

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Generators of the contract's values.
var (
	text = rapid.String()
	id   = rapid.StringMatching(`[A-Za-z0-9+/=_-]{1,200}`)

	instant = rapid.Custom(func(t *rapid.T) time.Time {
		offset := rapid.IntRange(-14*3600, 14*3600).Draw(t, "offset")
		seconds := rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(t, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).In(time.FixedZone("", offset))
	})
	window = rapid.Custom(func(t *rapid.T) calendar.Window {
		return calendar.Window{Start: instant.Draw(t, "start"), End: instant.Draw(t, "end")}
	})
	date = rapid.Custom(func(t *rapid.T) calendar.Date {
		return calendar.DateOf(time.Date(rapid.IntRange(1, 9998).Draw(t, "year"), 1, rapid.IntRange(1, 366).Draw(t, "day"), 0, 0, 0, 0, time.UTC))
	})
	when = rapid.Custom(func(t *rapid.T) calendar.When {
		zone := rapid.SampledFrom([]string{"", "Europe/London", "Customized Time Zone"}).Draw(t, "zone")
		if rapid.Bool().Draw(t, "all day") {
			return calendar.When{AllDay: true, FirstDay: date.Draw(t, "first"), EndDay: date.Draw(t, "end"), TimeZone: zone}
		}
		w := window.Draw(t, "span")
		return calendar.When{Start: w.Start, End: w.End, TimeZone: zone}
	})
	appointment = rapid.Custom(func(t *rapid.T) calendar.Appointment {
		return calendar.Appointment{
			Subject: text.Draw(t, "subject"), Location: text.Draw(t, "location"), Body: text.Draw(t, "body"),
			When:        when.Draw(t, "when"),
			ShowAs:      one(t, showAs.numbers),
			Sensitivity: one(t, sensitivity.numbers),
		}
	})
	marker = rapid.Custom(func(t *rapid.T) calendar.Marker {
		return calendar.Marker{Installation: id.Draw(t, "installation"), Key: id.Draw(t, "key"), Generation: id.Draw(t, "generation")}
	})
	item = rapid.Custom(func(t *rapid.T) calendar.Item {
		i := calendar.Item{
			ID: calendar.ItemID(id.Draw(t, "id")), Version: text.Draw(t, "version"), SeriesID: calendar.ItemID(text.Draw(t, "series")),
			Appointment: appointment.Draw(t, "appointment"),
			Cancelled:   rapid.Bool().Draw(t, "cancelled"), Declined: rapid.Bool().Draw(t, "declined"), Incomplete: rapid.Bool().Draw(t, "incomplete"),
		}
		if rapid.Bool().Draw(t, "marked") {
			m := marker.Draw(t, "marker")
			i.Marker = &m
		}
		return i
	})
	contractError = rapid.Custom(func(t *rapid.T) *sdk.Error {
		plain := rapid.StringMatching(`[A-Za-z0-9 ,.]{0,80}`)
		return &sdk.Error{
			Code: rapid.SampledFrom(sdk.Codes()).Draw(t, "code"), Message: plain.Draw(t, "message"), Advice: plain.Draw(t, "advice"),
			Detail: plain.Draw(t, "detail"), RetryAfter: time.Duration(rapid.Int64Range(0, int64(longestWait)).Draw(t, "wait")),
		}
	})
	mailbox = rapid.Custom(func(t *rapid.T) sdk.Mailbox {
		return sdk.Mailbox{Address: text.Draw(t, "address"), TimeZone: text.Draw(t, "zone")}
	})
	ids = rapid.Custom(func(t *rapid.T) []calendar.ItemID {
		var list []calendar.ItemID
		for _, s := range rapid.SliceOfN(id, 0, 4).Draw(t, "ids") {
			list = append(list, calendar.ItemID(s))
		}
		return list
	})
)

func one[V ~string, N any](t *rapid.T, from map[V]N) V {
	var values []V
	for v := range from {
		values = append(values, v)
	}
	return rapid.SampledFrom(values).Draw(t, "value")
}

var comparers = cmp.Options{
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) }), // none and empty are the same cursor
	cmp.Comparer(func(a, b *sdk.Error) bool {
		return (a == nil) == (b == nil) && (a == nil || *plain(a) == *plain(b))
	}),
}

// plain is the error without its cause, which does not cross.
func plain(e *sdk.Error) *sdk.Error {
	return &sdk.Error{Code: e.Code, Message: e.Message, Advice: e.Advice, Detail: e.Detail, RetryAfter: e.RetryAfter}
}

// back checks that a value is equal after it went into a message, over the wire
// and out again.
func back[V any, M proto.Message](t *rapid.T, v V, to func(V) M, from func(M) (V, error)) {
	sent := to(v)
	raw, err := proto.Marshal(sent)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	received := sent.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(raw, received); err != nil {
		t.Fatal(err)
	}
	got, err := from(received)
	if err != nil {
		t.Fatalf("%+v is refused: %v", v, err)
	}
	if diff := cmp.Diff(v, got, comparers); diff != "" {
		t.Fatalf("not the same after the wire:\n%s", diff)
	}
}

// sure makes a translation that cannot fail one that could.
func sure[M, V any](from func(M) V) func(M) (V, error) {
	return func(m M) (V, error) { return from(m), nil }
}

func TestRoundTrip(t *testing.T) {
	for name, property := range map[string]func(*rapid.T){
		"item": func(t *rapid.T) {
			i := item.Draw(t, "item")
			back(t, &i, ItemToProto, func(m *pb.Item) (*calendar.Item, error) { got, err := ItemFromProto(m); return &got, err })
		},
		"read request": func(t *rapid.T) {
			back(t, sdk.ReadRequest{
				Mailbox: mailbox.Draw(t, "mailbox"), Window: window.Draw(t, "window"), Cursor: rapid.SliceOf(rapid.Byte()).Draw(t, "cursor"),
				Detail: one(t, detail.numbers), Scope: one(t, scope.numbers), Own: ids.Draw(t, "own"),
			}, ReadRequestToProto, ReadRequestFromProto)
		},
		"get request": func(t *rapid.T) {
			back(t, sdk.GetRequest{
				Mailbox: mailbox.Draw(t, "mailbox"), IDs: ids.Draw(t, "ids"), Detail: one(t, detail.numbers), Own: ids.Draw(t, "own"),
			}, GetRequestToProto, sure(GetRequestFromProto))
		},
		"find request": func(t *rapid.T) {
			r := sdk.FindRequest{Mailbox: mailbox.Draw(t, "mailbox")}
			if rapid.Bool().Draw(t, "bounded") {
				r.Since = instant.Draw(t, "since")
			}
			back(t, r, FindRequestToProto, FindRequestFromProto)
		},
		"operation": func(t *rapid.T) {
			o := drawOperation(t)
			back(t, &o, OperationToProto, func(m *pb.Operation) (*sdk.Operation, error) { got, err := OperationFromProto(m); return &got, err })
		},
		"write result": func(t *rapid.T) {
			r := sdk.WriteResult{Mailbox: text.Draw(t, "mailbox"), Operation: text.Draw(t, "operation"), ItemID: "id", Version: "v"}
			if rapid.Bool().Draw(t, "failed") {
				r.Err = contractError.Draw(t, "error")
			} else {
				i := item.Draw(t, "item")
				r.Item = &i
			}
			back(t, r, WriteResultToProto, WriteResultFromProto)
		},
		"check": func(t *rapid.T) {
			words := rapid.StringMatching(`[A-Za-z0-9 ,.]{0,80}`)
			c := sdk.Check{
				Mailbox: text.Draw(t, "mailbox"), Step: words.Draw(t, "step"), Outcome: one(t, outcome.numbers),
				Observed: words.Draw(t, "observed"), Advice: words.Draw(t, "advice"),
			}
			if rapid.Bool().Draw(t, "ends") {
				c.Ends = instant.Draw(t, "end")
			}
			back(t, c, CheckToProto, sure(CheckFromProto))
		},
		"complete": func(t *rapid.T) {
			c := sdk.Complete{Cursor: rapid.SliceOf(rapid.Byte()).Draw(t, "cursor"), Full: rapid.Bool().Draw(t, "full"), Covered: window.Draw(t, "covered")}
			back(t, &c, CompleteToProto, CompleteFromProto)
		},
		"error": func(t *rapid.T) {
			back(t, contractError.Draw(t, "error"), ErrorToProto, sure(ErrorFromProto))
		},
		"refusal": func(t *rapid.T) {
			words := rapid.StringMatching(`[A-Za-z0-9 ,.]{0,80}`)
			d := schema.Diagnostic{
				Severity: one(t, severity.numbers), Summary: words.Draw(t, "summary"), Detail: words.Draw(t, "detail"),
				Path: rapid.SliceOfN(id, 1, 3).Draw(t, "path"),
			}
			back(t, &sdk.SettingsError{Diagnostics: []schema.Diagnostic{d}}, RefusalToProto, sure(RefusalFromProto))
		},
	} {
		t.Run(name, func(t *testing.T) { rapid.Check(t, property) })
	}
}

func drawOperation(t *rapid.T) sdk.Operation {
	o := sdk.Operation{
		ID: text.Draw(t, "id"), Kind: one(t, operationKind.numbers), Marker: marker.Draw(t, "marker"),
		ItemID: calendar.ItemID(text.Draw(t, "item")), Version: text.Draw(t, "version"), MaybeDone: rapid.Bool().Draw(t, "maybe done"),
	}
	if o.Kind != sdk.Delete {
		o.Appointment = appointment.Draw(t, "appointment")
	}
	if rapid.Bool().Draw(t, "with base") {
		base := appointment.Draw(t, "base")
		o.Base = &base
	}
	return o
}

// Every level of description survives, a schema with each type and default among it.
func TestRoundTripDescription(t *testing.T) {
	want := sdk.Description{
		Service: "exchange-online", Version: "1.2.3-rc1", Summary: "Exchange Online.", Capabilities: []string{"watch"},
		Settings: schema.Schema{
			Attributes: []schema.Attribute{
				{Name: "tenant_id", Type: schema.String, Required: true, Help: "The tenant."},
				{Name: "secret", Type: schema.String, Sensitive: true, Help: "The secret."},
				{Name: "expires", Type: schema.String, Tuning: true, Help: "The secret's end."},
				{Name: "certificate_file", Type: schema.String, Help: "A file."},
				{Name: "cloud", Type: schema.String, Default: "global", Enum: []string{"global", "china"}},
				{Name: "limit", Type: schema.Int, Default: int64(1<<60 + 1)},
				{Name: "strict", Type: schema.Bool, Default: false},
				{Name: "pause", Type: schema.Duration, Default: "15m", Deprecated: "use limit"},
				{Name: "domains", Type: schema.List, Default: []string{"a.example", "b.example"}},
			},
			ExactlyOneOf: [][]string{{"secret", "certificate_file"}},
		},
	}
	m, err := DescriptionToProto(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DescriptionFromProto(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	want.Settings.Attributes[4].Default = 5 // an int, where the contract says int64
	if _, err := DescriptionToProto(want); err == nil {
		t.Error("a default of a type that does not cross is accepted")
	}
}
