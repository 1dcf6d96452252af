package exchangeonline

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Verify checks the account and then each mailbox, in the order in which a first
// sync would run into trouble. In each mailbox it writes one private appointment,
// shown as free, reads it back and removes it.
func (a *account) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	good, err := a.verifyAccount(ctx, mailboxes, emit)
	if err != nil {
		return contract.Final(ctx, err)
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
	return contract.Each(ctx, mailboxBatch, mailboxes, work, func(m sdk.Mailbox, err *sdk.Error) error {
		return emit(failed(m.Address, "mailbox", "asked for the mailbox", err))
	})
}

// verifyAccount emits the account's steps up to the first that fails.
func (a *account) verifyAccount(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) (good bool, err error) {
	steps := []func() sdk.Check{
		func() sdk.Check {
			return sdk.Check{Step: "settings", Outcome: sdk.Passed, Observed: "application credentials of tenant " +
				a.settings.tenant + " for " + a.settings.graph.Host + "; the master account needs no mailbox"}
		},
		func() sdk.Check { return a.verifyReach(ctx, "resolve") },
		func() sdk.Check { return a.verifyReach(ctx, "tls") },
		func() sdk.Check { return a.verifyToken(ctx) },
		func() sdk.Check { return a.verifyAPI(ctx, mailboxes) },
	}
	for _, step := range steps {
		check := step()
		if err := emit(check); err != nil {
			return false, err
		}
		if check.Outcome == sdk.Failed {
			return false, nil
		}
	}
	return true, nil
}

// verifyReach asks both servers for anything at all, by the way that later requests
// take: what comes back does not matter, only how far the request got.
func (a *account) verifyReach(ctx context.Context, step string) sdk.Check {
	var hosts []string
	for _, server := range a.servers() {
		if step == "tls" && server.Scheme != "https" {
			continue
		}
		_, err := a.client.Do(ctx, transport.Request{Method: http.MethodGet, URL: server.String()},
			transport.Meta{Operation: "verify", Idempotent: true})
		if err != nil && stopsAt(err, step) {
			return failed("", step, "asked "+server.Host, unreachable(err))
		}
		hosts = append(hosts, server.Host)
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

// servers are the roots of the servers that the account talks to, each once.
func (a *account) servers() []*url.URL {
	graph := &url.URL{Scheme: a.settings.graph.Scheme, Host: a.settings.graph.Host, Path: "/"}
	login, err := url.Parse(a.settings.proof.tokenURL)
	if err != nil || login.Host == graph.Host {
		return []*url.URL{graph}
	}
	return []*url.URL{{Scheme: login.Scheme, Host: login.Host, Path: "/"}, graph}
}

func (a *account) verifyToken(ctx context.Context) sdk.Check {
	a.graph.tokens.forget()
	if _, err := a.graph.tokens.get(ctx); err != nil {
		return failed("", "credentials", "asked for an access token", err)
	}
	check := sdk.Check{Step: "credentials", Outcome: sdk.Passed, Observed: "got an access token"}
	if observed, advice := a.credential.ending(a.now()); observed != "" {
		check.Outcome, check.Advice = sdk.Warned, advice
		check.Observed += "; " + observed
	}
	return check
}

// verifyAPI sends one request and wants Graph's own answer to it, whatever that says
// of the mailbox: nothing else can be asked with calendar permissions alone.
func (a *account) verifyAPI(ctx context.Context, mailboxes []sdk.Mailbox) sdk.Check {
	if len(mailboxes) == 0 {
		return sdk.Check{Step: "api", Outcome: sdk.Skipped, Observed: "no mailbox to ask for"}
	}
	_, err := a.calendar(ctx, mailboxes[0].Address)
	if err != nil && err.Code.Fault() != sdk.FaultMailbox {
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

// failed is a step that did not work.
func failed(mailbox, step, tried string, err *sdk.Error) sdk.Check {
	observed := tried + ": " + err.Message
	if err.Detail != "" {
		observed += " (" + err.Detail + ")"
	}
	return sdk.Check{Mailbox: mailbox, Step: step, Outcome: sdk.Failed, Observed: observed, Advice: err.Advice}
}

// verifySubject is the title of the test appointment, in case anybody ever sees it.
const verifySubject = "Calendar gateway check (removed at once)"

// verifyWrite writes a private test appointment, reads it back and removes it.
func (a *account) verifyWrite(ctx context.Context, m sdk.Mailbox, c graphCalendar) (private, write sdk.Check) {
	start := a.now().UTC().Truncate(time.Hour).Add(time.Hour)
	op := sdk.Operation{
		ID: "verify", Kind: sdk.Create,
		Marker: calendar.Marker{Installation: "gateway-verify", Key: "verify", Generation: uuid.NewString()},
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
