package exchangeonline

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Verify checks the account and then each mailbox, in the order in which a first
// sync would run into trouble. In each mailbox it writes one private appointment,
// shown as free, reads it back and removes it.
func (a *account) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	good, err := a.verify(ctx, a, mailboxes, emit)
	if err != nil {
		return contract.Final(ctx, err)
	}
	work := func(ctx context.Context, m sdk.Mailbox) error {
		if !good {
			return emit(contract.Unchecked(m.Address))
		}
		return a.verifyMailbox(ctx, m, emit)
	}
	return contract.Each(ctx, mailboxBatch, mailboxes, work, func(m sdk.Mailbox, err *sdk.Error) error {
		return emit(failed(m.Address, "mailbox", "asked for the mailbox", err))
	})
}

// server is Graph, for the steps of the account.
func (a *account) server() (name string, address *url.URL) {
	return "Microsoft Graph", a.settings.graph
}

// reach asks for the mailbox's calendar, and for nothing in it.
func (a *account) reach(ctx context.Context, mailbox string) *sdk.Error {
	_, err := a.calendar(ctx, mailbox)
	return err
}

// verifyAPI sends one request and wants Graph's own answer to it, whatever that says
// of the mailbox: nothing else can be asked with calendar permissions alone.
func (a *account) verifyAPI(ctx context.Context, mailboxes []sdk.Mailbox) sdk.Check {
	if err := a.reach(ctx, mailboxes[0].Address); err != nil && err.Code.Fault() != sdk.FaultMailbox {
		return failed("", "api", "asked Microsoft Graph for a calendar", err)
	}
	return sdk.Check{Step: "api", Outcome: sdk.Passed, Observed: "Microsoft Graph answers"}
}

// graphCalendar is what is read of Graph's calendar resource.
type graphCalendar struct {
	ID string `json:"id"`
	// CanViewPrivateItems is nil where the server does not say.
	CanViewPrivateItems *bool `json:"canViewPrivateItems"`
}

func (a *account) calendar(ctx context.Context, mailbox string) (graphCalendar, *sdk.Error) {
	var c graphCalendar
	if _, err := a.graph.get(ctx, "calendar", mailbox, a.graph.link(userPath(mailbox, "/calendar")), prefer, &c); err != nil {
		return c, err
	}
	if c.ID == "" {
		return c, badAnswer("a calendar without an id")
	}
	return c, nil
}

// verifyMailbox emits the mailbox's steps.
func (a *account) verifyMailbox(ctx context.Context, m sdk.Mailbox, emit func(sdk.Check) error) error {
	c, err := a.calendar(ctx, m.Address)
	if err != nil {
		return emit(failed(m.Address, "mailbox", "asked for the calendar", err))
	}
	if err := emit(sdk.Check{Mailbox: m.Address, Step: "mailbox", Outcome: sdk.Passed, Observed: "the mailbox has a calendar"}); err != nil {
		return err
	}
	read := a.verifyRead(ctx, m)
	if err := emit(read); err != nil || read.Outcome == sdk.Failed {
		return err
	}
	private, write := a.verifyWrite(ctx, m, c)
	if err := emit(private); err != nil {
		return err
	}
	return emit(write)
}

func (a *account) verifyRead(ctx context.Context, m sdk.Mailbox) sdk.Check {
	now := a.now().UTC().Truncate(time.Hour)
	var p page
	path := deltaPath(m.Address, calendar.Window{Start: now, End: now.Add(24 * time.Hour)})
	_, err := a.graph.get(ctx, "delta", m.Address, a.graph.link(path), preferPages, &p)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return failed(m.Address, "read", "read a day of the calendar", err)
	}
	return sdk.Check{Mailbox: m.Address, Step: "read", Outcome: sdk.Passed, Observed: "read a day of the calendar"}
}

// verifySubject is the title of the test appointment, in case anybody ever sees it.
const verifySubject = "Calendar gateway check (removed at once)"

// verifyInstallation is the installation in the marker of test appointments. No gateway
// has it, so that no sync takes one for its own.
const verifyInstallation = "gateway-verify"

// removeLeft removes the test appointments that checks left behind which were killed.
func (a *account) removeLeft(ctx context.Context, m sdk.Mailbox) *sdk.Error {
	var left []calendar.ItemID
	err := a.graph.marked(ctx, m.Address, "ep/value ne null", func(events []event, _ bool) error {
		for i := range events {
			if marker := events[i].marker(); marker != nil && marker.Installation == verifyInstallation {
				left = append(left, calendar.ItemID(events[i].ID))
			}
		}
		return nil
	})
	if err != nil {
		return contract.AsError(err)
	}
	for _, id := range left {
		if gone := a.writeOne(ctx, m, sdk.Operation{ID: "verify", Kind: sdk.Delete, ItemID: id}); gone.Err != nil {
			return gone.Err
		}
	}
	return nil
}

