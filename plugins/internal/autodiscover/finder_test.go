package autodiscover

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	account = "calendar@lakeside.example"
	// endpoint is where the hosts' Autodiscover leads by default.
	endpoint = "https://mail.lakeside.example/EWS/Exchange.asmx"
)

// network is a world of hosts: each answers Autodiscover over https, and some over http.
type network struct {
	https, http *exchangesim.Server
	names       []string
	srv         []*net.SRV

	mu sync.Mutex
	// asked are the requests, as "SCHEME HOST", with a * for credentials.
	asked []string
}

// start starts the hosts, with what each answers over https and over http.
func start(t *testing.T, https, plain map[string]exchangesim.AutodiscoverAnswer) *network {
	t.Helper()
	n := &network{}
	for host := range https {
		n.names = append(n.names, host)
		if a := https[host]; a == (exchangesim.AutodiscoverAnswer{}) {
			https[host] = exchangesim.AutodiscoverAnswer{EWSURL: endpoint}
		}
	}
	if plain == nil {
		plain = map[string]exchangesim.AutodiscoverAnswer{}
	}
	n.https = simtest.Start(t, simtest.Config{Options: exchangesim.Options{TLS: true, Names: n.names, Autodiscover: https}})
	n.http = simtest.Start(t, simtest.Config{Options: exchangesim.Options{Autodiscover: plain}})
	if _, err := n.https.World().AddMailbox(world.Profile{SMTP: account}); err != nil {
		t.Fatal(err)
	}
	return n
}

// dial leads names to the hosts that have them.
func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, _ := net.SplitHostPort(address)
	to := n.https
	if port == "80" {
		to = n.http
	}
	if !slices.Contains(n.names, host) && (port != "80" || !strings.HasPrefix(host, "autodiscover.")) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", strings.SplitN(to.URL(), "//", 2)[1])
}

// RoundTrip notes the request and sends it.
func (n *network) note(next http.RoundTripper) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		line := r.URL.Scheme + " " + r.URL.Hostname()
		if r.Header.Get("Authorization") != "" {
			line += " *"
		}
		n.mu.Lock()
		n.asked = append(n.asked, line)
		n.mu.Unlock()
		return next.RoundTrip(r)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// finder asks the network with that password, over Basic.
func (n *network) finder(t *testing.T, password string, hosts ...string) *Finder {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(n.https.CAPEM())
	base := transport.Connections(roots)
	base.Proxy, base.DialContext = nil, n.dial
	t.Cleanup(base.CloseIdleConnections)
	client := transport.New(transport.Options{Base: n.note(base), Attempts: 1, MaxBody: maxAnswer})
	return New(Options{
		Plain: client, Signed: client, Hosts: hosts,
		Authorize: func(_ context.Context, h http.Header) error {
			r := http.Request{Header: h}
			r.SetBasicAuth(n.https.Options().EWSUser, password)
			return nil
		},
		Takes: func(schemes []string) *sdk.Error {
			if slices.Contains(schemes, "Basic") {
				return nil
			}
			return sdk.CodeMethodNotOffered.New("no Basic")
		},
		Offered: func(h http.Header) []string {
			var schemes []string
			for _, v := range h.Values("WWW-Authenticate") {
				scheme, _, _ := strings.Cut(v, " ")
				schemes = append(schemes, scheme)
			}
			return schemes
		},
		LookupSRV: func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
			if service != "autodiscover" || proto != "tcp" || name != "lakeside.example" || n.srv == nil {
				return "", nil, &net.DNSError{Err: "no such host", IsNotFound: true}
			}
			return "", n.srv, nil
		},
	})
}

