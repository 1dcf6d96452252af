package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// MailboxToProto translates a mailbox's name.
func MailboxToProto(m sdk.Mailbox) *pb.Mailbox {
	return &pb.Mailbox{Address: m.Address, TimeZone: m.TimeZone}
}

// MailboxFromProto translates it back.
func MailboxFromProto(m *pb.Mailbox) sdk.Mailbox {
	return sdk.Mailbox{Address: m.GetAddress(), TimeZone: m.GetTimeZone()}
}

// ReadRequestToProto translates a request, its list Own included.
func ReadRequestToProto(r sdk.ReadRequest) *pb.ReadRequest {
	return &pb.ReadRequest{
		Mailbox: MailboxToProto(r.Mailbox), Window: WindowToProto(r.Window), Cursor: r.Cursor,
		Detail: detail.toProto(r.Detail), Scope: scope.toProto(r.Scope), Own: idsToProto(r.Own),
	}
}

// ReadRequestFromProto translates it back.
func ReadRequestFromProto(m *pb.ReadRequest) (sdk.ReadRequest, error) {
	window, err := WindowFromProto(m.GetWindow())
	return sdk.ReadRequest{
		Mailbox: MailboxFromProto(m.GetMailbox()), Window: window, Cursor: m.GetCursor(),
		Detail: detail.fromProto(m.GetDetail()), Scope: scope.fromProto(m.GetScope()), Own: idsFromProto(m.GetOwn()),
	}, err
}

// GetRequestToProto translates a request, its lists included.
func GetRequestToProto(r sdk.GetRequest) *pb.GetRequest {
	return &pb.GetRequest{
		Mailbox: MailboxToProto(r.Mailbox), Ids: idsToProto(r.IDs),
		Detail: detail.toProto(r.Detail), Own: idsToProto(r.Own),
	}
}

// GetRequestFromProto translates it back.
func GetRequestFromProto(m *pb.GetRequest) sdk.GetRequest {
	return sdk.GetRequest{
		Mailbox: MailboxFromProto(m.GetMailbox()), IDs: idsFromProto(m.GetIds()),
		Detail: detail.fromProto(m.GetDetail()), Own: idsFromProto(m.GetOwn()),
	}
}

// FindRequestToProto translates a request.
func FindRequestToProto(r sdk.FindRequest) *pb.FindRequest {
	m := &pb.FindRequest{Mailbox: MailboxToProto(r.Mailbox)}
	if !r.Since.IsZero() {
		m.Since = timestamppb.New(r.Since)
	}
	return m
}

// FindRequestFromProto translates it back.
func FindRequestFromProto(m *pb.FindRequest) (sdk.FindRequest, error) {
	r := sdk.FindRequest{Mailbox: MailboxFromProto(m.GetMailbox())}
	if m.GetSince() == nil {
		return r, nil
	}
	var err error
	r.Since, err = instantFromProto(m.GetSince())
	return r, err
}

// OperationToProto translates a write.
func OperationToProto(o *sdk.Operation) *pb.Operation {
	m := &pb.Operation{
		Id: o.ID, Kind: operationKind.toProto(o.Kind), ItemId: string(o.ItemID), Version: o.Version, MaybeDone: o.MaybeDone,
	}
	if o.Marker != (calendar.Marker{}) {
		m.Marker = markerToProto(o.Marker)
	}
	if o.Kind != sdk.Delete {
		m.Appointment = AppointmentToProto(&o.Appointment)
	}
	if o.Base != nil {
		m.Base = AppointmentToProto(o.Base)
	}
	return m
}

// OperationFromProto translates it back.
func OperationFromProto(m *pb.Operation) (sdk.Operation, error) {
	o := sdk.Operation{
		ID: m.GetId(), Kind: operationKind.fromProto(m.GetKind()), Marker: markerFromProto(m.GetMarker()),
		ItemID: calendar.ItemID(m.GetItemId()), Version: m.GetVersion(), MaybeDone: m.GetMaybeDone(),
	}
	var err error
	if o.Kind != sdk.Delete {
		if o.Appointment, err = AppointmentFromProto(m.GetAppointment()); err != nil {
			return o, err
		}
	}
	if m.GetBase() != nil {
		base, err := AppointmentFromProto(m.GetBase())
		if err != nil {
			return o, err
		}
		o.Base = &base
	}
	return o, nil
}

func idsToProto(ids []calendar.ItemID) []string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

func idsFromProto(ids []string) []calendar.ItemID {
	var out []calendar.ItemID
	for _, id := range ids {
		out = append(out, calendar.ItemID(id))
	}
	return out
}