// verifyWrite writes a private test appointment, reads it back and removes it, and with it
// any that an interrupted check left behind.
func (a *account) verifyWrite(ctx context.Context, m sdk.Mailbox, c graphCalendar) (private, write sdk.Check) {
	start := a.now().UTC().Truncate(time.Hour).Add(time.Hour)
	op := sdk.Operation{
		ID: "verify", Kind: sdk.Create,
		Marker: calendar.Marker{Installation: verifyInstallation, Key: "verify", Generation: uuid.NewString()},
		Appointment: calendar.Appointment{
			Subject: verifySubject, ShowAs: calendar.ShowAsFree, Sensitivity: calendar.SensitivityPrivate,
			When: calendar.When{Start: start, End: start.Add(time.Minute), TimeZone: "UTC"},
		},
	}
	private = sdk.Check{Mailbox: m.Address, Step: "private", Outcome: sdk.Skipped, Observed: "there was no private appointment to look at"}
	made := a.writeOne(ctx, m, op)
	if made.Err == nil {
		private = a.verifyPrivate(ctx, m, made.ItemID, c)
	}
	// What was made is removed whatever happened, also when the caller gave up.
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return private, a.verifyClean(clean, m, op, made)
}

// verifyPrivate looks at the private test appointment: one that cannot be seen would
// make the trainer look free.
func (a *account) verifyPrivate(ctx context.Context, m sdk.Mailbox, id calendar.ItemID, c graphCalendar) sdk.Check {
	var e event
	_, err := a.graph.get(ctx, "get", m.Address, a.graph.link(eventPath(m.Address, string(id))), prefer, &e)
	if err != nil {
		return failed(m.Address, "private", "asked for a private appointment", err)
	}
	check := sdk.Check{Mailbox: m.Address, Step: "private", Outcome: sdk.Passed, Observed: "private appointments can be seen"}
	if sensitivity(e.Sensitivity) != calendar.SensitivityPrivate || e.Start == nil || (c.CanViewPrivateItems != nil && !*c.CanViewPrivateItems) {
		check.Outcome, check.Observed = sdk.Failed, "private appointments cannot be seen as such: the trainer would look free"
		check.Advice = needed
	}
	return check
}

// verifyClean removes the test appointment and says how writing went.
func (a *account) verifyClean(ctx context.Context, m sdk.Mailbox, op sdk.Operation, made sdk.WriteResult) sdk.Check {
	if made.Err != nil && made.Err.Code != sdk.CodeOutcomeUnknown {
		return failed(m.Address, "write", "wrote a test appointment", made.Err)
	}
	if made.ItemID == "" {
		// The answer was lost: repeating the create answers with the item, if it is there.
		op.MaybeDone = true
		if again := a.writeOne(ctx, m, op); again.Err != nil {
			return leftBehind(failed(m.Address, "write", "wrote a test appointment", made.Err), op)
		} else {
			made = again
		}
	}
	gone := a.writeOne(ctx, m, sdk.Operation{ID: "verify", Kind: sdk.Delete, ItemID: made.ItemID})
	if gone.Err != nil {
		return leftBehind(failed(m.Address, "write", "removed the test appointment", gone.Err), op)
	}
	if err := a.removeLeft(ctx, m); err != nil {
		return failed(m.Address, "write", "removed what an interrupted check had left behind", err)
	}
	return sdk.Check{Mailbox: m.Address, Step: "write", Outcome: sdk.Passed, Observed: "wrote and removed a test appointment"}
}

// leftBehind adds to a failure what a person must clear away.
func leftBehind(c sdk.Check, op sdk.Operation) sdk.Check {
	c.Advice = strings.TrimSpace(c.Advice + " Delete the appointment \"" + verifySubject + "\" at " +
		op.Appointment.When.Start.Format(time.RFC3339) + " if it is there.")
	return c
}

// writeOne carries out one operation and answers its result.
func (a *account) writeOne(ctx context.Context, m sdk.Mailbox, op sdk.Operation) sdk.WriteResult {
	var result sdk.WriteResult
	w := &writing{ctx: ctx, graph: a.graph, mailbox: m, op: op, emit: func(res sdk.WriteResult) { result = res }}
	if p := w.start(); p != nil {
		w.next(p)
	}
	return result
}
