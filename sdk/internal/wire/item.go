package wire

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// ItemToProto translates an item.
func ItemToProto(i *calendar.Item) *pb.Item {
	return &pb.Item{
		Id: string(i.ID), Version: i.Version, SeriesId: string(i.SeriesID),
		Appointment: AppointmentToProto(&i.Appointment),
		Cancelled:   i.Cancelled, Declined: i.Declined, Incomplete: i.Incomplete,
		Marker: markerPointerToProto(i.Marker),
	}
}

// ItemFromProto translates an item back; one without an id or a time is refused.
func ItemFromProto(m *pb.Item) (calendar.Item, error) {
	if m.GetId() == "" {
		return calendar.Item{}, fmt.Errorf("an item has no id")
	}
	a, err := AppointmentFromProto(m.GetAppointment())
	if err != nil {
		return calendar.Item{}, err
	}
	return calendar.Item{
		ID: calendar.ItemID(m.GetId()), Version: m.GetVersion(), SeriesID: calendar.ItemID(m.GetSeriesId()),
		Appointment: a,
		Cancelled:   m.GetCancelled(), Declined: m.GetDeclined(), Incomplete: m.GetIncomplete(),
		Marker: markerPointerFromProto(m.GetMarker()),
	}, nil
}

func itemsFromProto(ms []*pb.Item) ([]calendar.Item, error) {
	var items []calendar.Item
	for _, m := range ms {
		item, err := ItemFromProto(m)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// AppointmentToProto translates what an item says.
func AppointmentToProto(a *calendar.Appointment) *pb.Appointment {
	return &pb.Appointment{
		Subject: valid(a.Subject), Location: valid(a.Location), Body: valid(a.Body),
		When: whenToProto(a.When), ShowAs: showAs.toProto(a.ShowAs), Sensitivity: sensitivity.toProto(a.Sensitivity),
	}
}

// AppointmentFromProto translates it back; a missing or impossible time is refused.
func AppointmentFromProto(m *pb.Appointment) (calendar.Appointment, error) {
	when, err := whenFromProto(m.GetWhen())
	if err != nil {
		return calendar.Appointment{}, err
	}
	return calendar.Appointment{
		Subject: m.GetSubject(), Location: m.GetLocation(), Body: m.GetBody(),
		When: when, ShowAs: showAs.fromProto(m.GetShowAs()), Sensitivity: sensitivity.fromProto(m.GetSensitivity()),
	}, nil
}

func whenToProto(w calendar.When) *pb.When {
	m := &pb.When{TimeZone: valid(w.TimeZone)}
	if w.AllDay {
		m.Span = &pb.When_Days{Days: &pb.Days{First: dateToProto(w.FirstDay), End: dateToProto(w.EndDay)}}
		return m
	}
	m.Span = &pb.When_Instants{Instants: WindowToProto(calendar.Window{Start: w.Start, End: w.End})}
	return m
}

func whenFromProto(m *pb.When) (calendar.When, error) {
	w := calendar.When{TimeZone: m.GetTimeZone()}
	switch span := m.GetSpan().(type) {
	case *pb.When_Instants:
		window, err := WindowFromProto(span.Instants)
		if err != nil {
			return w, err
		}
		w.Start, w.End = window.Start, window.End
	case *pb.When_Days:
		w.AllDay = true
		var err error
		if w.FirstDay, err = dateFromProto(span.Days.GetFirst()); err != nil {
			return w, err
		}
		if w.EndDay, err = dateFromProto(span.Days.GetEnd()); err != nil {
			return w, err
		}
	default:
		return w, fmt.Errorf("an appointment has no time")
	}
	return w, nil
}

// WindowToProto translates a span of time.
func WindowToProto(w calendar.Window) *pb.Window {
	return &pb.Window{Start: timestamppb.New(w.Start), End: timestamppb.New(w.End)}
}

// WindowFromProto translates it back; a missing end or an instant outside the years
// 1 to 9999 is refused. The instants come in UTC.
func WindowFromProto(m *pb.Window) (calendar.Window, error) {
	start, err := instantFromProto(m.GetStart())
	if err != nil {
		return calendar.Window{}, err
	}
	end, err := instantFromProto(m.GetEnd())
	if err != nil {
		return calendar.Window{}, err
	}
	return calendar.Window{Start: start, End: end}, nil
}

func instantFromProto(m *timestamppb.Timestamp) (time.Time, error) {
	if err := m.CheckValid(); err != nil {
		return time.Time{}, fmt.Errorf("an instant is missing or impossible: %w", err)
	}
	return m.AsTime(), nil
}

func dateToProto(d calendar.Date) *pb.Date {
	return &pb.Date{Year: int32(d.Year), Month: int32(d.Month), Day: int32(d.Day)}
}

func dateFromProto(m *pb.Date) (calendar.Date, error) {
	d := calendar.Date{Year: int(m.GetYear()), Month: time.Month(m.GetMonth()), Day: int(m.GetDay())}
	if d.Year < 1 || d.Year > 9999 || d.AddDays(0) != d {
		return calendar.Date{}, fmt.Errorf("a day is missing or impossible: %d-%d-%d", d.Year, d.Month, d.Day)
	}
	return d, nil
}

func markerToProto(m calendar.Marker) *pb.Marker {
	return &pb.Marker{Installation: valid(m.Installation), Key: valid(m.Key), Generation: valid(m.Generation)}
}

func markerFromProto(m *pb.Marker) calendar.Marker {
	return calendar.Marker{Installation: m.GetInstallation(), Key: m.GetKey(), Generation: m.GetGeneration()}
}

func markerPointerToProto(m *calendar.Marker) *pb.Marker {
	if m == nil {
		return nil
	}
	return markerToProto(*m)
}

func markerPointerFromProto(m *pb.Marker) *calendar.Marker {
	if m == nil {
		return nil
	}
	marker := markerFromProto(m)
	return &marker
}
