package rpc

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// hostile is a plugin that does not keep the contract.
type hostile struct {
	pb.UnimplementedCalendarServiceServer
	answers []*pb.ReadResponse
}

func (h *hostile) Open(context.Context, *pb.OpenRequest) (*pb.OpenResponse, error) {
	return &pb.OpenResponse{Result: &pb.OpenResponse_AccountId{AccountId: "1"}}, nil
}

func (h *hostile) Read(stream grpc.BidiStreamingServer[pb.ReadRequest, pb.ReadResponse]) error {
	for _, m := range h.answers {
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// The host holds the contract too: a hostile plugin gets a typed error, and no
// answer of it goes further.
func TestHostilePlugin(t *testing.T) {
	mailbox := requests(1)[0].Mailbox.Address
	end := &pb.ReadResponse{Mailbox: mailbox, End: &pb.ReadResponse_Complete{Complete: wire.CompleteToProto(complete())}}
	upsert := func(i calendar.Item) *pb.Change {
		return &pb.Change{Kind: &pb.Change_Upsert{Upsert: wire.ItemToProto(&i)}}
	}
	private := item(1, "Biopsy results")
	private.Sensitivity = calendar.SensitivityPrivate
	part := func(id string, more bool, n int) *pb.Change {
		s := &pb.Series{Id: id, More: more}
		for i := range n {
			it := item(i, "")
			s.Items = append(s.Items, wire.ItemToProto(&it))
		}
		return &pb.Change{Kind: &pb.Change_ReplaceSeries{ReplaceSeries: s}}
	}
	page := func(changes ...*pb.Change) *pb.ReadResponse {
		return &pb.ReadResponse{Mailbox: mailbox, Changes: changes}
	}
	huge := make([]*pb.Change, 0, 2000)
	for range cap(huge) {
		huge = append(huge, &pb.Change{Kind: &pb.Change_Remove{Remove: string(make([]byte, 10_000))}})
	}
	for name, c := range map[string]struct {
		answers []*pb.ReadResponse
		call    error // what Read returns
		ends    error // what the mailbox ends with
	}{
		"honest":                     {[]*pb.ReadResponse{page(upsert(item(1, ""))), end}, nil, nil},
		"another mailbox":            {[]*pb.ReadResponse{{Mailbox: "other"}, end}, sdk.ErrInternal, nil},
		"changes of another mailbox": {[]*pb.ReadResponse{{Mailbox: "other", Changes: []*pb.Change{upsert(item(1, ""))}}}, sdk.ErrInternal, nil},
		"two ends":                   {[]*pb.ReadResponse{end, end}, sdk.ErrInternal, nil},
		"no end":                     {[]*pb.ReadResponse{page(upsert(item(1, "")))}, nil, sdk.ErrInternal},
		"nothing":                    {nil, nil, sdk.ErrInternal},
		"an item without a time":     {[]*pb.ReadResponse{page(&pb.Change{Kind: &pb.Change_Upsert{Upsert: &pb.Item{Id: "1"}}}), end}, sdk.ErrInternal, nil},
		"an empty change":            {[]*pb.ReadResponse{page(&pb.Change{}), end}, sdk.ErrInternal, nil},
		"a series in good parts":     {[]*pb.ReadResponse{page(part("s", true, 1)), page(part("s", false, 1)), end}, nil, nil},
		"a series without its rest":  {[]*pb.ReadResponse{page(part("s", true, 1)), end}, sdk.ErrInternal, nil},
		"parts of two series":        {[]*pb.ReadResponse{page(part("s", true, 1)), page(part("z", false, 1)), end}, sdk.ErrInternal, nil},
		"something between parts":    {[]*pb.ReadResponse{page(part("s", true, 1), upsert(item(1, ""))), end}, sdk.ErrInternal, nil},
		"an endless series":          {[]*pb.ReadResponse{page(part("s", true, 6000)), page(part("s", true, 6000))}, sdk.ErrInternal, nil},
		"too many items":             {[]*pb.ReadResponse{page(part("s", false, 6000)), page(part("z", false, 6000)), end}, nil, sdk.ErrTooManyItems},
		"a message over the limit":   {[]*pb.ReadResponse{page(huge...), end}, sdk.ErrInternal, nil},
		"private text":               {[]*pb.ReadResponse{page(upsert(private)), end}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := dial(t, &hostile{answers: c.answers}, patient)
			var ends error
			err := open(t, client).Read(t.Context(), requests(1), func(p sdk.ReadPage) error {
				if p.Err != nil {
					ends = p.Err
				}
				for _, change := range p.Changes {
					if change.Upsert != nil && change.Upsert.Body != "" {
						t.Error("private text reached the host")
					}
				}
				return nil
			})
			if !errors.Is(err, c.call) || (err == nil && !errors.Is(ends, c.ends)) {
				t.Errorf("call %v, mailbox %v; want %v, %v", err, ends, c.call, c.ends)
			}
		})
	}
}
