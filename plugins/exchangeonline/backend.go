package exchangeonline

import (
	"context"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Version is the plugin's version.
const Version = "0.1.0"

// userAgent is what operators find in sign-in and access logs, and put on Exchange's
// allow lists.
const userAgent = "trainercal-exchange-online/" + Version

// New returns the backend.
func New() sdk.Backend { return backend{now: time.Now, shared: newShared()} }

type backend struct {
	// base makes the connections; nil for the real network.
	base http.RoundTripper
	now  func() time.Time
	// shared is what the backend's accounts have in common.
	shared *shared
}

// Describe says what the backend is.
func (backend) Describe() sdk.Description {
	return sdk.Description{
		Service:  "exchange-online",
		Version:  Version,
		Summary:  "Exchange Online (Microsoft 365) over Microsoft Graph",
		Settings: settingsSchema(),
		// Deliver with api = "graph" alone: EWS keeps a connection open instead.
		Capabilities: []string{sdk.CapabilityWatch, sdk.CapabilityDeliver},
	}
}

// Open makes an account ready. It does no I/O: the first call asks for a token.
func (b backend) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	set, err := parseSettings(req.Settings)
	if err != nil {
		return nil, err
	}
	if b.shared == nil {
		b.shared = newShared()
	}
	conn, err := b.connect(req.Name, set)
	if err != nil {
		return nil, err
	}
	if set.api == apiEWS {
		return newEWSAccount(conn), nil
	}
	return &account{
		connection: conn,
		graph: &session{
			client: conn.client, tokens: conn.tokens, base: set.graph, perMailbox: set.perMailbox, now: b.now,
		},
	}, nil
}

// connect makes what an account of either API is built on.
func (b backend) connect(name string, set settings) (*connection, error) {
	credential := newCredential(set)
	unobserve, err := credential.observe(name, b.now)
	if err != nil {
		return nil, sdk.CodeInternal.Wrap(err, "the account's metrics cannot be made")
	}
	client := transport.New(transport.Options{
		Account: name, Base: b.base, UserAgent: userAgent, Now: b.now,
		PerMailbox: set.perMailbox, PerAccount: set.concurrency, Pool: b.shared.pool,
	})
	tokens, signOut := b.shared.signIn(set, b.base, b.now)
	return &connection{
		name: name, settings: set, credential: credential, client: client, tokens: tokens, now: b.now,
		notices: newNotices(name, b.now), close: []func(){client.Close, signOut, unobserve},
	}, nil
}

// connection is what an account of either API is built on.
type connection struct {
	name       string
	settings   settings
	credential *credential
	client     *transport.Client
	tokens     *tokens
	now        func() time.Time
	notices    *notices
	// close gives back what the account holds.
	close []func()
}

// Close gives back what the account holds.
func (c *connection) Close() error {
	for _, giveBack := range c.close {
		giveBack()
	}
	return nil
}

// account is an opened master account that speaks Graph; see sdk.Account for what its
// calls promise.
type account struct {
	*connection
	graph       *session
	subscribers subscribers
}
