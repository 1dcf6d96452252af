package autodiscover

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// maxHops bounds how often a search is led elsewhere, and maxRequests how many
	// requests it makes in all.
	maxHops     = 10
	maxRequests = 40
	// searchTime is how long a search may take.
	searchTime = 90 * time.Second

	path = "/autodiscover/autodiscover.xml"
)

// Options configure a [Finder]; all but Hosts are required.
type Options struct {
	// Plain sends requests without credentials. Signed sends those with: its connections
	// sign in by themselves, or Authorize adds credentials to a request's header.
	Plain, Signed *transport.Client
	Authorize     func(context.Context, http.Header) error
	// Takes says whether one of a server's schemes is one for the credentials, and what to
	// do if none is; Offered reads the schemes of a 401.
	Takes   func(schemes []string) *sdk.Error
	Offered func(http.Header) []string
	// Hosts are those that the operator confirms besides the hosts of an address's domain.
	Hosts []string
	// LookupSRV looks a service up in DNS; see [net.Resolver.LookupSRV].
	LookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Finder finds the address of EWS. It is safe for concurrent use.
type Finder struct {
	opts Options

	mu sync.Mutex
	// refused are the hosts that refused the credentials in the last search.
	refused map[string]bool
}

// New returns a finder. It does no I/O.
func New(opts Options) *Finder { return &Finder{opts: opts} }

// Find searches for the address of EWS by the addresses, one after another until one is
// known to Autodiscover. Its error is one of the contract's; refused credentials were
// sent once.
func (f *Finder) Find(ctx context.Context, addresses ...string) (*url.URL, *sdk.Error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	s := &search{Finder: f, skip: f.lastRefused()}
	for _, a := range addresses {
		_, domain, ok := strings.Cut(a, "@")
		if !ok || domain == "" {
			continue
		}
		s.domains = append(s.domains, strings.ToLower(domain))
		if u := s.byAddress(ctx, a); u != nil {
			return u, nil
		}
		if s.stop != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return nil, sdk.CodeUnavailable.Wrap(ctx.Err(), "Autodiscover took too long").WithAdvice("%s", elseAdvice)
	}
	return nil, s.failure()
}

// lastRefused are the hosts to ask no more this time; the next time they are asked again.
func (f *Finder) lastRefused() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.refused
	f.refused = map[string]bool{}
	return last
}

func (f *Finder) noteRefused(host string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[host] = true
}

// confirmed reports whether credentials may go to the host.
func (s *search) confirmed(host string) bool {
	host = strings.ToLower(host)
	inDomain := slices.ContainsFunc(s.domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
	return inDomain || slices.ContainsFunc(s.opts.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}
