package exchangeonprem

import (
	"context"
	"net"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/sdk"
)

// Version is the plugin's version.
const Version = "0.1.0"

// userAgent is what operators find in the server's logs, and put on allow lists.
const userAgent = "trainercal-exchange-onprem/" + Version

// New returns the backend.
func New() sdk.Backend { return backend{now: time.Now} }

type backend struct {
	// dial makes connections, nil for the real network.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	now  func() time.Time
}

// Describe says what the backend is.
func (backend) Describe() sdk.Description {
	return sdk.Description{
		Service:  "exchange-onprem",
		Version:  Version,
		Summary:  "Exchange Server 2013 SP1 and newer over Exchange Web Services",
		Settings: settingsSchema(),
		// With access = "impersonation" alone.
		Capabilities: []string{sdk.CapabilityWatch},
	}
}

// Open makes an account ready. It reads ca_file and does no other I/O.
func (b backend) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	set, err := parseSettings(req.Settings)
	if err != nil {
		return nil, err
	}
	l := b.newLines(req.Name, set)
	speaker := ews.New(ews.Options{
		URL: set.url, Locate: l.locator(req.MasterAccount), Auth: l.auth, Transport: l.signed, Now: b.now,
		Impersonate: set.access == accessImpersonation, Connections: set.connections,
	})
	return &account{
		Account:  ewscalendar.New(ewscalendar.Options{Client: speaker, ProbeBatch: set.probeBatch, Now: b.now}),
		settings: set, lines: l, ews: speaker,
	}, nil
}

// account is an opened master account; see sdk.Account for what its calls promise. Those
// on mailboxes are the embedded account's.
type account struct {
	*ewscalendar.Account
	settings settings
	lines    *lines
	ews      *ews.Client
}

// Close drops the account's connections.
func (a *account) Close() error {
	a.lines.close()
	return nil
}
