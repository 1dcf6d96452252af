package exchangeonprem

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// step is one step of the account's check.
type step struct {
	name string
	run  func(context.Context) sdk.Check
}

// reached is what the requests of a check found out. Two are made, the way later ones
// go: one without credentials, which tells how far the server can be reached and what it
// offers, and one with them.
type reached struct {
	*account
	// at is the server's address.
	at      *url.URL
	schemes []string
	// err is what the first request ended with.
	err *sdk.Error
	// signed is what the second one ended with, nil if it did not fail; version came with
	// its answer.
	signed  *sdk.Error
	version ews.ServerVersion
}

// steps are the steps of the account, in order.
func (a *account) steps(mailboxes []sdk.Mailbox) []step {
	r := &reached{account: a, at: a.settings.url}
	list := []step{{"settings", r.checkSettings}}
	if r.at == nil {
		list = append(list, step{"autodiscover", func(ctx context.Context) sdk.Check { return r.checkDiscovery(ctx, mailboxes) }})
	}
	return append(list, step{"resolve", r.checkResolve}, step{"tls", r.checkTLS}, step{"schemes", r.checkSchemes},
		step{"credentials", r.checkCredentials}, step{"api", r.checkAPI})
}

func pass(observed string) sdk.Check { return sdk.Check{Outcome: sdk.Passed, Observed: observed} }

func (r *reached) checkSettings(context.Context) sdk.Check {
	how := map[string]string{authBasic: "Basic authentication", authNTLM: "NTLM"}[r.settings.auth] + " and " +
		map[string]string{accessFull: "full access", accessImpersonation: "impersonation"}[r.settings.access]
	if r.at == nil {
		return pass(how + "; the server is found by autodiscover")
	}
	return pass(how + " at " + r.at.Host)
}

func (r *reached) checkDiscovery(ctx context.Context, mailboxes []sdk.Mailbox) sdk.Check {
	by := ""
	if len(mailboxes) > 0 {
		by = mailboxes[0].Address
	}
	at, err := r.ews.Endpoint(ctx, by)
	if err != nil {
		return ewscalendar.FailedCheck("", "", "searched for the server", contract.AsError(err))
	}
	r.at = at
	return pass("found Exchange Web Services at " + at.Host)
}

// checkResolve sends the first request.
func (r *reached) checkResolve(ctx context.Context) sdk.Check {
	schemes, err := r.ews.Offered(ctx, r.lines.plain)
	r.schemes = schemes
	if err != nil {
		r.err = contract.AsError(err)
	}
	if k := kindOf(r.err); k == transport.Resolve || k == transport.Connect {
		return ewscalendar.FailedCheck("", "", "looked "+r.at.Hostname()+" up and connected", r.err)
	}
	return pass("the name " + r.at.Hostname() + " is known, and the server is there")
}

func (r *reached) checkTLS(context.Context) sdk.Check {
	switch {
	case r.at.Scheme != "https":
		return sdk.Check{Outcome: sdk.Skipped, Observed: "plain http to a loopback address"}
	case kindOf(r.err) == transport.TLS:
		return ewscalendar.FailedCheck("", "", "opened TLS", r.err)
	}
	return pass("the certificate of " + r.at.Hostname() + " is trusted")
}

// checkSchemes reads what the server offers (auth-7).
func (r *reached) checkSchemes(context.Context) sdk.Check {
	if r.err != nil {
		return ewscalendar.FailedCheck("", "", "asked which ways to sign in are offered", r.err)
	}
	if err := r.lines.auth.Takes(r.schemes); err != nil {
		return ewscalendar.FailedCheck("", "", "asked which ways to sign in are offered", err)
	}
	if len(r.schemes) == 0 {
		return pass("the server asks for no credentials at first")
	}
	return pass("the server offers " + strings.Join(r.schemes, ", "))
}

// checkCredentials sends the second request: for the account's own calendar, whether there
// is one or not.
func (r *reached) checkCredentials(ctx context.Context) sdk.Check {
	_, version, err := r.ews.GetCalendar(ctx, "")
	r.version = version
	if err != nil {
		r.signed = contract.AsError(err)
	}
	switch {
	case refusesCaller(r.signed):
		return ewscalendar.FailedCheck("", "", "signed in", r.signed)
	case !answered(r.signed):
		return sdk.Check{Outcome: sdk.Skipped, Observed: "no answer that tells; see the next step"}
	}
	return pass("the server accepts the user name and password")
}

// checkAPI looks at the answer to the second request.
func (r *reached) checkAPI(context.Context) sdk.Check {
	tooOld := sdk.CodeMethodNotOffered.New("%s (%s) is too old", r.version.Product(), r.version).
		WithAdvice("Exchange 2013 SP1 or newer is needed: set url to such a server")
	switch {
	case r.version.Known() && r.version.TooOld():
		return ewscalendar.FailedCheck("", "", "asked Exchange Web Services", tooOld)
	case !answered(r.signed):
		return ewscalendar.FailedCheck("", "", "asked Exchange Web Services", r.signed)
	case !r.version.Known():
		return pass("Exchange Web Services answers, and does not tell its version")
	case r.version.Product() == "Exchange Online":
		return sdk.Check{
			Outcome: sdk.Warned, Observed: "Exchange Web Services answers, and is Exchange Online's (" + r.version.String() + ")",
			Advice: `use service = "exchange-online" for these mailboxes`,
		}
	}
	return pass("Exchange Web Services answers: " + r.version.Product() + " (" + r.version.String() + ")")
}

// kindOf is the stage at which a request failed; empty when it was answered.
func kindOf(err *sdk.Error) transport.Kind {
	var sent *transport.Error
	if err != nil && errors.As(err, &sent) {
		return sent.Kind
	}
	return ""
}

// refusesCaller reports whether an error is about who called.
func refusesCaller(err *sdk.Error) bool {
	return err != nil && (err.Code.Fault() == sdk.FaultCredentials || err.Detail == "HTTP 401" || err.Detail == "NTLM")
}

// answered reports whether Exchange itself answered, be it with a refusal: that the
// account has no mailbox does not matter.
func answered(err *sdk.Error) bool {
	return err == nil || err.Code.Fault() == sdk.FaultMailbox || err.Code.Fault() == sdk.FaultItem
}
