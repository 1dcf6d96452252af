package wire

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// hostile are messages that no honest plugin sends.
func hostile() []proto.Message {
	impossible := &timestamppb.Timestamp{Seconds: math.MaxInt64, Nanos: -5}
	item := &pb.Item{Id: "i", Appointment: &pb.Appointment{When: &pb.When{Span: &pb.When_Days{Days: &pb.Days{
		First: &pb.Date{Year: 2027, Month: 2, Day: 30}, End: &pb.Date{Month: math.MaxInt32},
	}}}}}
	return []proto.Message{
		&pb.ReadResponse{},
		&pb.ReadResponse{Changes: []*pb.Change{{}, {Kind: &pb.Change_Upsert{}}, {Kind: &pb.Change_ReplaceSeries{}}}},
		&pb.ReadResponse{Changes: []*pb.Change{{Kind: &pb.Change_Upsert{Upsert: item}}}},
		&pb.ReadResponse{End: &pb.ReadResponse_Complete{Complete: &pb.Complete{Covered: &pb.Window{Start: impossible}}}},
		&pb.ReadResponse{End: &pb.ReadResponse_Error{Error: &pb.Error{RetryAfter: &durationpb.Duration{Seconds: math.MaxInt64}}}},
		&pb.GetResponse{Items: []*pb.Item{nil, item}, End: &pb.GetResponse_Done{}},
		&pb.WriteResponse{Item: &pb.Item{}, Error: &pb.Error{}},
		&pb.WatchResponse{Event: &pb.WatchResponse_Failure{Failure: &pb.WatchFailure{Mailbox: "a"}}},
		&pb.WatchResponse{Event: &pb.WatchResponse_Dirty{}},
		&pb.DeliverResponse{Status: math.MinInt32, Headers: []*pb.Header{nil, {Name: "\r\n"}}},
		&pb.DescribeResponse{Settings: &pb.Schema{Attributes: []*pb.Attribute{{Default: &pb.Attribute_DefaultList{}}}}},
	}
}

// What decodes can be sent again, and decodes to the same: nothing half understood
// gets in. Nothing panics.
func FuzzDecode(f *testing.F) {
	for _, m := range hostile() {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var read pb.ReadResponse
		if proto.Unmarshal(raw, &read) == nil {
			for _, c := range read.GetChanges() {
				change, err := ChangeFromProto(c)
				if err == nil && change.Upsert != nil {
					mustResend(t, *change.Upsert)
				}
			}
			_, _ = CompleteFromProto(read.GetComplete())
			_ = ErrorFromProto(read.GetError()).Error()
		}
		var got pb.GetResponse
		if proto.Unmarshal(raw, &got) == nil {
			_, _ = GetPageFromProto(&got)
		}
		var found pb.FindResponse
		if proto.Unmarshal(raw, &found) == nil {
			_, _ = FindPageFromProto(&found)
		}
		var wrote pb.WriteResponse
		if proto.Unmarshal(raw, &wrote) == nil {
			_, _ = WriteResultFromProto(&wrote)
		}
		var check pb.VerifyResponse
		if proto.Unmarshal(raw, &check) == nil {
			_ = CheckFromProto(&check)
		}
		var event pb.WatchResponse
		if proto.Unmarshal(raw, &event) == nil {
			if e, err := WatchEventFromProto(&event); err == nil {
				_ = WatchEventToProto(e)
			}
		}
		var delivered pb.DeliverResponse
		if proto.Unmarshal(raw, &delivered) == nil {
			_ = DeliverResponseToProto(DeliverResponseFromProto(&delivered))
		}
		var open pb.OpenResponse
		if proto.Unmarshal(raw, &open) == nil {
			_ = RefusalFromProto(open.GetRefusal()).Error()
		}
		var description pb.DescribeResponse
		if proto.Unmarshal(raw, &description) == nil {
			if d, err := DescriptionFromProto(&description); err == nil {
				if _, err := DescriptionToProto(d); err != nil {
					t.Fatalf("a description that was accepted cannot be sent: %v", err)
				}
			}
		}
	})
}

func mustResend(t *testing.T, item calendar.Item) {
	t.Helper()
	again, err := ItemFromProto(ItemToProto(&item))
	if err != nil {
		t.Fatalf("an item that was accepted is refused when it comes back: %v", err)
	}
	if !again.When.SameTime(item.When) || again.ID != item.ID {
		t.Fatalf("an item that was accepted comes back as another")
	}
}

// What requests can hold comes from the host, and is decoded in the plugin.
func FuzzDecodeRequest(f *testing.F) {
	op := &pb.Operation{Id: "1", Kind: pb.Operation_KIND_UPDATE, Base: &pb.Appointment{}}
	for _, m := range []proto.Message{
		&pb.ReadRequest{}, &pb.ReadRequest{Mailbox: &pb.Mailbox{Address: "a"}, Window: &pb.Window{}},
		&pb.WriteRequest{Operations: []*pb.Operation{nil, op}},
		&pb.FindRequest{Since: &timestamppb.Timestamp{Nanos: math.MaxInt32}},
		&pb.DeliverRequest{Headers: []*pb.Header{nil, {Name: "x"}}},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(_ *testing.T, raw []byte) {
		var read pb.ReadRequest
		if proto.Unmarshal(raw, &read) == nil {
			_, _ = ReadRequestFromProto(&read)
		}
		var write pb.WriteRequest
		if proto.Unmarshal(raw, &write) == nil {
			for _, o := range write.GetOperations() {
				_, _ = OperationFromProto(o)
			}
		}
		var watched pb.WatchRequest
		if proto.Unmarshal(raw, &watched) == nil {
			_ = WatchMailboxFromProto(&watched)
		}
		var delivered pb.DeliverRequest
		if proto.Unmarshal(raw, &delivered) == nil {
			_ = DeliverRequestFromProto(&delivered)
		}
		var find pb.FindRequest
		if proto.Unmarshal(raw, &find) == nil {
			_, _ = FindRequestFromProto(&find)
		}
	})
}
