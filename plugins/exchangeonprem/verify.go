package exchangeonprem

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Verify checks the account and then each mailbox, in the order in which a first sync
// would run into trouble.
func (a *account) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = guarded(emit)
	good, err := a.verifyAccount(ctx, emit)
	if err != nil {
		return final(ctx, err)
	}
	work := func(ctx context.Context, m sdk.Mailbox) error {
		if !good {
			return emit(sdk.Check{
				Mailbox: m.Address, Step: "mailbox", Outcome: sdk.Skipped,
				Observed: "not checked, because the account cannot be used",
			})
		}
		return a.verifyMailbox(ctx, m, emit)
	}
	return each(ctx, mailboxes, work, func(m sdk.Mailbox, err *sdk.Error) error {
		return emit(failed(m.Address, "mailbox", "asked for the mailbox", err))
	})
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
		stop = stoppedAt(asError(err))
	}
	for _, step := range accountSteps {
		if step == stop {
			return false, emit(failed("", step, "asked "+a.settings.url.Host, asError(err)))
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

// verifyMailbox emits the mailbox's steps up to the first that makes the others
// pointless.
func (a *account) verifyMailbox(ctx context.Context, m sdk.Mailbox, emit func(sdk.Check) error) error {
	folder, _, err := a.ews.GetCalendar(ctx, m.Address)
	if err != nil {
		return emit(failed(m.Address, "mailbox", "asked for the calendar", asError(err)))
	}
	a.folders.put(m.Address, folder.ID)
	if err := emit(passed(m.Address, "mailbox", "the mailbox has a calendar")); err != nil {
		return err
	}
	read := a.verifyRead(ctx, m)
	if err := emit(read); err != nil || read.Outcome == sdk.Failed {
		return err
	}
	private, write := a.verifyItem(ctx, m, folder.Rights)
	if err := emit(private); err != nil {
		return err
	}
	return emit(write)
}

// verifyRead makes both requests that a sync makes.
func (a *account) verifyRead(ctx context.Context, m sdk.Mailbox) sdk.Check {
	start := a.now().UTC().Truncate(time.Hour)
	req := sdk.ReadRequest{Mailbox: m, Detail: sdk.DetailBusy, Scope: sdk.ScopeAll}
	req.Window.Start, req.Window.End = start, start.Add(24*time.Hour)
	if _, err := a.readWindow(ctx, req); err != nil {
		return failed(m.Address, "read", "read a day of the calendar", asError(err))
	}
	return passed(m.Address, "read", "read a day of the calendar")
}

func passed(mailbox, step, observed string) sdk.Check {
	return sdk.Check{Mailbox: mailbox, Step: step, Outcome: sdk.Passed, Observed: observed}
}

// failed is a step that did not work.
func failed(mailbox, step, tried string, err *sdk.Error) sdk.Check {
	observed := tried + ": " + err.Message
	if err.Detail != "" {
		observed += " (" + err.Detail + ")"
	}
	advice := err.Advice
	if advice == "" {
		advice = "try again later; if it stays so, look into the server's event log"
	}
	return sdk.Check{Mailbox: mailbox, Step: step, Outcome: sdk.Failed, Observed: observed, Advice: advice}
}
