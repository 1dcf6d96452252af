package exchangeonprem

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/autodiscover"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ntlm"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// What a host that may be anybody's may cost: it is asked once, for a while, and its
// answer is small.
const (
	discoveryTime   = 15 * time.Second
	discoveryAnswer = 256 << 10
)

// lines are how an account speaks to its servers. With NTLM the connections of signed
// sign in by themselves; with Basic each request carries its credentials, and the lines
// are one.
type lines struct {
	set           settings
	auth          ews.Authorization
	plain, signed *transport.Client
	// asker and proven are their like for autodiscover.
	asker, proven *transport.Client
}

func (b backend) newLines(account string, set settings) *lines {
	base := transport.Connections(set.roots)
	base.MaxIdleConnsPerHost = set.connections
	if b.dial != nil {
		base.DialContext = b.dial
	}
	l := &lines{set: set, auth: ews.Basic(set.username, set.password)}
	var signing http.RoundTripper = base
	if set.auth == authNTLM {
		l.auth = ews.NTLM()
		signing = ntlm.New(ntlm.Options{
			Base: base, Username: set.username, Password: set.password,
			NoChannelBinding: !set.bound, Idle: set.connections,
		})
	}
	client := func(account string, rt http.RoundTripper) *transport.Client {
		return transport.New(transport.Options{Account: account, Base: rt, UserAgent: userAgent, PerAccount: set.connections, Now: b.now})
	}
	discoverer := func(rt http.RoundTripper) *transport.Client {
		return transport.New(transport.Options{
			Base: rt, UserAgent: userAgent, Attempts: 1, Timeout: discoveryTime, MaxBody: discoveryAnswer, Now: b.now,
		})
	}
	l.plain, l.signed = client("", base), client(account, signing)
	l.asker, l.proven = discoverer(base), discoverer(signing)
	return l
}

// locator finds the server where it is not configured: by the master account's address,
// and by a mailbox's of the same domain, because the master account need not have a
// mailbox. Trainers' addresses are not the operator's words: one of another domain would
// lead the password there.
func (l *lines) locator(master string) func(context.Context, string) (*url.URL, *sdk.Error) {
	if l.set.url != nil {
		return nil
	}
	finder := autodiscover.New(autodiscover.Options{
		Plain: l.asker, Signed: l.proven, Authorize: l.auth.Authorize, Takes: l.auth.Takes, Offered: ews.Schemes,
		Hosts: l.set.hosts, LookupSRV: net.DefaultResolver.LookupSRV,
	})
	return func(ctx context.Context, mailbox string) (*url.URL, *sdk.Error) {
		addresses := distinct(master, l.set.username)
		if slices.ContainsFunc(addresses, func(own string) bool { return sameDomain(own, mailbox) }) {
			addresses = distinct(append(addresses, mailbox)...)
		}
		return finder.Find(ctx, addresses...)
	}
}

// sameDomain reports whether both are addresses of one domain.
func sameDomain(a, b string) bool {
	_, domain, ok := strings.Cut(a, "@")
	_, other, _ := strings.Cut(b, "@")
	return ok && domain != "" && strings.EqualFold(domain, other)
}

// distinct drops what is empty and what came before.
func distinct(addresses ...string) []string {
	var list []string
	seen := map[string]bool{}
	for _, a := range addresses {
		if key := strings.ToLower(a); a != "" && !seen[key] {
			seen[key] = true
			list = append(list, a)
		}
	}
	return list
}

func (l *lines) close() {
	l.plain.Close()
	l.signed.Close()
}
