package rpc

import (
	"google.golang.org/protobuf/proto"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// addSeries cuts a series into parts that fit into a message each.
func addSeries(s *calendar.Series, add func(*pb.Change, int) error) error {
	part := &pb.Series{Id: string(s.ID)}
	send := func(more bool) error {
		full := part
		full.More = more
		part = &pb.Series{Id: string(s.ID)}
		return add(&pb.Change{Kind: &pb.Change_ReplaceSeries{ReplaceSeries: full}}, max(1, len(full.Items)))
	}
	// A part's own fields take room too.
	pack := packer{bytes: len(s.ID) + 4*fieldBytes, flush: func() error { return send(true) }}
	for i := range s.Items {
		item := wire.ItemToProto(&s.Items[i])
		if err := pack.add(1, proto.Size(item)); err != nil {
			return err
		}
		part.Items = append(part.Items, item)
	}
	return send(false)
}

// assembler puts the parts of series together again. At most one series is in
// parts at a time, for they follow each other in the stream.
type assembler struct {
	mailbox string
	series  *calendar.Series
}

// page translates a message; a series that goes on in the next one is held back.
func (a *assembler) page(m *pb.ReadResponse) (sdk.ReadPage, error) {
	p := sdk.ReadPage{Mailbox: m.GetMailbox()}
	for _, c := range m.GetChanges() {
		change, whole, err := a.change(p.Mailbox, c)
		if err != nil {
			return p, err
		}
		if whole {
			p.Changes = append(p.Changes, change)
		}
	}
	var err error
	switch end := m.GetEnd().(type) {
	case *pb.ReadResponse_Complete:
		p.Complete, err = wire.CompleteFromProto(end.Complete)
	case *pb.ReadResponse_Error:
		p.Err = wire.ErrorFromProto(end.Error)
	}
	if err == nil && a.series != nil && m.GetEnd() != nil {
		err = errSeries
	}
	return p, err
}

func (a *assembler) change(mailbox string, c *pb.Change) (_ calendar.Change, whole bool, err error) {
	part := c.GetReplaceSeries()
	if part == nil {
		if a.series != nil {
			return calendar.Change{}, false, errSeries
		}
		change, err := wire.ChangeFromProto(c)
		return change, true, err
	}
	series, err := wire.SeriesFromProto(part)
	if err != nil {
		return calendar.Change{}, false, err
	}
	if a.series != nil {
		if a.mailbox != mailbox || a.series.ID != series.ID {
			return calendar.Change{}, false, errSeries
		}
		series.Items = append(a.series.Items, series.Items...)
	}
	if len(series.Items) > sdk.MaxItems {
		return calendar.Change{}, false, errSeries
	}
	if part.GetMore() {
		a.mailbox, a.series = mailbox, series
		return calendar.Change{}, false, nil
	}
	a.series = nil
	return calendar.Change{ReplaceSeries: series}, true, nil
}

var errSeries = sdk.CodeInternal.New("the plugin did not send the parts of a series one after another, or sent too many")
