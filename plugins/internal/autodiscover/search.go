package autodiscover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const elseAdvice = "check that autodiscover.DOMAIN leads to the server, or set url to the server's EWS address and remove autodiscover"

// search is one search.
type search struct {
	*Finder
	// domains are those of the addresses searched by.
	domains []string
	// skip are the hosts that refused the credentials in the search before.
	skip map[string]bool

	requests, hops int
	asked          []string
	// trail says what was found on the way, for the error.
	trail []string
	// stop ends the search; worst is the error that says most, if the search finds nothing.
	stop, worst *sdk.Error
}

// byAddress asks the candidates of an address, nil if none knows it.
func (s *search) byAddress(ctx context.Context, mailbox string) *url.URL {
	_, domain, _ := strings.Cut(mailbox, "@")
	domain = strings.ToLower(domain)
	for _, next := range []func() *url.URL{
		func() *url.URL { return s.ask(ctx, at(domain), mailbox) },
		func() *url.URL { return s.ask(ctx, at("autodiscover."+domain), mailbox) },
		func() *url.URL { return s.led(ctx, domain, mailbox) },
		func() *url.URL { return s.recorded(ctx, domain, mailbox) },
	} {
		if found := next(); found != nil {
			return found
		}
		if s.stop != nil || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// at is Autodiscover's address at a host.
func at(host string) *url.URL { return &url.URL{Scheme: "https", Host: host, Path: path} }

// led asks where the domain's host leads without TLS, and follows. Nothing secret is sent
// on the way.
func (s *search) led(ctx context.Context, domain, mailbox string) *url.URL {
	host := "autodiscover." + domain
	resp := s.send(ctx, s.opts.Plain, &url.URL{Scheme: "http", Host: host, Path: path}, http.MethodGet, nil, nil)
	if resp == nil {
		return nil
	}
	if resp.Status < 300 || resp.Status >= 400 {
		s.note(host, "no redirect over plain http")
		return nil
	}
	return s.follow(ctx, host, resp.Header.Get("Location"), mailbox)
}

// recorded asks the host that the domain's SRV record names.
func (s *search) recorded(ctx context.Context, domain, mailbox string) *url.URL {
	_, records, err := s.opts.LookupSRV(ctx, "autodiscover", "tcp", domain)
	if err != nil || len(records) == 0 {
		s.note(domain, "no SRV record")
		return nil
	}
	host := strings.TrimSuffix(strings.ToLower(records[0].Target), ".")
	if host == "" {
		return nil // the domain has no such service (RFC 2782)
	}
	if records[0].Port != 443 {
		host = net.JoinHostPort(host, strconv.Itoa(int(records[0].Port)))
	}
	return s.ask(ctx, at(host), mailbox)
}

// follow goes where a server leads, if it may.
func (s *search) follow(ctx context.Context, from, to, mailbox string) *url.URL {
	u, ok := address(to)
	if s.hops++; s.hops > maxHops || !ok {
		s.note(from, "it leads nowhere that may be followed")
		return nil
	}
	return s.ask(ctx, u, mailbox)
}

// ask asks one candidate: first without credentials, to learn whether it is one at all,
// then with them.
func (s *search) ask(ctx context.Context, u *url.URL, mailbox string) *url.URL {
	key := u.String() + " " + mailbox
	if slices.Contains(s.asked, key) || s.skip[u.Hostname()] {
		return nil
	}
	s.asked = append(s.asked, key)
	if !s.confirmed(u.Hostname()) {
		s.unconfirmed(u.Hostname())
		return nil
	}
	resp := s.send(ctx, s.opts.Plain, u, http.MethodPost, post(), request(mailbox))
	if resp == nil || resp.Status != http.StatusUnauthorized {
		return s.heed(ctx, u, mailbox, resp)
	}
	if err := s.opts.Takes(s.opts.Offered(resp.Header)); err != nil {
		s.worst = err
		s.note(u.Hostname(), err.Message)
		return nil
	}
	h := post()
	if err := s.opts.Authorize(ctx, h); err != nil {
		return nil
	}
	return s.heed(ctx, u, mailbox, s.send(ctx, s.opts.Signed, u, http.MethodPost, h, request(mailbox)))
}

func post() http.Header {
	return http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Accept": {"text/xml"}}
}

// send makes a request; nil means that there was no answer.
func (s *search) send(ctx context.Context, c *transport.Client, u *url.URL, method string, h http.Header, body []byte) *transport.Response {
	if s.requests++; s.requests > maxRequests {
		return nil
	}
	resp, err := c.Do(ctx, transport.Request{Method: method, URL: u.String(), Header: h, Body: body},
		transport.Meta{Operation: "autodiscover", Idempotent: true})
	var sent *transport.Error
	if errors.As(err, &sent) {
		s.note(u.Hostname(), string(sent.Kind))
	}
	return resp
}

// heed makes something of a candidate's answer.
func (s *search) heed(ctx context.Context, u *url.URL, mailbox string, resp *transport.Response) *url.URL {
	host := u.Hostname()
	switch {
	case resp == nil:
		return nil
	case resp.Status >= 300 && resp.Status < 400:
		return s.follow(ctx, host, resp.Header.Get("Location"), mailbox)
	case resp.Status == http.StatusUnauthorized:
		s.noteRefused(host)
		s.stop = sdk.CodeCredentials.New("Autodiscover at %s refused the user name and password", named(host)).
			WithAdvice(`check username (DOMAIN\user or user@domain) and password, and that the account is neither locked nor expired; or set url and remove autodiscover`).
			WithDetail("HTTP 401")
		return nil
	case resp.Status != http.StatusOK:
		s.note(host, fmt.Sprintf("HTTP %d", resp.Status))
		return nil
	}
	a, err := read(resp.Body)
	if err != nil {
		s.note(host, "it is no Autodiscover")
		return nil
	}
	return s.said(ctx, host, mailbox, a)
}

// said goes on with what Autodiscover says.
func (s *search) said(ctx context.Context, host, mailbox string, a answer) *url.URL {
	account := a.Response.Account
	switch {
	case a.Response.Error != nil:
		s.note(host, "Autodiscover refuses with "+code(a.Response.Error.Code))
		return nil
	case strings.EqualFold(account.Action, "redirectUrl"):
		return s.follow(ctx, host, account.RedirectURL, mailbox)
	case strings.EqualFold(account.Action, "redirectAddr"):
		to := strings.TrimSpace(account.RedirectAddress)
		if s.hops++; s.hops > maxHops || strings.EqualFold(to, mailbox) || !strings.Contains(to, "@") {
			s.note(host, "it leads nowhere that may be followed")
			return nil
		}
		return s.byAddress(ctx, to)
	}
	for _, raw := range a.services() {
		u, ok := address(raw)
		switch {
		case ok && u.RawQuery == "" && s.confirmed(u.Hostname()):
			return u
		case ok:
			s.unconfirmed(u.Hostname())
		}
	}
	s.note(host, "Autodiscover names no address of Exchange Web Services")
	return nil
}

// code keeps what looks like an error code.
func code(s string) string {
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n >= 0 && n < 10_000 {
		return "error " + strconv.Itoa(n)
	}
	return "an error"
}

var hostForm = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,253}$`)

// named is a host's name for an error: it comes from outside.
func named(host string) string {
	if hostForm.MatchString(host) {
		return host
	}
	return "a host"
}

// unconfirmed notes that the search was led to a host that credentials must not go to.
func (s *search) unconfirmed(host string) {
	host = named(host)
	s.worst = sdk.CodeInvalidSettings.New("Autodiscover leads to %s, which is none of %s", host, strings.Join(s.domains, ", ")).
		WithAdvice("if that is your server, add it to autodiscover_hosts, or set url to its EWS address and remove autodiscover; if it is not, find out who answers for autodiscover in your DNS")
	s.note(host, "not confirmed")
}

// maxTrail bounds what an error tells of the way.
const maxTrail = 12

func (s *search) note(host, what string) {
	if len(s.trail) < maxTrail {
		s.trail = append(s.trail, named(host)+": "+what)
	}
}

// failure is what a search ends with that found nothing.
func (s *search) failure() *sdk.Error {
	switch {
	case s.stop != nil:
		return s.stop
	case s.worst != nil:
		return s.worst
	case len(s.skip) > 0:
		return sdk.CodeCredentials.New("Autodiscover refused the user name and password").
			WithAdvice(`check username (DOMAIN\user or user@domain) and password; or set url and remove autodiscover`).WithDetail("HTTP 401")
	case len(s.domains) == 0:
		return sdk.CodeInvalidSettings.New("Autodiscover needs an email address, and the account has none").
			WithAdvice("set master_account or username to the account's email address; or set url and remove autodiscover")
	}
	return sdk.CodeUnavailable.New("Autodiscover found no server for %s (%s)", strings.Join(s.domains, ", "), strings.Join(s.trail, "; ")).
		WithAdvice("%s", elseAdvice)
}
