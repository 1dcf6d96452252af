package exchangesim

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/autodiscover"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/control"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/ews"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/graph"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/login"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/ntlm"
	"github.com/trainercal/trainercal/plugins/internal/ntlmserver"
)

const (
	graphPrefix = "/graph/v1.0"
	loginPrefix = "/login"
)

// Server is a running simulator.
type Server struct {
	opts   Options
	world  *world.World
	faults *faults.Set
	login  *login.Endpoint
	graph  *graph.Handler
	ews    *ews.Handler

	listener net.Listener
	http     *http.Server
	// running waits for the serving goroutine and all handlers.
	running sync.WaitGroup
	caPEM   []byte
	caFile  string
}

// Start starts a simulator with an empty world. Close stops it.
func Start(opts Options) (*Server, error) {
	opts.setDefaults()
	s := &Server{opts: opts, world: world.New(world.Options{Now: opts.Now}), faults: faults.New(opts.Seed)}
	s.login = login.New(login.Options{
		TenantID: opts.TenantID, ClientID: opts.ClientID, ClientSecret: opts.ClientSecret, Now: opts.Now,
		Certificates: opts.Certificates, Federation: opts.Federation, URL: s.LoginURL,
	})
	s.graph = graph.New(graph.Options{
		World: s.world, Valid: s.login.Valid, Challenge: s.login.Challenge, Claims: s.login.Claims,
		Faults: s.faults, Prefix: graphPrefix,
		MailboxRequests: opts.MailboxRequests, Requests: opts.Requests,
		Latency: opts.Latency, Concurrency: opts.Concurrency, Generations: opts.Generations,
		TenantID: opts.TenantID, SubscriptionWrites: opts.SubscriptionWrites,
	})
	s.world.SetAccount(world.Account{
		User: opts.EWSUser, Password: opts.EWSPassword,
		Default: world.Access{Full: true, Impersonate: true, ViewPrivate: true},
	})
	build, err := ews.BuildOf(opts.EWSServer)
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	binding, err := s.listen()
	if err != nil {
		return nil, fmt.Errorf("start the simulator on %s: %w", opts.Listen, err)
	}
	s.ews = ews.New(ews.Options{
		World: s.world, Token: s.login.Valid, Faults: s.faults, Latency: opts.Latency, Schemes: opts.EWSSchemes,
		Build: build, Protection: protection(opts), Binding: binding,
		Concurrency: opts.EWSConcurrency, Throttling: opts.EWSThrottling, StillFolders: opts.EWSStillFolders, UnknownZones: opts.EWSUnknownZones,
	})
	s.http = &http.Server{
		Handler: s.tracked(s.routes()), ReadHeaderTimeout: time.Minute, ConnContext: ntlmserver.ConnContext,
	}
	s.running.Go(func() { _ = s.http.Serve(s.listener) }) // ends with Close
	return s, nil
}

// protection is what is done with channel bindings: without TLS there are none.
func protection(opts Options) Protection {
	if !opts.TLS {
		return ProtectionOff
	}
	return opts.EWSProtection
}

// listen opens the port, with TLS where that is wanted; binding is what a sign-in is then
// bound to.
func (s *Server) listen() (binding []byte, err error) {
	if s.listener, err = net.Listen("tcp", s.opts.Listen); err != nil || !s.opts.TLS {
		return nil, err
	}
	certificate, caPEM, err := makeCertificate(s.opts.Names)
	if err == nil {
		s.caPEM = caPEM
		s.caFile, err = writeCA(caPEM)
	}
	if err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	s.listener = tls.NewListener(s.listener, &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
	})
	return ntlm.Binding(certificate.Leaf), nil
}

