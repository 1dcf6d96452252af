package rpc

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
	"github.com/trainercal/trainercal/sdk/schema"
)

// remoteAccount is an account in a plugin.
type remoteAccount struct {
	client   *Client
	id       string
	warnings []schema.Diagnostic
}

// Warnings implements [sdk.Warner].
func (a *remoteAccount) Warnings() []schema.Diagnostic { return a.warnings }

// Close implements [sdk.Account].
func (a *remoteAccount) Close() error {
	ctx := context.Background()
	call, cancel := context.WithTimeout(ctx, a.client.timeouts.Short)
	defer cancel()
	_, err := a.client.calendar.Close(call, &pb.CloseRequest{AccountId: a.id})
	return failure(ctx, err)
}

// Verify implements [sdk.Account].
func (a *remoteAccount) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	return exchange(ctx, a.client.timeouts.Call, a.client.calendar.Verify, func(send func(*pb.VerifyRequest) error) error {
		if len(mailboxes) == 0 {
			return send(&pb.VerifyRequest{AccountId: a.id})
		}
		for _, m := range mailboxes {
			if err := send(&pb.VerifyRequest{AccountId: a.id, Mailbox: wire.MailboxToProto(m)}); err != nil {
				return err
			}
		}
		return nil
	}, func(m *pb.VerifyResponse) error { return emit(wire.CheckFromProto(m)) })
}

// Read implements [sdk.Account].
func (a *remoteAccount) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	if len(reqs) == 0 {
		return nil
	}
	var parts assembler
	return exchange(ctx, a.client.timeouts.Call, a.client.calendar.Read, func(send func(*pb.ReadRequest) error) error {
		for _, r := range reqs {
			if err := a.sendRead(r, send); err != nil {
				return err
			}
		}
		return nil
	}, func(m *pb.ReadResponse) error {
		p, err := parts.page(m)
		if err != nil {
			return undecodable(err)
		}
		return emit(p)
	})
}

// sendRead sends a mailbox's request, its ids over as many messages as they need.
func (a *remoteAccount) sendRead(r sdk.ReadRequest, send func(*pb.ReadRequest) error) error {
	own := r.Own
	r.Own = nil
	next := func() *pb.ReadRequest {
		m := wire.ReadRequestToProto(r)
		m.AccountId = a.id
		return m
	}
	m := next()
	pack := packer{flush: func() error {
		full := m
		full.More, m = true, next()
		return send(full)
	}}
	for _, id := range own {
		if err := pack.add(0, len(id)); err != nil {
			return err
		}
		m.Own = append(m.Own, string(id))
	}
	return send(m)
}

// Get implements [sdk.Account].
func (a *remoteAccount) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	if len(reqs) == 0 {
		return nil
	}
	return exchange(ctx, a.client.timeouts.Call, a.client.calendar.Get, func(send func(*pb.GetRequest) error) error {
		for _, r := range reqs {
			if err := a.sendGet(r, send); err != nil {
				return err
			}
		}
		return nil
	}, func(m *pb.GetResponse) error {
		p, err := wire.GetPageFromProto(m)
		if err != nil {
			return undecodable(err)
		}
		return emit(p)
	})
}

// sendGet sends a mailbox's request, its ids over as many messages as they need.
func (a *remoteAccount) sendGet(r sdk.GetRequest, send func(*pb.GetRequest) error) error {
	ids, own := r.IDs, r.Own
	r.IDs, r.Own = nil, nil
	next := func() *pb.GetRequest {
		m := wire.GetRequestToProto(r)
		m.AccountId = a.id
		return m
	}
	m := next()
	pack := packer{flush: func() error {
		full := m
		full.More, m = true, next()
		return send(full)
	}}
	for _, id := range ids {
		if err := pack.add(0, len(id)); err != nil {
			return err
		}
		m.Ids = append(m.Ids, string(id))
	}
	for _, id := range own {
		if err := pack.add(0, len(id)); err != nil {
			return err
		}
		m.Own = append(m.Own, string(id))
	}
	return send(m)
}

// Write implements [sdk.Account].
func (a *remoteAccount) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	if len(reqs) == 0 {
		return nil
	}
	return exchange(ctx, a.client.timeouts.Call, a.client.calendar.Write, func(send func(*pb.WriteRequest) error) error {
		for _, r := range reqs {
			if err := a.sendWrite(r, send); err != nil {
				return err
			}
		}
		return nil
	}, func(m *pb.WriteResponse) error {
		r, err := wire.WriteResultFromProto(m)
		if err != nil {
			return undecodable(err)
		}
		return emit(r)
	})
}

// sendWrite sends a mailbox's operations over as many messages as they need.
func (a *remoteAccount) sendWrite(r sdk.WriteRequest, send func(*pb.WriteRequest) error) error {
	next := func() *pb.WriteRequest {
		return &pb.WriteRequest{AccountId: a.id, Mailbox: wire.MailboxToProto(r.Mailbox)}
	}
	m := next()
	pack := packer{flush: func() error {
		full := m
		full.More, m = true, next()
		return send(full)
	}}
	for i := range r.Operations {
		op := wire.OperationToProto(&r.Operations[i])
		if err := pack.add(1, proto.Size(op)); err != nil {
			return err
		}
		m.Operations = append(m.Operations, op)
	}
	return send(m)
}

// Find implements [sdk.Account].
func (a *remoteAccount) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	if len(reqs) == 0 {
		return nil
	}
	return exchange(ctx, a.client.timeouts.Call, a.client.calendar.Find, func(send func(*pb.FindRequest) error) error {
		for _, r := range reqs {
			m := wire.FindRequestToProto(r)
			m.AccountId = a.id
			if err := send(m); err != nil {
				return err
			}
		}
		return nil
	}, func(m *pb.FindResponse) error {
		p, err := wire.FindPageFromProto(m)
		if err != nil {
			return undecodable(err)
		}
		return emit(p)
	})
}

// undecodable is the error of an answer that breaks the contract's form. What it
// holds is not repeated.
func undecodable(err error) error {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e
	}
	return sdk.CodeInternal.Wrap(err, "the plugin's answer could not be understood")
}
