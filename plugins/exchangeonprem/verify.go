package exchangeonprem

import (
	"context"
	"errors"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Verify checks the account and then each mailbox, in the order in which a first sync
// would run into trouble.
func (a *account) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	good, err := a.verifyAccount(ctx, emit)
	if err != nil {
		return contract.Final(ctx, err)
	}
	return contract.Final(ctx, a.VerifyMailboxes(ctx, mailboxes, good, emit))
}

// accountSteps are the steps of the account, in order.
var accountSteps = []string{"settings", "resolve", "tls", "credentials", "api"}

// verifyAccount sends one request, the way later ones go, and tells from how far it
// got which steps passed. It asks for the account's own calendar; whether there is
// one does not matter.
func (a *account) verifyAccount(ctx context.Context, emit func(sdk.Check) error) (good bool, err error) {
	a.ews.TryAgain()
	_, version, err := a.ews.GetCalendar(ctx, "")
	stop := ""
	if err != nil {
		stop = stoppedAt(contract.AsError(err))
	}
	for _, step := range accountSteps {
		if step == stop {
			return false, emit(ewscalendar.FailedCheck("", step, "asked "+a.settings.url.Host, contract.AsError(err)))
		}
		if err := emit(a.passed(step, version)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// stoppedAt is the step at which a request ended with the error; empty when Exchange
// itself answered it.
func stoppedAt(err *sdk.Error) string {
	var sent *transport.Error
	if errors.As(err, &sent) {
		if sent.Kind == transport.TLS {
			return "tls"
		}
		if sent.Kind == transport.Resolve || sent.Kind == transport.Connect {
			return "resolve"
		}
		return "api"
	}
	switch err.Code.Fault() {
	case sdk.FaultMailbox, sdk.FaultItem:
		return ""
	}
	if err.Code == sdk.CodeCredentials || err.Detail == "HTTP 401" {
		return "credentials"
	}
	return "api"
}

// passed is an account's step that went well.
func (a *account) passed(step string, version ews.ServerVersion) sdk.Check {
	check := sdk.Check{Step: step, Outcome: sdk.Passed}
	host := a.settings.url.Host
	switch step {
	case "settings":
		check.Observed = "Basic authentication and " + map[string]string{
			accessFull: "full access", accessImpersonation: "impersonation",
		}[a.settings.access] + " at " + host
	case "resolve":
		check.Observed = "reached " + host
	case "tls":
		check.Observed = "the certificate of " + host + " is trusted"
		if a.settings.url.Scheme != "https" {
			check.Outcome, check.Observed = sdk.Skipped, "plain http to a loopback address"
		}
	case "credentials":
		check.Observed = "the server accepts the user name and password"
	case "api":
		check.Observed = "Exchange Web Services answers, version " + version.String()
	}
	return check
}