// The candidates are asked in the documented order, and led on by what may lead on.
func TestFind(t *testing.T) {
	type answers = map[string]exchangesim.AutodiscoverAnswer
	ok := exchangesim.AutodiscoverAnswer{}
	for name, c := range map[string]struct {
		https, http answers
		srv         []*net.SRV
		hosts       []string
		// last are the hosts that saw credentials, in order.
		signedIn []string
	}{
		"the domain itself":                 {https: answers{"lakeside.example": ok}, signedIn: []string{"lakeside.example"}},
		"the host for it":                   {https: answers{"autodiscover.lakeside.example": ok}, signedIn: []string{"autodiscover.lakeside.example"}},
		"the domain's web":                  {https: answers{"lakeside.example": {Status: 200, Type: "text/html", Body: "<html/>"}, "autodiscover.lakeside.example": ok}, signedIn: []string{"autodiscover.lakeside.example"}},
		"a redirect by http":                {https: answers{"ad.lakeside.example": ok}, http: answers{"autodiscover.lakeside.example": {Location: "https://ad.lakeside.example/autodiscover/autodiscover.xml"}}, signedIn: []string{"ad.lakeside.example"}},
		"a DNS record":                      {https: answers{"ex1.lakeside.example": ok}, srv: []*net.SRV{{Target: "EX1.lakeside.example.", Port: 443}}, signedIn: []string{"ex1.lakeside.example"}},
		"led on by HTTP":                    {https: answers{"lakeside.example": {Location: "https://mx.lakeside.example/autodiscover/autodiscover.xml"}, "mx.lakeside.example": ok}, signedIn: []string{"mx.lakeside.example"}},
		"led on by address of a host":       {https: answers{"lakeside.example": {RedirectURL: "https://mx.lakeside.example/autodiscover/autodiscover.xml"}, "mx.lakeside.example": ok}, signedIn: []string{"lakeside.example", "mx.lakeside.example"}},
		"a host that the operator confirms": {https: answers{"lakeside.example": {RedirectURL: "https://mail.hoster.example/autodiscover/autodiscover.xml"}, "mail.hoster.example": ok}, hosts: []string{"Mail.hoster.example"}, signedIn: []string{"lakeside.example", "mail.hoster.example"}},
		"an order to ask elsewhere first":   {https: answers{"lakeside.example": {ErrorCode: "603"}, "autodiscover.lakeside.example": ok}, signedIn: []string{"lakeside.example", "autodiscover.lakeside.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, c.https, c.http)
			n.srv = c.srv
			u, err := n.finder(t, n.https.Options().EWSPassword, c.hosts...).Find(t.Context(), account)
			if err != nil || u.String() != endpoint {
				t.Fatalf("%v, %v; want %s (%v)", u, err, endpoint, n.asked)
			}
			var signedIn []string
			for _, line := range n.asked {
				if host, yes := strings.CutSuffix(line, " *"); yes {
					signedIn = append(signedIn, strings.TrimPrefix(host, "https "))
				}
			}
			if diff := cmp.Diff(c.signedIn, signedIn); diff != "" {
				t.Errorf("credentials: -want +got:\n%s", diff)
			}
		})
	}
}

// An address that Autodiscover does not know is followed by the next.
func TestFindByAnotherAddress(t *testing.T) {
	n := start(t, map[string]exchangesim.AutodiscoverAnswer{"lakeside.example": {}}, nil)
	u, err := n.finder(t, n.https.Options().EWSPassword).Find(t.Context(), "svc", "nobody@lakeside.example", account)
	if err != nil || u.String() != endpoint {
		t.Errorf("%v, %v; want %s", u, err, endpoint)
	}
}

