package exchangesim

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/autodiscover"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/ews"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/graph"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/login"
	"github.com/trainercal/trainercal/plugins/internal/ntlmserver"
)

// Defaults of [Options].
const (
	DefaultTenantID     = "6f2c1f5e-3b1a-4d6e-9c3f-0a5d7e8b9c10"
	DefaultClientID     = "0d9e4c7a-52b8-4f0e-8a66-1b2c3d4e5f60"
	DefaultClientSecret = "sim-client-secret"
	DefaultEWSUser      = "svc@sim.example"
	DefaultEWSPassword  = "sim-password"
	// DefaultConcurrency is Outlook's limit of operations in flight on a mailbox.
	DefaultConcurrency = 4
	// DefaultEWSConcurrency is Exchange's own EwsMaxConcurrency.
	DefaultEWSConcurrency = 27
)

// Options configure a [Server]. The zero Options are usable.
type Options struct {
	// Listen is the address to listen on; empty is a free port of 127.0.0.1.
	Listen string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// TLS serves https with a certificate made at the start; see [Server.CAPEM].
	TLS bool
	// Latency is how long every operation takes at least.
	Latency time.Duration
	// TenantID, ClientID and ClientSecret are the application that may use Graph, and
	// EWS with a token.
	TenantID, ClientID, ClientSecret string
	// Certificates are further proofs of the application's, Federation a federated
	// identity credential of it; nil for none.
	Certificates []*x509.Certificate
	Federation   *Federation
	// EWSUser and EWSPassword are an account with full access to, and the right to
	// impersonate the owner of, every mailbox. Others: World.SetAccount.
	EWSUser, EWSPassword string
	// EWSSchemes are the ways to sign in that EWS offers in its 401, one WWW-Authenticate
	// header each; nil is what a server on premises offers, and tokens.
	EWSSchemes []string
	// EWSProtection is IIS's Extended Protection: what is done with the channel bindings of
	// NTLM, [ProtectionOff], [ProtectionAllow] (if empty) or [ProtectionRequire]. It
	// matters with TLS alone.
	EWSProtection Protection
	// EWSServer is the Exchange that EWS claims to be, and behaves like: "2010", "2013",
	// "2016", "2019", "SE" (if empty) or "online".
	EWSServer string
	// EWSConcurrency is how many EWS requests of an account may run at a time; 0 is
	// [DefaultEWSConcurrency]. EWSThrottling is each account's budget of server time; the
	// zero Throttling is none.
	EWSConcurrency int
	EWSThrottling  Throttling
	// EWSUnknownZones are ids of Windows time zones that EWS does not know, as a server
	// without the newest updates.
	EWSUnknownZones []string
	// EWSStillFolders keeps the change properties of calendar folders from moving.
	EWSStillFolders bool
	// EWSStreaming sets limits and pace of EWS's streaming notifications.
	EWSStreaming Streaming
	// Autodiscover is what Autodiscover answers under each host name, in lower case; nil is
	// the address of EWS under every name.
	Autodiscover map[string]AutodiscoverAnswer
	// Names are further host names that the certificate holds for.
	Names []string
	// Concurrency is how many Graph operations may run on a mailbox at a time; 0 is
	// [DefaultConcurrency].
	Concurrency int
	// MailboxRequests is how many Graph requests a mailbox takes in ten minutes, Requests
	// how many the application may make in ten seconds; 0 are Outlook's limits. More are
	// throttled.
	MailboxRequests, Requests int
	// SubscriptionWrites is how many subscriptions to change notifications may be made,
	// renewed and deleted in 20 seconds; 0 is Graph's limit.
	SubscriptionWrites int
	// Generations is how many of a mailbox's newest delta tokens are accepted; 0 for
	// all. Outlook has been seen to keep about three.
	Generations int
	// Seed decides which requests a fault with a rate hits.
	Seed uint64
	// Observe sees every request with its answer, before the answer is sent; nil for
	// nobody. It may be called from several goroutines.
	Observe func(Exchange)
}

func (o *Options) setDefaults() {
	setDefault(&o.Listen, "127.0.0.1:0")
	setDefault(&o.TenantID, DefaultTenantID)
	setDefault(&o.ClientID, DefaultClientID)
	setDefault(&o.ClientSecret, DefaultClientSecret)
	setDefault(&o.EWSUser, DefaultEWSUser)
	setDefault(&o.EWSPassword, DefaultEWSPassword)
	setDefault(&o.EWSServer, "SE")
	setDefault(&o.EWSConcurrency, DefaultEWSConcurrency)
	setDefault(&o.EWSProtection, ProtectionAllow)
	setDefault(&o.Concurrency, DefaultConcurrency)
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Protection is IIS's Extended Protection; see package ntlmserver.
type Protection = ntlmserver.Protection

// What a server does with channel bindings: nothing, refuse wrong ones, or refuse wrong
// and missing ones.
const (
	ProtectionOff     = ntlmserver.Off
	ProtectionAllow   = ntlmserver.Allow
	ProtectionRequire = ntlmserver.Require
)

// Throttling is a budget of server time; see package ews for its fields.
type Throttling = ews.Throttling

// Subscriptions are the subscriptions to change notifications, which can be disturbed; see
// package graph for its methods.
type Subscriptions = graph.Subscriptions

// The lifecycle events of subscriptions.
const (
	ReauthorizationRequired = graph.ReauthorizationRequired
	SubscriptionRemoved     = graph.SubscriptionRemoved
	Missed                  = graph.Missed
)

// Streaming sets limits and pace of streaming notifications, Streams are the
// subscriptions, which can be disturbed; see package ews for fields and methods.
type (
	Streaming = ews.Streaming
	Streams   = ews.Streams
)

// AutodiscoverAnswer is what Autodiscover answers under a host name; see package
// autodiscover for its fields.
type AutodiscoverAnswer = autodiscover.Answer

// Exchange is a request and its answer. Credentials are not in it.
type Exchange struct {
	// Protocol is "graph", "ews", "login" or "autodiscover".
	Protocol string
	Method   string
	// URL is the path with the query.
	URL           string
	RequestHeader http.Header
	// Authorized: the request brought an Authorization header, which is not shown.
	Authorized bool
	// RequestBody and ResponseBody are empty for "login": they hold a secret and a token.
	RequestBody    []byte
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
	// Fault is the way in which the answer fails on purpose; empty for none. Then the
	// answer need not be what Exchange would say.
	Fault FaultMode
}

// Fault makes requests fail; see package faults for its fields.
type Fault = faults.Rule

// FaultMode is the way in which a request fails.
type FaultMode = faults.Mode

// The modes of a [Fault].
const (
	FaultStatus  = faults.Refuse
	FaultLost    = faults.Lost
	FaultHang    = faults.Hang
	FaultCut     = faults.Cut
	FaultPartial = faults.Partial
	FaultHTML    = faults.HTML
	FaultSlow    = faults.Slow
	FaultClaims  = faults.Claims
	FaultForeign = faults.Foreign
	FaultCircle  = faults.Circle
	FaultRepeat  = faults.Repeat
	FaultShuffle = faults.Shuffle
	FaultOrphans = faults.Orphans
)

// RandomFaults are faults of every kind that Graph is known for; together they hit
// about a share of its requests, the items of a $batch included, and somewhat more of
// those kinds of request that have faults of their own.
func RandomFaults(share float64) []Fault { return faults.Random(share) }

// Federation is a federated identity credential; see package login for its fields.
type Federation = login.Federation

// Count is how often an operation was asked for.
type Count = faults.Count
