package exchangeonline

import (
	"context"
	"errors"
	"net/http"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// ewsAccount is an opened master account that speaks EWS, as an application that acts
// for each mailbox's owner. Its items carry the marker where Graph finds it, so that an
// account that changes its api keeps them.
type ewsAccount struct {
	*connection
	ews      *ews.Client
	calendar *ewscalendar.Account
	policy   *policy
}

func newEWSAccount(c *connection) *ewsAccount {
	a := &ewsAccount{connection: c, policy: newPolicy(c.settings.proof.clientID, c.now)}
	a.ews = ews.New(ews.Options{
		URL: c.settings.ews, Transport: c.client, Now: c.now, Impersonate: true,
		Auth: ews.Bearer(func(ctx context.Context) (string, *sdk.Error) {
			token, err := c.tokens.get(ctx)
			if err != nil {
				return "", noToken(err)
			}
			return token, nil
		}, func(token string, answer http.Header) { c.tokens.drop(token, challenge(answer)) }),
		Forbidden: a.policy.forbidden, Connections: c.settings.concurrency,
	})
	a.calendar = ewscalendar.New(ewscalendar.Options{Client: a.ews, Now: c.now})
	return a
}

// Warnings implements [sdk.Warner]: the API that the operator chose ends.
func (a *ewsAccount) Warnings() []schema.Diagnostic {
	when := "Before that day, "
	if ewsEnded(a.now()) != nil {
		when = "This account has stopped: "
	}
	return append(a.connection.Warnings(), schema.Diagnostic{
		Severity: schema.Warning, Path: []string{"api"}, Summary: ewsEnd(a.now()), Detail: when + moveToGraph + ".",
	})
}

// ready refuses a call after the end of EWS, and warns of it before, once a day.
func (a *ewsAccount) ready() error {
	if err := ewsEnded(a.now()); err != nil {
		return err
	}
	a.notices.give("ews", ewsEnd(a.now())+"; "+moveToGraph)
	a.noticeEnding()
	return nil
}

// seen puts a mailbox's error into the words of Exchange Online, and learns who is served.
func (a *ewsAccount) seen(mailbox string, err *sdk.Error) *sdk.Error {
	if err == nil {
		a.policy.served(mailbox)
		return nil
	}
	return online(err)
}

// ended is the error of a whole call.
func ended(err error) error {
	var known *sdk.Error
	if err == nil || !errors.As(err, &known) {
		return err
	}
	return online(known)
}

// Read implements [sdk.Account].
func (a *ewsAccount) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	if err := a.ready(); err != nil {
		return err
	}
	others, refused := a.policy.suspects(reqs)
	for _, some := range [][]sdk.ReadRequest{others, refused} {
		err := a.calendar.Read(ctx, some, func(p sdk.ReadPage) error {
			p.Err = a.seen(p.Mailbox, p.Err)
			return emit(p)
		})
		if err != nil {
			return ended(err)
		}
	}
	return nil
}

// Get implements [sdk.Account].
func (a *ewsAccount) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	if err := a.ready(); err != nil {
		return err
	}
	return ended(a.calendar.Get(ctx, reqs, func(p sdk.GetPage) error {
		p.Err = a.seen(p.Mailbox, p.Err)
		return emit(p)
	}))
}

// Write implements [sdk.Account].
func (a *ewsAccount) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	if err := a.ready(); err != nil {
		return err
	}
	return ended(a.calendar.Write(ctx, reqs, func(r sdk.WriteResult) error {
		r.Err = a.seen(r.Mailbox, r.Err)
		return emit(r)
	}))
}

// Find implements [sdk.Account].
func (a *ewsAccount) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	if err := a.ready(); err != nil {
		return err
	}
	return ended(a.calendar.Find(ctx, reqs, func(p sdk.FindPage) error {
		p.Err = a.seen(p.Mailbox, p.Err)
		return emit(p)
	}))
}
