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
func New() sdk.Backend { return backend{now: time.Now} }

type backend struct {
	// base makes the connections; nil for the real network.
	base http.RoundTripper
	now  func() time.Time
}

// Describe says what the backend is.
func (backend) Describe() sdk.Description {
	return sdk.Description{
		Service:  "exchange-online",
		Version:  Version,
		Summary:  "Exchange Online (Microsoft 365) over Microsoft Graph",
		Settings: settingsSchema(),
	}
}

// Open makes an account ready. It does no I/O: the first call asks for a token.
func (b backend) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	set, err := parseSettings(req.Settings)
	if err != nil {
		return nil, err
	}
	client := transport.New(transport.Options{
		Base: b.base, UserAgent: userAgent, Now: b.now, PerAccount: set.concurrency,
	})
	return &account{
		name:     req.Name,
		settings: set,
		client:   client,
		graph: &session{
			client: client,
			tokens: newTokens(client, set, b.now),
			base:   set.graph,
			now:    b.now,
		},
		now: b.now,
	}, nil
}

// account is an opened master account; see sdk.Account for what its calls promise.
type account struct {
	name     string
	settings settings
	client   *transport.Client
	graph    *session
	now      func() time.Time
}

// Close drops the account's connections.
func (a *account) Close() error {
	a.client.Close()
	return nil
}
