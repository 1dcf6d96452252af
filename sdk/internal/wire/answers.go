package wire

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// CheckToProto translates a step of Verify.
func CheckToProto(c sdk.Check) *pb.VerifyResponse {
	m := &pb.VerifyResponse{
		Mailbox: c.Mailbox, Step: valid(c.Step), Outcome: outcome.toProto(c.Outcome),
		Observed: CutText(c.Observed), Advice: CutText(c.Advice),
	}
	if !c.Ends.IsZero() {
		m.Ends = timestamppb.New(c.Ends)
	}
	return m
}

// CheckFromProto translates it back; an unknown outcome is a failure, and an impossible
// end is none.
func CheckFromProto(m *pb.VerifyResponse) sdk.Check {
	c := sdk.Check{
		Mailbox: m.GetMailbox(), Step: Scrub(m.GetStep()), Outcome: outcome.fromProto(m.GetOutcome()),
		Observed: Scrub(m.GetObserved()), Advice: Scrub(m.GetAdvice()),
	}
	if m.GetEnds().IsValid() {
		c.Ends = m.GetEnds().AsTime()
	}
	return c
}

// ChangeFromProto translates a change that is not a part of a series.
func ChangeFromProto(m *pb.Change) (calendar.Change, error) {
	switch kind := m.GetKind().(type) {
	case *pb.Change_Upsert:
		item, err := ItemFromProto(kind.Upsert)
		return calendar.Change{Upsert: &item}, err
	case *pb.Change_Remove:
		if kind.Remove == "" {
			return calendar.Change{}, fmt.Errorf("a removal names no item")
		}
		return calendar.Change{Remove: calendar.ItemID(kind.Remove)}, nil
	case *pb.Change_ReplaceSeries:
		series, err := SeriesFromProto(kind.ReplaceSeries)
		return calendar.Change{ReplaceSeries: series}, err
	}
	return calendar.Change{}, fmt.Errorf("a change says nothing")
}

// SeriesFromProto translates a series, or a part of one.
func SeriesFromProto(m *pb.Series) (*calendar.Series, error) {
	if m.GetId() == "" {
		return nil, fmt.Errorf("a series has no id")
	}
	items, err := itemsFromProto(m.GetItems())
	return &calendar.Series{ID: calendar.ItemID(m.GetId()), Items: items}, err
}

// CompleteToProto translates the end of a mailbox's read.
func CompleteToProto(c *sdk.Complete) *pb.Complete {
	return &pb.Complete{Cursor: c.Cursor, Full: c.Full, Covered: WindowToProto(c.Covered)}
}

// CompleteFromProto translates it back.
func CompleteFromProto(m *pb.Complete) (*sdk.Complete, error) {
	covered, err := WindowFromProto(m.GetCovered())
	return &sdk.Complete{Cursor: m.GetCursor(), Full: m.GetFull(), Covered: covered}, err
}

// GetPageFromProto translates a page of Get.
func GetPageFromProto(m *pb.GetResponse) (sdk.GetPage, error) {
	items, err := itemsFromProto(m.GetItems())
	p := sdk.GetPage{Mailbox: m.GetMailbox(), Items: items, Missing: idsFromProto(m.GetMissing())}
	switch end := m.GetEnd().(type) {
	case *pb.GetResponse_Done:
		p.Done = true
	case *pb.GetResponse_Error:
		p.Err = ErrorFromProto(end.Error)
	}
	return p, err
}

// FindPageFromProto translates a page of Find.
func FindPageFromProto(m *pb.FindResponse) (sdk.FindPage, error) {
	items, err := itemsFromProto(m.GetItems())
	p := sdk.FindPage{Mailbox: m.GetMailbox(), Items: items}
	switch end := m.GetEnd().(type) {
	case *pb.FindResponse_Done:
		p.Done = true
	case *pb.FindResponse_Error:
		p.Err = ErrorFromProto(end.Error)
	}
	return p, err
}

// WriteResultToProto translates an operation's result.
func WriteResultToProto(r sdk.WriteResult) *pb.WriteResponse {
	m := &pb.WriteResponse{Mailbox: r.Mailbox, Operation: r.Operation, ItemId: string(r.ItemID), Version: r.Version}
	if r.Item != nil {
		m.Item = ItemToProto(r.Item)
	}
	if r.Err != nil {
		m.Error = ErrorToProto(r.Err)
	}
	return m
}

// WriteResultFromProto translates it back.
func WriteResultFromProto(m *pb.WriteResponse) (sdk.WriteResult, error) {
	r := sdk.WriteResult{
		Mailbox: m.GetMailbox(), Operation: m.GetOperation(),
		ItemID: calendar.ItemID(m.GetItemId()), Version: m.GetVersion(),
	}
	if m.GetError() != nil {
		r.Err = ErrorFromProto(m.GetError())
	}
	if m.GetItem() == nil {
		return r, nil
	}
	item, err := ItemFromProto(m.GetItem())
	r.Item = &item
	return r, err
}
