package rpc

import (
	"google.golang.org/protobuf/proto"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// The most a message holds. The bytes leave room below 1 MiB for what ends a
// mailbox's answer (a cursor of 64 KiB) and for the message's own fields.
const (
	maxMessageItems = 500
	maxMessageBytes = 900 << 10
	// fieldBytes is more than a list's entry costs beside its content.
	fieldBytes = 8
)

// packer counts what goes into the message being filled, and has it sent before it
// would hold too much.
type packer struct {
	items, bytes int
	// flush sends the message and begins a new one.
	flush func() error
}

func (p *packer) add(items, bytes int) error {
	bytes += fieldBytes
	full := p.items+items > maxMessageItems || p.bytes+bytes > maxMessageBytes
	if full && p.bytes > 0 {
		if err := p.flush(); err != nil {
			return err
		}
		p.items, p.bytes = 0, 0
	}
	p.items, p.bytes = p.items+items, p.bytes+bytes
	return nil
}

// sendReadPage sends a page as messages of bounded size.
func sendReadPage(p sdk.ReadPage, send func(*pb.ReadResponse) error) error {
	m := &pb.ReadResponse{Mailbox: p.Mailbox}
	pack := packer{flush: func() error {
		full := m
		m = &pb.ReadResponse{Mailbox: p.Mailbox}
		return send(full)
	}}
	add := func(c *pb.Change, items int) error {
		if err := pack.add(items, proto.Size(c)); err != nil {
			return err
		}
		m.Changes = append(m.Changes, c)
		return nil
	}
	for _, c := range p.Changes {
		var err error
		switch {
		case c.Upsert != nil:
			err = add(&pb.Change{Kind: &pb.Change_Upsert{Upsert: wire.ItemToProto(c.Upsert)}}, 1)
		case c.ReplaceSeries != nil:
			err = addSeries(c.ReplaceSeries, add)
		default:
			err = add(&pb.Change{Kind: &pb.Change_Remove{Remove: string(c.Remove)}}, 1)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case p.Err != nil:
		m.End = &pb.ReadResponse_Error{Error: wire.ErrorToProto(p.Err)}
	case p.Complete != nil:
		m.End = &pb.ReadResponse_Complete{Complete: wire.CompleteToProto(p.Complete)}
	case len(m.Changes) == 0:
		return nil
	}
	return send(m)
}

// sendGetPage sends a page as messages of bounded size.
func sendGetPage(p sdk.GetPage, send func(*pb.GetResponse) error) error {
	m := &pb.GetResponse{Mailbox: p.Mailbox}
	pack := packer{flush: func() error {
		full := m
		m = &pb.GetResponse{Mailbox: p.Mailbox}
		return send(full)
	}}
	for i := range p.Items {
		item := wire.ItemToProto(&p.Items[i])
		if err := pack.add(1, proto.Size(item)); err != nil {
			return err
		}
		m.Items = append(m.Items, item)
	}
	for _, id := range p.Missing {
		if err := pack.add(1, len(id)); err != nil {
			return err
		}
		m.Missing = append(m.Missing, string(id))
	}
	switch {
	case p.Err != nil:
		m.End = &pb.GetResponse_Error{Error: wire.ErrorToProto(p.Err)}
	case p.Done:
		m.End = &pb.GetResponse_Done{Done: &pb.Done{}}
	case len(m.Items)+len(m.Missing) == 0:
		return nil
	}
	return send(m)
}

// sendFindPage sends a page as messages of bounded size.
func sendFindPage(p sdk.FindPage, send func(*pb.FindResponse) error) error {
	m := &pb.FindResponse{Mailbox: p.Mailbox}
	pack := packer{flush: func() error {
		full := m
		m = &pb.FindResponse{Mailbox: p.Mailbox}
		return send(full)
	}}
	for i := range p.Items {
		item := wire.ItemToProto(&p.Items[i])
		if err := pack.add(1, proto.Size(item)); err != nil {
			return err
		}
		m.Items = append(m.Items, item)
	}
	switch {
	case p.Err != nil:
		m.End = &pb.FindResponse_Error{Error: wire.ErrorToProto(p.Err)}
	case p.Done:
		m.End = &pb.FindResponse_Done{Done: &pb.Done{}}
	case len(m.Items) == 0:
		return nil
	}
	return send(m)
}
