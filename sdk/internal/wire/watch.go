package wire

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/trainercal/trainercal/sdk"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// WatchMailboxToProto translates a mailbox to watch.
func WatchMailboxToProto(m sdk.WatchMailbox) *pb.WatchRequest {
	return &pb.WatchRequest{Mailbox: MailboxToProto(m.Mailbox), State: m.State}
}

// WatchMailboxFromProto translates it back.
func WatchMailboxFromProto(m *pb.WatchRequest) sdk.WatchMailbox {
	return sdk.WatchMailbox{Mailbox: MailboxFromProto(m.GetMailbox()), State: m.GetState()}
}

// WatchEventToProto translates an event of a watch, of which one field is set.
func WatchEventToProto(e sdk.WatchEvent) *pb.WatchResponse {
	switch {
	case e.State != nil:
		return &pb.WatchResponse{Event: &pb.WatchResponse_State{State: &pb.WatchState{
			Mailbox: e.State.Mailbox, State: e.State.State,
		}}}
	case e.Failure != nil:
		return &pb.WatchResponse{Event: &pb.WatchResponse_Failure{Failure: &pb.WatchFailure{
			Mailbox: e.Failure.Mailbox, Error: ErrorToProto(e.Failure.Err),
		}}}
	case len(e.Dirty) > 0:
		return &pb.WatchResponse{Event: &pb.WatchResponse_Dirty{Dirty: &pb.Dirty{Mailboxes: e.Dirty}}}
	}
	return &pb.WatchResponse{Event: &pb.WatchResponse_Heartbeat{Heartbeat: &pb.Heartbeat{}}}
}

// WatchEventFromProto translates it back.
func WatchEventFromProto(m *pb.WatchResponse) (sdk.WatchEvent, error) {
	switch event := m.GetEvent().(type) {
	case *pb.WatchResponse_Heartbeat:
		return sdk.WatchEvent{Heartbeat: true}, nil
	case *pb.WatchResponse_Dirty:
		return sdk.WatchEvent{Dirty: event.Dirty.GetMailboxes()}, nil
	case *pb.WatchResponse_State:
		return sdk.WatchEvent{State: &sdk.WatchState{Mailbox: event.State.GetMailbox(), State: event.State.GetState()}}, nil
	case *pb.WatchResponse_Failure:
		return sdk.WatchEvent{Failure: &sdk.WatchFailure{
			Mailbox: event.Failure.GetMailbox(), Err: ErrorFromProto(event.Failure.GetError()),
		}}, nil
	}
	return sdk.WatchEvent{}, fmt.Errorf("an event of a watch says nothing")
}

// DeliverRequestToProto translates an HTTP request.
func DeliverRequestToProto(r sdk.DeliverRequest) *pb.DeliverRequest {
	return &pb.DeliverRequest{Method: r.Method, Target: r.Target, Headers: headerToProto(r.Header), Body: r.Body}
}

// DeliverRequestFromProto translates it back.
func DeliverRequestFromProto(m *pb.DeliverRequest) sdk.DeliverRequest {
	return sdk.DeliverRequest{
		Method: m.GetMethod(), Target: m.GetTarget(), Header: headerFromProto(m.GetHeaders()), Body: m.GetBody(),
	}
}

// DeliverResponseToProto translates an HTTP answer.
func DeliverResponseToProto(r sdk.DeliverResponse) *pb.DeliverResponse {
	m := &pb.DeliverResponse{Status: int32(r.Status), Headers: headerToProto(r.Header), Body: r.Body}
	if len(r.Dirty) > 0 {
		m.Dirty = &pb.Dirty{Mailboxes: r.Dirty}
	}
	return m
}

// DeliverResponseFromProto translates it back.
func DeliverResponseFromProto(m *pb.DeliverResponse) sdk.DeliverResponse {
	return sdk.DeliverResponse{
		Status: int(m.GetStatus()), Header: headerFromProto(m.GetHeaders()), Body: m.GetBody(),
		Dirty: m.GetDirty().GetMailboxes(),
	}
}

func headerToProto(h http.Header) []*pb.Header {
	var lines []*pb.Header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			lines = append(lines, &pb.Header{Name: valid(name), Value: valid(value)})
		}
	}
	return lines
}

// headerFromProto is nil for no lines.
func headerFromProto(lines []*pb.Header) http.Header {
	if len(lines) == 0 {
		return nil
	}
	h := http.Header{}
	for _, l := range lines {
		h.Add(l.GetName(), l.GetValue())
	}
	return h
}
