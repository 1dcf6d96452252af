package exchangeonline

import (
	"context"
	"net/url"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

// Verify checks the account and then each mailbox; see [account.Verify].
func (a *ewsAccount) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	a.ews.TryAgain()
	good, err := a.verify(ctx, a, mailboxes, emit)
	if err != nil {
		return contract.Final(ctx, err)
	}
	return contract.Final(ctx, a.calendar.VerifyMailboxes(ctx, mailboxes, good, emit))
}

// server is EWS, for the steps of the account.
func (a *ewsAccount) server() (name string, address *url.URL) {
	return "Exchange Web Services", a.settings.ews
}

// reach asks for the mailbox's calendar, and for nothing in it.
func (a *ewsAccount) reach(ctx context.Context, mailbox string) *sdk.Error {
	_, err := a.version(ctx, mailbox)
	return err
}

func (a *ewsAccount) version(ctx context.Context, mailbox string) (ews.ServerVersion, *sdk.Error) {
	_, version, err := a.ews.GetCalendar(ctx, mailbox)
	if err != nil {
		return version, online(contract.AsError(err))
	}
	a.policy.served(mailbox)
	return version, nil
}

// verifyAPI wants Exchange's own answer about a mailbox, whatever it is, and warns of the
// API's end. A policy that blocks EWS may be one mailbox's: then another one is asked.
func (a *ewsAccount) verifyAPI(ctx context.Context, mailboxes []sdk.Mailbox) sdk.Check {
	if err := ewsEnded(a.now()); err != nil {
		return failed("", "api", "looked at the calendar", err)
	}
	var blocked sdk.Check
	for _, m := range mailboxes[:min(len(mailboxes), blockedMailboxes)] {
		version, err := a.version(ctx, m.Address)
		switch {
		case err == nil:
			return a.answers(", version " + version.String())
		case err.Detail == blockedDetail:
			blocked = failed("", "api", "asked Exchange Web Services for a calendar", err)
		case err.Code.Fault() == sdk.FaultMailbox:
			return a.answers("")
		default:
			return failed("", "api", "asked Exchange Web Services for a calendar", err)
		}
	}
	return blocked
}

// answers is the step of an API that works, and will not for ever.
func (a *ewsAccount) answers(version string) sdk.Check {
	return sdk.Check{
		Step: "api", Outcome: sdk.Warned, Advice: moveToGraph,
		Observed: "Exchange Web Services answers" + version + "; " + ewsEnd(a.now()),
	}
}
