package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// DefaultProbeBatch is how many mailboxes' marks are asked for in a request. Exchange
	// is known to take up to [MaxProbeBatch]; fewer keep a request well below the minute
	// after which a server ends it.
	DefaultProbeBatch = 100
	MaxProbeBatch     = 255
)

// look is what a mailbox's mark was, and when by the server's clock.
type look struct {
	mark ews.Mark
	at   time.Time
	err  *sdk.Error
}

// looker takes the marks of many mailboxes, as many at a time as one request may name.
type looker struct {
	account *Account
	// version is the server's, as it says in its last answer.
	version string
	looks   []look
}

// look takes the marks of mailboxes, in their order. A mailbox whose mark could not be
// taken has an error of its own; the error returned is the account's.
func (a *Account) look(ctx context.Context, mailboxes []string) (looks []look, version string, err error) {
	l := looker{account: a, looks: make([]look, len(mailboxes))}
	places := make([]int, len(mailboxes))
	for i := range places {
		places[i] = i
	}
	for len(places) > 0 {
		n := min(a.probeBatch, len(places))
		if err := l.take(ctx, mailboxes, places[:n]); err != nil {
			return nil, "", err
		}
		places = places[n:]
	}
	return l.looks, l.version, nil
}

// take takes the marks at some places. Those that the server did not come to, because
// another mailbox stopped it, are asked for again without that one; a request that fails
// as a whole is halved until it is clear which mailbox fails it.
func (l *looker) take(ctx context.Context, mailboxes []string, places []int) error {
	for len(places) > 0 {
		names := make([]string, len(places))
		for i, p := range places {
			names[i] = mailboxes[p]
		}
		calendars, version, err := l.account.client.GetCalendars(ctx, names)
		if err != nil {
			return l.failed(ctx, mailboxes, places, contract.AsError(err))
		}
		l.version = version.String()
		places = l.note(mailboxes, places, calendars, l.account.serverTime(version))
	}
	return nil
}

// note keeps the marks, and returns the places that the server did not come to. Where
// that is all of them, it makes no progress, and they are answered so.
func (l *looker) note(mailboxes []string, places []int, calendars []ews.Result[ews.Calendar], at time.Time) (stopped []int) {
	for i, p := range places {
		found := calendars[i]
		l.looks[p] = look{mark: found.Value.Mark, at: at, err: found.Err}
		switch {
		case found.Err == nil:
			l.account.folders.put(mailboxes[p], found.Value.ID)
		case ews.HasCode(found.Err, ews.CodeBatchStopped):
			stopped = append(stopped, p)
		}
	}
	if len(stopped) == len(places) {
		return nil
	}
	return stopped
}

// failed deals with a request that failed as a whole.
func (l *looker) failed(ctx context.Context, mailboxes []string, places []int, err *sdk.Error) error {
	switch {
	case contract.StopsAccount(err), ctx.Err() != nil:
		return err
	case len(places) == 1, !mayBeOnes(err):
		for _, p := range places {
			l.looks[p].err = err
		}
		return nil
	}
	half := len(places) / 2
	if err := l.take(ctx, mailboxes, places[:half]); err != nil {
		return err
	}
	return l.take(ctx, mailboxes, places[half:])
}

// mayBeOnes reports whether a request on many mailboxes may have failed for one of them,
// or for being about so many. One that never reached Exchange did not.
func mayBeOnes(err *sdk.Error) bool {
	fault := err.Code.Fault()
	return fault == sdk.FaultMailbox || fault == sdk.FaultItem || ews.HasCode(err, ews.CodeTimeoutExpired) ||
		ews.HasCode(err, ews.CodeInternalServer)
}

// serverTime is the server's clock as of an answer, else our own.
func (a *Account) serverTime(v ews.ServerVersion) time.Time {
	if v.Date.IsZero() {
		return a.now()
	}
	return v.Date
}
