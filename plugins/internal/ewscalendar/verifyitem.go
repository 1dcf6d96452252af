package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	// verifySubject is the test appointment's title, in case anybody ever sees it.
	verifySubject = "Calendar gateway check (removed at once)"
	// verifyMarker is the test appointment's marker. It is none that a gateway writes,
	// so that no sync takes the appointment for its own, and always the same, so that
	// one that an interrupted check left behind is found by the next.
	verifyMarker = "verify"
	// cleanTime is how long removing the test appointment may take after the caller
	// gave up.
	cleanTime = 30 * time.Second
)

const privateAdvice = "a delegate needs \"Delegate can see my private items\"; full access (Add-MailboxPermission -AccessRights FullAccess) shows them too"

// verifyItem writes an appointment that is shown as free, a private one where it can,
// reads it back and removes it for good, so that not even the deleted items have it. On
// the way it tries out whether calendar folders tell of changes.
func (a *Account) verifyItem(ctx context.Context, m sdk.Mailbox, rights *ews.Rights) []sdk.Check {
	private := privateRight(m, rights)
	if rights != nil && !(rights.Create && rights.Modify && rights.Delete) {
		return []sdk.Check{private, FailedCheck(m.Address, "write", "asked for the rights on the calendar", sdk.CodeAccessDenied.
			New("the master account may not create, change and delete items").
			WithAdvice("give it full access to the mailbox, or editor rights on the calendar"))}
	}
	item := a.testItem(m, private.Outcome != sdk.Failed)
	marks := a.experimentOn(ctx, m)
	results, err := a.client.CreateItems(ctx, m.Address, []ews.NewItem{item})
	if err == nil && results[0].Err != nil {
		err = results[0].Err
	}
	var made string
	if err == nil {
		made = results[0].Value.ID
		marks.step(ctx)
		marks.change(ctx, item, results[0].Value)
		if private.Outcome != sdk.Failed {
			private = a.verifyPrivateItem(ctx, m, made)
		}
	}
	// What was made is removed whatever happened, also when the caller gave up.
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	cleanErr := a.removeTestItems(clean, m, made)
	checks := []sdk.Check{private, writeCheck(m, err, cleanErr)}
	if err != nil || cleanErr != nil {
		return checks
	}
	marks.step(clean)
	if told, ok := marks.conclude(); ok {
		checks = append(checks, told)
	}
	return checks
}

// testItem is a minute of tomorrow that blocks nobody's time. A delegate who cannot see
// private items could not remove one.
func (a *Account) testItem(m sdk.Mailbox, private bool) ews.NewItem {
	start := a.now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	sensitivity := calendar.SensitivityNormal
	if private {
		sensitivity = calendar.SensitivityPrivate
	}
	return ews.NewItem{
		Marker: verifyMarker, TimeZone: m.TimeZone,
		Appointment: calendar.Appointment{
			Subject: verifySubject, ShowAs: calendar.ShowAsFree, Sensitivity: sensitivity,
			When: calendar.When{Start: start, End: start.Add(time.Minute)},
		},
	}
}

// privateRight reads the right from the folder, where the server tells it. A trainer
// whose private appointments cannot be seen would look free (auth-2).
func privateRight(m sdk.Mailbox, rights *ews.Rights) sdk.Check {
	switch {
	case rights == nil || rights.ViewPrivate == nil:
		return sdk.Check{
			Mailbox: m.Address, Step: "private", Outcome: sdk.Skipped,
			Observed: "the server does not tell the right, and there was no private appointment to look at",
		}
	case !*rights.ViewPrivate:
		return FailedCheck(m.Address, "private", "asked for the rights on the calendar", sdk.CodeAccessDenied.
			New("private appointments cannot be seen: the trainer would look free").WithAdvice("%s", privateAdvice))
	}
	return passed(m.Address, "private", "private appointments can be seen")
}

// verifyPrivateItem looks at the private test appointment.
func (a *Account) verifyPrivateItem(ctx context.Context, m sdk.Mailbox, id string) sdk.Check {
	results, err := a.client.GetItems(ctx, []string{m.Address}, []string{id}, false)
	if err == nil && results[0].Err != nil {
		err = results[0].Err
	}
	if err != nil {
		return FailedCheck(m.Address, "private", "asked for a private appointment", contract.AsError(err))
	}
	item, err := results[0].Value.Calendar(viewOf(m, sdk.DetailBusy, nil))
	if err != nil || item.Sensitivity != calendar.SensitivityPrivate {
		return FailedCheck(m.Address, "private", "asked for a private appointment", sdk.CodeAccessDenied.
			New("it is not shown as one: the trainer would look free").WithAdvice("%s", privateAdvice))
	}
	return passed(m.Address, "private", "private appointments can be seen")
}

// removeTestItems removes the test appointment, and any that an earlier check had to
// leave behind.
func (a *Account) removeTestItems(ctx context.Context, m sdk.Mailbox, made string) error {
	found, err := a.client.FindMarked(ctx, m.Address, verifyMarker, sdk.MaxItems)
	var ids []string
	for _, item := range found {
		if item.MarkerText() == verifyMarker && item.ItemID.ID != made {
			ids = append(ids, item.ItemID.ID)
		}
	}
	if made != "" {
		ids = append(ids, made)
	}
	if len(ids) == 0 {
		return err
	}
	results, deleteErr := a.client.DeleteItems(ctx, []string{m.Address}, ids, true)
	if deleteErr != nil {
		return deleteErr
	}
	for _, res := range results {
		if res.Err != nil && res.Err.Code != sdk.CodeItemNotFound {
			return res.Err
		}
	}
	return err
}

// writeCheck says how writing and removing went.
func writeCheck(m sdk.Mailbox, written, removed error) sdk.Check {
	switch {
	case removed != nil && (written == nil || contract.AsError(written).Code == sdk.CodeOutcomeUnknown):
		check := FailedCheck(m.Address, "write", "removed the test appointment", contract.AsError(removed))
		check.Advice += " Delete the appointment \"" + verifySubject + "\" of tomorrow if it is there."
		return check
	case written != nil:
		return FailedCheck(m.Address, "write", "wrote a test appointment", contract.AsError(written))
	}
	return passed(m.Address, "write", "wrote and removed a test appointment")
}
