package exchangeonprem

import (
	"context"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Version is the plugin's version.
const Version = "0.1.0"

// userAgent is what operators find in the server's logs, and put on allow lists.
const userAgent = "trainercal-exchange-onprem/" + Version

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
		Service:  "exchange-onprem",
		Version:  Version,
		Summary:  "Exchange Server 2013 SP1 and newer over Exchange Web Services",
		Settings: settingsSchema(),
	}
}

// Open makes an account ready. It reads ca_file and does no other I/O.
func (b backend) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	set, err := parseSettings(req.Settings)
	if err != nil {
		return nil, err
	}
	client := transport.New(transport.Options{
		Account: req.Name, Base: b.base, RootCAs: set.roots, UserAgent: userAgent, Now: b.now,
	})
	speaker := ews.New(ews.Options{
		URL: set.url, Auth: ews.Basic(set.username, set.password), Transport: client, Now: b.now,
		Impersonate: set.access == accessImpersonation,
	})
	return &account{
		Account:  ewscalendar.New(ewscalendar.Options{Client: speaker, Now: b.now}),
		settings: set, transport: client, ews: speaker,
	}, nil
}

// account is an opened master account; see sdk.Account for what its calls promise. Those
// on mailboxes are the embedded account's.
type account struct {
	*ewscalendar.Account
	settings  settings
	transport *transport.Client
	ews       *ews.Client
}

// Close drops the account's connections.
func (a *account) Close() error {
	a.transport.Close()
	return nil
}