// What leads astray is not followed: credentials stay at confirmed hosts and off plain http,
// the search ends, and the error says what to do (trap 72).
func TestHostile(t *testing.T) {
	evil := "https://evil.example/autodiscover/autodiscover.xml"
	type answers = map[string]exchangesim.AutodiscoverAnswer
	for name, c := range map[string]struct {
		https, http answers
		srv         []*net.SRV
		want        error
	}{
		"another host by HTTP":      {answers{"lakeside.example": {Location: evil}, "evil.example": {}}, nil, nil, sdk.ErrInvalidSettings},
		"another host by its word":  {answers{"lakeside.example": {RedirectURL: evil}, "evil.example": {}}, nil, nil, sdk.ErrInvalidSettings},
		"another host without TLS":  {answers{"evil.example": {}}, answers{"autodiscover.lakeside.example": {Location: evil}}, nil, sdk.ErrInvalidSettings},
		"another host by DNS":       {answers{"evil.example": {}}, nil, []*net.SRV{{Target: "evil.example.", Port: 443}}, sdk.ErrInvalidSettings},
		"another's address":         {answers{"lakeside.example": {RedirectAddress: "x@evil.example"}, "evil.example": {}}, nil, nil, sdk.ErrInvalidSettings},
		"another's EWS":             {answers{"lakeside.example": {EWSURL: "https://evil.example/EWS/Exchange.asmx"}}, nil, nil, sdk.ErrInvalidSettings},
		"a name that looks alike":   {answers{"lakeside.example": {RedirectURL: "https://evillakeside.example/"}, "evillakeside.example": {}}, nil, nil, sdk.ErrInvalidSettings},
		"EWS without TLS":           {answers{"lakeside.example": {EWSURL: "http://mail.lakeside.example/EWS/Exchange.asmx"}}, nil, nil, sdk.ErrUnavailable},
		"a password in the address": {answers{"lakeside.example": {EWSURL: "https://a:b@mail.lakeside.example/EWS/Exchange.asmx"}}, nil, nil, sdk.ErrUnavailable},
		"down to plain http":        {answers{"lakeside.example": {Location: "http://lakeside.example/autodiscover/autodiscover.xml"}}, nil, nil, sdk.ErrUnavailable},
		"a circle by HTTP":          {answers{"lakeside.example": {Location: "https://lakeside.example/autodiscover/autodiscover.xml"}}, nil, nil, sdk.ErrUnavailable},
		"a circle by its word":      {answers{"lakeside.example": {RedirectURL: "https://lakeside.example/autodiscover/autodiscover.xml"}}, nil, nil, sdk.ErrUnavailable},
		"a circle of addresses":     {answers{"lakeside.example": {RedirectAddress: "a@lakeside.example"}}, nil, nil, sdk.ErrUnavailable},
		"an endless answer":         {answers{"lakeside.example": {Status: 200, Type: "text/xml", Body: "<Autodiscover>" + strings.Repeat("<a>", maxAnswer)}}, nil, nil, sdk.ErrUnavailable},
		"entities":                  {answers{"lakeside.example": {Status: 200, Type: "text/xml", Body: `<!DOCTYPE a [<!ENTITY b "c">]><Autodiscover/>`}}, nil, nil, sdk.ErrUnavailable},
		"half an answer":            {answers{"lakeside.example": {Status: 200, Type: "text/xml", Body: `<Autodiscover><Response>`}}, nil, nil, sdk.ErrUnavailable},
		"nobody at all":             {answers{}, nil, nil, sdk.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, c.https, c.http)
			n.srv = c.srv
			u, err := n.finder(t, n.https.Options().EWSPassword).Find(t.Context(), account)
			if u != nil || !errors.Is(err, c.want) || err.Advice == "" {
				t.Errorf("%v, %+v; want %v with advice", u, err, c.want)
			}
			for _, line := range n.asked {
				if strings.HasSuffix(line, " *") && line != "https lakeside.example *" && line != "https autodiscover.lakeside.example *" {
					t.Errorf("credentials went to %s", line)
				}
			}
			if len(n.asked) > maxRequests {
				t.Errorf("%d requests", len(n.asked))
			}
		})
	}
}

// auth-7: a wrong password is sent once in a search, and the next search sends it to
// another candidate; a server with other schemes sees none.
func TestWrongPassword(t *testing.T) {
	n := start(t, map[string]exchangesim.AutodiscoverAnswer{"lakeside.example": {}, "autodiscover.lakeside.example": {}}, nil)
	f := n.finder(t, "wrong")
	var signedIn [][]string
	for range 3 {
		n.asked = nil
		if _, err := f.Find(t.Context(), account); !errors.Is(err, sdk.ErrCredentials) || err.Advice == "" {
			t.Errorf("%v; want ErrCredentials with advice", err)
		}
		var hosts []string
		for _, line := range n.asked {
			if strings.HasSuffix(line, " *") {
				hosts = append(hosts, line)
			}
		}
		signedIn = append(signedIn, hosts)
	}
	want := [][]string{{"https lakeside.example *"}, {"https autodiscover.lakeside.example *"}, {"https lakeside.example *"}}
	if diff := cmp.Diff(want, signedIn); diff != "" {
		t.Errorf("credentials: -want +got:\n%s", diff)
	}
}

// Whatever a server answers, it is an answer of bounded size or an error, and what may be
// followed of it is https.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response xmlns="` + nsAnswer + `"><Account><Action>settings</Action><Protocol><Type>EXPR</Type><EwsUrl>https://mail.lakeside.example/EWS/Exchange.asmx</EwsUrl></Protocol></Account></Response></Autodiscover>`,
		`<Autodiscover><Response><Account><Action>redirectUrl</Action><RedirectUrl>https://x/</RedirectUrl></Account></Response></Autodiscover>`,
		`<Autodiscover><Response><Error><ErrorCode>500</ErrorCode></Error></Response></Autodiscover>`,
		`<!DOCTYPE a><Autodiscover/>`, `<Autodiscover>`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := read(body)
		if err != nil {
			return
		}
		for _, raw := range append(a.services(), a.Response.Account.RedirectURL) {
			if u, ok := address(raw); ok && (u.Scheme != "https" || u.User != nil || u.Hostname() == "") {
				t.Errorf("%q may be followed", raw)
			}
		}
		if a.Response.Error != nil && len(code(a.Response.Error.Code)) > 16 {
			t.Error("text of the server's in an error")
		}
	})
}
