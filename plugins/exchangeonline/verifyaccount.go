package exchangeonline

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// api is what the steps of the account ask of an API.
type api interface {
	// server is what it is called, and where it is.
	server() (name string, address *url.URL)
	// verifyAPI wants the API's own answer, whatever that says of a mailbox. There is at
	// least one.
	verifyAPI(ctx context.Context, mailboxes []sdk.Mailbox) sdk.Check
	// reach asks for a mailbox's calendar, and for nothing in it.
	reach(ctx context.Context, mailbox string) *sdk.Error
}

// verify emits the account's steps up to the first that fails.
func (c *connection) verify(ctx context.Context, server api, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) (good bool, err error) {
	// Each answers the step's check; one without a step has nothing to say.
	steps := []func() sdk.Check{
		func() sdk.Check { return c.verifySettings(server) },
		func() sdk.Check { return c.verifyReach(ctx, server, "resolve") },
		func() sdk.Check { return c.verifyReach(ctx, server, "tls") },
		func() sdk.Check { return c.verifyToken(ctx) },
		func() sdk.Check { return c.verifyConsent(ctx) },
		func() sdk.Check { return c.verifyExpiry() },
		func() sdk.Check {
			if len(mailboxes) == 0 {
				return sdk.Check{Step: "api", Outcome: sdk.Skipped, Observed: "no mailbox to ask for"}
			}
			return server.verifyAPI(ctx, mailboxes)
		},
		func() sdk.Check { return c.verifyScope(ctx, server, mailboxes) },
	}
	for _, step := range steps {
		check := step()
		if check.Step == "" {
			continue
		}
		if err := emit(check); err != nil {
			return false, err
		}
		if check.Outcome == sdk.Failed {
			return false, nil
		}
	}
	return true, nil
}

func (c *connection) verifySettings(server api) sdk.Check {
	name, address := server.server()
	return sdk.Check{Step: "settings", Outcome: sdk.Passed, Observed: "application credentials of tenant " +
		c.settings.tenant + " for " + name + " at " + address.Host + "; the master account needs no mailbox"}
}

// verifyReach asks both servers for anything at all, by the way that later requests
// take: what comes back does not matter, only how far the request got.
func (c *connection) verifyReach(ctx context.Context, server api, step string) sdk.Check {
	var hosts []string
	_, address := server.server()
	for _, root := range c.roots(address) {
		if step == "tls" && root.Scheme != "https" {
			continue
		}
		_, err := c.client.Do(ctx, transport.Request{Method: http.MethodGet, URL: root.String()},
			transport.Meta{Operation: "verify", Idempotent: true})
		if err != nil && stopsAt(err, step) {
			return failed("", step, "asked "+root.Host, unreachable(err))
		}
		hosts = append(hosts, root.Host)
	}
	if len(hosts) == 0 {
		return sdk.Check{Step: step, Outcome: sdk.Skipped, Observed: "plain http to a loopback address"}
	}
	return sdk.Check{Step: step, Outcome: sdk.Passed, Observed: "reached " + strings.Join(hosts, " and ")}
}

// stopsAt reports whether a request got no further than the step.
func stopsAt(err error, step string) bool {
	var sent *transport.Error
	if !errors.As(err, &sent) {
		return true
	}
	if step == "resolve" {
		return sent.Kind != transport.TLS
	}
	return true
}

// roots are the roots of the servers that the account talks to, each once.
func (c *connection) roots(address *url.URL) []*url.URL {
	api := &url.URL{Scheme: address.Scheme, Host: address.Host, Path: "/"}
	login, err := url.Parse(c.settings.proof.tokenURL)
	if err != nil || login.Host == api.Host {
		return []*url.URL{api}
	}
	return []*url.URL{{Scheme: login.Scheme, Host: login.Host, Path: "/"}, api}
}

func (c *connection) verifyToken(ctx context.Context) sdk.Check {
	c.tokens.forget()
	if _, err := c.tokens.get(ctx); err != nil {
		return failed("", "credentials", "asked for an access token", err)
	}
	return sdk.Check{Step: "credentials", Outcome: sdk.Passed, Observed: "got an access token"}
}

// failed is a step that did not work.
func failed(mailbox, step, tried string, err *sdk.Error) sdk.Check {
	observed := tried + ": " + err.Message
	if err.Detail != "" {
		observed += " (" + err.Detail + ")"
	}
	advice := or(err.Advice, "run gateway verify again later; if it stays so, look at the service health of Microsoft 365")
	return sdk.Check{Mailbox: mailbox, Step: step, Outcome: sdk.Failed, Observed: observed, Advice: advice}
}