// routes mounts the fronts.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graph/", s.observed("graph", s.graph))
	mux.Handle(loginPrefix+"/", s.observed("login", http.HandlerFunc(s.serveLogin)))
	pages := control.New(control.Options{
		World: s.world, Faults: s.faults, RevokeTokens: s.login.Revoke, ChallengeTokens: s.login.Challenge, EWSPath: ews.Path, GraphPrefix: graphPrefix,
	})
	mux.Handle("/", pages)
	exchange := s.observed("ews", s.ews)
	discovery := s.observed("autodiscover", autodiscover.New(autodiscover.Options{
		World: s.world, EWSURL: s.EWSURL, SignIn: s.ews.SignIn, Hosts: s.opts.Autodiscover,
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isEWS(r.URL.Path):
			exchange.ServeHTTP(w, r)
		case strings.EqualFold(r.URL.Path, autodiscover.Path):
			discovery.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// tracked counts handlers in flight, so that Close can wait for them.
func (s *Server) tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		next.ServeHTTP(w, r)
	})
}

// Close stops the server at once, requests in flight included, and waits for the end.
func (s *Server) Close() error {
	err := s.http.Close()
	s.running.Wait()
	s.graph.Close()
	if s.caFile != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(s.caFile)))
	}
	return err
}

// URL is the address of the server's first page.
func (s *Server) URL() string {
	scheme := "http"
	if s.opts.TLS {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// AutodiscoverURL is the address of Autodiscover.
func (s *Server) AutodiscoverURL() string { return s.URL() + autodiscover.Path }

// EWSURL is the address of Exchange Web Services.
func (s *Server) EWSURL() string { return s.URL() + ews.Path }

// GraphURL is the address of Microsoft Graph, with the version.
func (s *Server) GraphURL() string { return s.URL() + graphPrefix }

// LoginURL is the address of the sign-in service, without the tenant.
func (s *Server) LoginURL() string { return s.URL() + loginPrefix }

// TokenURL is the address of the tenant's token endpoint.
func (s *Server) TokenURL() string {
	return s.LoginURL() + "/" + s.opts.TenantID + "/oauth2/v2.0/token"
}

// ControlURL is the address of the control interface.
func (s *Server) ControlURL() string { return s.URL() + "/control" }

// Options are the server's options, with defaults filled in.
func (s *Server) Options() Options { return s.opts }

// World is what the server serves.
func (s *Server) World() *world.World { return s.world }

// Outbox lists every mail that Exchange would have sent.
func (s *Server) Outbox() []world.Mail { return s.world.Outbox() }

// CAPEM is the certificate authority that signed the server's certificate; nil without TLS.
func (s *Server) CAPEM() []byte { return s.caPEM }

// CAFile is a file with CAPEM that lasts until Close; empty without TLS.
func (s *Server) CAFile() string { return s.caFile }

// AddFault makes requests fail from now on.
func (s *Server) AddFault(f Fault) (Fault, error) { return s.faults.Add(f) }

// RemoveFault removes a fault and reports whether there was one.
func (s *Server) RemoveFault(id int) bool { return s.faults.Remove(id) }

// ClearFaults removes all faults.
func (s *Server) ClearFaults() { s.faults.Clear() }

// Faults lists the faults with how often they have hit.
func (s *Server) Faults() []Fault { return s.faults.Rules() }

// Counts lists what was asked for since the start or ClearCounts.
func (s *Server) Counts() []Count { return s.faults.Counts() }

// ClearCounts starts counting anew.
func (s *Server) ClearCounts() { s.faults.ClearCounts() }

// RevokeTokens makes all access tokens invalid.
func (s *Server) RevokeTokens() { s.login.Revoke() }

// ExpireSecret ends the application's secret, or makes it good again.
func (s *Server) ExpireSecret(expired bool) { s.login.ExpireSecret(expired) }

// ChallengeTokens makes access tokens invalid until they are asked for with the claims
// that Graph demands in its 401.
func (s *Server) ChallengeTokens() { s.login.Challenge() }

// Subscriptions are the subscriptions to change notifications of Graph.
func (s *Server) Subscriptions() *Subscriptions { return s.graph.Subscriptions() }

// Streams are the subscriptions to streaming notifications of EWS.
func (s *Server) Streams() *Streams { return s.ews.Streams() }

// Peak is the most Graph operations that were in flight on one mailbox, refused ones
// included, since the start or ResetPeak; and the mailbox's address.
func (s *Server) Peak() (address string, operations int) { return s.graph.Peak() }

// ResetPeak makes Peak start anew.
func (s *Server) ResetPeak() { s.graph.ResetPeak() }
