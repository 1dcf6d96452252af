package rpc

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// Server serves a backend.
type Server struct {
	pb.UnimplementedCalendarServiceServer
	backend  sdk.Backend
	flush    func(context.Context) error
	accounts accounts
}

// NewServer makes a server. flush sends what is buffered of the traces.
func NewServer(backend sdk.Backend, flush func(context.Context) error) *Server {
	return &Server{backend: backend, flush: flush}
}

// Register puts the server's service on a gRPC server.
func (s *Server) Register(r grpc.ServiceRegistrar) { pb.RegisterCalendarServiceServer(r, s) }

// Describe implements the service.
func (s *Server) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	m, err := wire.DescriptionToProto(s.backend.Describe())
	return m, wire.StatusFromError(err)
}

// Open implements the service.
func (s *Server) Open(ctx context.Context, m *pb.OpenRequest) (*pb.OpenResponse, error) {
	account, err := s.backend.Open(ctx, sdk.OpenRequest{
		Name: m.GetName(), MasterAccount: m.GetMasterAccount(), Settings: m.GetSettingsJson(),
	})
	var refused *sdk.SettingsError
	switch {
	case errors.As(err, &refused):
		return &pb.OpenResponse{Result: &pb.OpenResponse_Refusal{Refusal: wire.RefusalToProto(refused)}}, nil
	case err != nil:
		return nil, wire.StatusFromError(err)
	case account == nil:
		return nil, wire.StatusFromError(sdk.CodeInternal.New("the backend opened no account"))
	}
	opened := &pb.OpenResponse{Result: &pb.OpenResponse_AccountId{AccountId: s.accounts.add(account)}}
	if warner, ok := account.(sdk.Warner); ok {
		opened.Warnings = wire.DiagnosticsToProto(warner.Warnings())
	}
	return opened, nil
}

// Close implements the service.
func (s *Server) Close(ctx context.Context, m *pb.CloseRequest) (*pb.CloseResponse, error) {
	return &pb.CloseResponse{}, wire.StatusFromError(s.accounts.close(ctx, m.GetAccountId()))
}

// Flush implements the service.
func (s *Server) Flush(ctx context.Context, _ *pb.FlushRequest) (*pb.FlushResponse, error) {
	if err := s.flush(ctx); err != nil {
		return nil, wire.StatusFromError(sdk.CodeUnavailable.Wrap(err, "the plugin could not send its traces"))
	}
	return &pb.FlushResponse{}, nil
}

// Verify implements the service.
func (s *Server) Verify(stream grpc.BidiStreamingServer[pb.VerifyRequest, pb.VerifyResponse]) error {
	var mailboxes []sdk.Mailbox
	in := inbound[*pb.VerifyRequest]{recv: stream.Recv, take: func(m *pb.VerifyRequest, _ bool) error {
		mailboxes = append(mailboxes, wire.MailboxFromProto(m.GetMailbox()))
		return nil
	}}
	return serve(s, in, func(a sdk.Account) error {
		send := locked(stream.Send)
		return a.Verify(stream.Context(), mailboxes, func(c sdk.Check) error {
			return send(func(send func(*pb.VerifyResponse) error) error { return send(wire.CheckToProto(c)) })
		})
	})
}

// Read implements the service.
func (s *Server) Read(stream grpc.BidiStreamingServer[pb.ReadRequest, pb.ReadResponse]) error {
	var reqs []sdk.ReadRequest
	in := inbound[*pb.ReadRequest]{recv: stream.Recv, more: (*pb.ReadRequest).GetMore, take: func(m *pb.ReadRequest, goesOn bool) error {
		r, err := wire.ReadRequestFromProto(m)
		if !goesOn {
			reqs = append(reqs, r)
			return err
		}
		last := &reqs[len(reqs)-1]
		last.Own = append(last.Own, r.Own...)
		return err
	}}
	return serve(s, in, func(a sdk.Account) error {
		send := locked(stream.Send)
		return a.Read(stream.Context(), reqs, func(p sdk.ReadPage) error {
			return send(func(send func(*pb.ReadResponse) error) error { return sendReadPage(p, send) })
		})
	})
}

// Get implements the service.
func (s *Server) Get(stream grpc.BidiStreamingServer[pb.GetRequest, pb.GetResponse]) error {
	var reqs []sdk.GetRequest
	in := inbound[*pb.GetRequest]{recv: stream.Recv, more: (*pb.GetRequest).GetMore, take: func(m *pb.GetRequest, goesOn bool) error {
		r := wire.GetRequestFromProto(m)
		if !goesOn {
			reqs = append(reqs, r)
			return nil
		}
		last := &reqs[len(reqs)-1]
		last.IDs, last.Own = append(last.IDs, r.IDs...), append(last.Own, r.Own...)
		return nil
	}}
	return serve(s, in, func(a sdk.Account) error {
		send := locked(stream.Send)
		return a.Get(stream.Context(), reqs, func(p sdk.GetPage) error {
			return send(func(send func(*pb.GetResponse) error) error { return sendGetPage(p, send) })
		})
	})
}

