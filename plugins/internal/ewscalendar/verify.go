package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/sdk"
)

// VerifyMailboxes checks each mailbox, in the order in which a first sync would run into
// trouble: the steps "mailbox", "read", "private" and "write". Where the account itself
// cannot be used, say so with good unset, and the mailboxes are skipped.
func (a *Account) VerifyMailboxes(ctx context.Context, mailboxes []sdk.Mailbox, good bool, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, m sdk.Mailbox) error {
		if !good {
			return emit(contract.Unchecked(m.Address))
		}
		return a.verifyMailbox(ctx, m, emit)
	}
	return contract.Each(ctx, batch, mailboxes, work, func(m sdk.Mailbox, err *sdk.Error) error {
		return emit(FailedCheck(m.Address, "mailbox", "asked for the mailbox", err))
	})
}

// verifyMailbox emits every step of the mailbox; those that one that failed makes
// pointless are not made, and say so.
func (a *Account) verifyMailbox(ctx context.Context, m sdk.Mailbox, emit func(sdk.Check) error) error {
	folder, _, err := a.client.GetCalendar(ctx, m.Address)
	if err != nil {
		return stopAt(emit, FailedCheck(m.Address, "mailbox", "asked for the calendar", contract.AsError(err)), "read", "private", "write")
	}
	a.folders.put(m.Address, folder.ID)
	if err := emit(passed(m.Address, "mailbox", "the mailbox has a calendar")); err != nil {
		return err
	}
	read := a.verifyRead(ctx, m)
	if read.Outcome == sdk.Failed {
		return stopAt(emit, read, "private", "write")
	}
	if err := emit(read); err != nil {
		return err
	}
	for _, check := range a.verifyItem(ctx, m, folder.Rights) {
		if err := emit(check); err != nil {
			return err
		}
	}
	return nil
}

// stopAt emits a step that failed, and those that were not made because of it.
func stopAt(emit func(sdk.Check) error, failed sdk.Check, later ...string) error {
	if err := emit(failed); err != nil {
		return err
	}
	for _, step := range later {
		skipped := sdk.Check{
			Mailbox: failed.Mailbox, Step: step, Outcome: sdk.Skipped,
			Observed: "not checked, because the step " + failed.Step + " failed",
		}
		if err := emit(skipped); err != nil {
			return err
		}
	}
	return nil
}

// verifyRead makes the request that a sync of a touched mailbox makes.
func (a *Account) verifyRead(ctx context.Context, m sdk.Mailbox) sdk.Check {
	start := a.now().UTC().Truncate(time.Hour)
	req := sdk.ReadRequest{Mailbox: m, Detail: sdk.DetailBusy, Scope: sdk.ScopeAll}
	req.Window.Start, req.Window.End = start, start.Add(24*time.Hour)
	if _, err := a.readWindow(ctx, req); err != nil {
		return FailedCheck(m.Address, "read", "read a day of the calendar", contract.AsError(err))
	}
	return passed(m.Address, "read", "read a day of the calendar")
}

func passed(mailbox, step, observed string) sdk.Check {
	return sdk.Check{Mailbox: mailbox, Step: step, Outcome: sdk.Passed, Observed: observed}
}

// FailedCheck is a step that did not work, of the account where mailbox is empty.
func FailedCheck(mailbox, step, tried string, err *sdk.Error) sdk.Check {
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