// Write implements the service.
func (s *Server) Write(stream grpc.BidiStreamingServer[pb.WriteRequest, pb.WriteResponse]) error {
	var reqs []sdk.WriteRequest
	in := inbound[*pb.WriteRequest]{recv: stream.Recv, more: (*pb.WriteRequest).GetMore, take: func(m *pb.WriteRequest, goesOn bool) error {
		if !goesOn {
			reqs = append(reqs, sdk.WriteRequest{Mailbox: wire.MailboxFromProto(m.GetMailbox())})
		}
		last := &reqs[len(reqs)-1]
		for _, o := range m.GetOperations() {
			op, err := wire.OperationFromProto(o)
			if err != nil {
				return err
			}
			last.Operations = append(last.Operations, op)
		}
		return nil
	}}
	return serve(s, in, func(a sdk.Account) error {
		send := locked(stream.Send)
		return a.Write(stream.Context(), reqs, func(r sdk.WriteResult) error {
			return send(func(send func(*pb.WriteResponse) error) error { return send(wire.WriteResultToProto(r)) })
		})
	})
}

// Find implements the service.
func (s *Server) Find(stream grpc.BidiStreamingServer[pb.FindRequest, pb.FindResponse]) error {
	var reqs []sdk.FindRequest
	in := inbound[*pb.FindRequest]{recv: stream.Recv, take: func(m *pb.FindRequest, _ bool) error {
		r, err := wire.FindRequestFromProto(m)
		reqs = append(reqs, r)
		return err
	}}
	return serve(s, in, func(a sdk.Account) error {
		send := locked(stream.Send)
		return a.Find(stream.Context(), reqs, func(p sdk.FindPage) error {
			return send(func(send func(*pb.FindResponse) error) error { return sendFindPage(p, send) })
		})
	})
}

// serve receives a call's requests and runs it on its account.
func serve[M request](s *Server, in inbound[M], call func(sdk.Account) error) error {
	id, err := in.all()
	if err != nil {
		return wire.StatusFromError(err)
	}
	account, release, err := s.accounts.use(id)
	if err != nil {
		return wire.StatusFromError(err)
	}
	defer release()
	return wire.StatusFromError(call(account.account))
}

// locked lets one page's messages out at a time, so that they follow each other.
func locked[M any](send func(*M) error) func(func(func(*M) error) error) error {
	var mu sync.Mutex
	return func(page func(func(*M) error) error) error {
		mu.Lock()
		defer mu.Unlock()
		return page(send)
	}
}

// request is what the messages of all calls have in common.
type request interface {
	GetAccountId() string
	GetMailbox() *pb.Mailbox
}

// inbound receives a call's requests.
type inbound[M request] struct {
	recv func() (M, error)
	// more reports whether the mailbox's lists go on in the next message; nil for
	// requests without lists.
	more func(M) bool
	// take keeps a request; goesOn says that it continues the one before.
	take func(m M, goesOn bool) error
}

// all receives until the host closed its side, and returns the account's handle.
func (in inbound[M]) all() (account string, err error) {
	mailboxes, goesOn, previous := 0, false, ""
	for {
		m, err := in.recv()
		if errors.Is(err, io.EOF) && !goesOn {
			return account, nil
		}
		if err != nil {
			return "", sdk.CodeInvalidRequest.Wrap(err, "the requests ended early")
		}
		if account != "" && m.GetAccountId() != account {
			return "", sdk.CodeInvalidRequest.New("a call names two accounts")
		}
		account = m.GetAccountId()
		if m.GetMailbox() == nil {
			continue
		}
		address := m.GetMailbox().GetAddress()
		if !goesOn {
			mailboxes++
		}
		if mailboxes > sdk.MaxMailboxes {
			return "", sdk.CodeInvalidRequest.New("more than %d mailboxes in a call", sdk.MaxMailboxes)
		}
		if goesOn && address != previous {
			return "", sdk.CodeInvalidRequest.New("a mailbox's request was not finished")
		}
		if err := in.take(m, goesOn); err != nil {
			return "", sdk.CodeInvalidRequest.Wrap(err, "a request could not be understood: %v", err)
		}
		previous, goesOn = address, in.more != nil && in.more(m)
	}
}
