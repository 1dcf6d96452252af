package ewscalendar

import (
	"context"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// changesPerPage is how many changes are emitted at a time.
const changesPerPage = 500

// Read reports each mailbox's calendar, or that nothing changed in it. A mailbox's
// answer is collected whole before any of it is emitted: a read that fails half-way
// reports nothing but its error (A1, A2).
func (a *Account) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	r := reading{account: a, emit: contract.Guard(emit)}
	subjects := make([]*subject, len(reqs))
	for i, req := range reqs {
		subjects[i] = &subject{req: req, last: readCursor(req)}
	}
	if a.client.Impersonates() {
		return r.each(ctx, subjects, func(ctx context.Context, s *subject) error {
			if err := r.sync(ctx, s); err != nil {
				return err
			}
			return r.finish(ctx, s)
		})
	}
	return contract.Final(ctx, r.byMarks(ctx, subjects))
}

// reading is a Read on its way.
type reading struct {
	account *Account
	emit    func(sdk.ReadPage) error
	// version is the server's, where marks were taken.
	version string
}

// subject is a mailbox that is read.
type subject struct {
	req sdk.ReadRequest
	// last is what the last read left behind.
	last cursor
	// look is the mailbox's mark, where it was taken; exact, that it was the same before
	// and after state was.
	look  look
	exact bool
	// state is the state of SyncFolderItems now, where that was asked; changes what
	// happened since the last one.
	state   string
	changes ews.Changes
	// touched: something changed, or may have.
	touched bool
	// failed: the mailbox's error was emitted.
	failed bool
}

func (r *reading) each(ctx context.Context, subjects []*subject, work func(context.Context, *subject) error) error {
	return contract.Each(ctx, batch, subjects, work, r.fail)
}

// fail ends a mailbox's answer with its error.
func (r *reading) fail(s *subject, err *sdk.Error) error {
	s.failed = true
	return r.emit(sdk.ReadPage{Mailbox: s.req.Mailbox.Address, Err: err})
}

// byMarks reads with full access: one request takes the marks of many mailboxes, and
// where they can be relied on, only those are read on whose mark moved. Where that is
// not known, each is asked by SyncFolderItems what changed, and the marks are watched.
func (r *reading) byMarks(ctx context.Context, subjects []*subject) error {
	if err := r.look(ctx, subjects, func(s *subject, l look) { s.look = l }); err != nil {
		return err
	}
	subjects = unfailed(subjects)
	cursors := make([]cursor, len(subjects))
	for i, s := range subjects {
		cursors[i] = s.last
	}
	r.account.trust.remember(r.version, cursors)
	if r.account.trust.in(r.version) == proven {
		for _, s := range subjects {
			s.touched = s.look.mark == (ews.Mark{}) || s.look.mark != s.last.Mark || !s.last.Settled
		}
		return r.each(ctx, subjects, r.finish)
	}
	if err := r.watched(ctx, subjects); err != nil {
		return err
	}
	return r.each(ctx, unfailed(subjects), r.finish)
}

// look takes the marks of mailboxes. One whose mark cannot be taken cannot be read.
func (r *reading) look(ctx context.Context, subjects []*subject, note func(*subject, look)) error {
	names := make([]string, len(subjects))
	for i, s := range subjects {
		names[i] = s.req.Mailbox.Address
	}
	looks, version, err := r.account.look(ctx, names)
	if err != nil {
		return err
	}
	if version != "" {
		r.version = version
	}
	for i, s := range subjects {
		if looks[i].err != nil {
			if err := r.fail(s, looks[i].err); err != nil {
				return err
			}
			continue
		}
		note(s, looks[i])
	}
	return nil
}

// watched asks each mailbox by SyncFolderItems what changed. Where it is not known yet
// whether marks can be relied on, it takes them again for those where anything happened,
// and learns from what moved.
func (r *reading) watched(ctx context.Context, subjects []*subject) error {
	if err := r.each(ctx, subjects, r.sync); err != nil {
		return err
	}
	subjects = unfailed(subjects)
	if r.account.trust.in(r.version) == refuted {
		return nil
	}
	var again []*subject
	for _, s := range subjects {
		if s.exact = s.last.Exact && !s.touched && s.look.mark == s.last.Mark; !s.exact {
			again = append(again, s)
		}
	}
	err := r.look(ctx, again, func(s *subject, l look) {
		s.exact = s.look.mark != (ews.Mark{}) && l.mark == s.look.mark
	})
	for _, s := range unfailed(subjects) {
		if s.last.State != "" {
			r.account.trust.learn(r.version, observed(s.last, s.look.mark, s.exact, s.changes))
		}
	}
	if r.account.trust.in(r.version) == refuted {
		hclog.FromContext(ctx).Warn("calendar folders of this server do not tell of every change: each mailbox is asked by itself what changed (SyncFolderItems)", "server", r.version)
	}
	return err
}

func unfailed(subjects []*subject) []*subject {
	var left []*subject
	for _, s := range subjects {
		if !s.failed {
			left = append(left, s)
		}
	}
	return left
}

// sync finds out by SyncFolderItems what changed since the last read, and what the state
// is now. A state the server no longer accepts is given up, and everything may have
// changed (F5).
func (r *reading) sync(ctx context.Context, s *subject) (err error) {
	client, mailbox, from := r.account.client, s.req.Mailbox.Address, s.last.State
	s.state, s.changes, err = client.Sync(ctx, mailbox, from)
	s.touched = from == "" || s.changes.Any()
	if from != "" && (ews.HasCode(err, ews.CodeInvalidSyncState) || ews.HasCode(err, ews.CodeSyncFolderGone)) {
		s.state, _, err = client.Sync(ctx, mailbox, "")
		s.changes, s.touched, s.last.Exact = ews.Changes{}, true, false
	}
	return err
}

// finish answers a mailbox: that nothing changed, or with its window. State and mark were
// taken before the window is read: what changes in between is read twice and not missed.
func (r *reading) finish(ctx context.Context, s *subject) error {
	complete := sdk.Complete{Cursor: r.cursor(s).bytes(), Covered: s.req.Window}
	if s.last.reports(s.req) && !s.touched {
		return r.emit(sdk.ReadPage{Mailbox: s.req.Mailbox.Address, Complete: &complete})
	}
	complete.Full = true
	changes, err := r.account.readWindow(ctx, s.req)
	if err != nil {
		return err
	}
	return emitChanges(s.req.Mailbox.Address, changes, complete, r.emit)
}

// cursor is where the mailbox's next read continues.
func (r *reading) cursor(s *subject) cursor {
	c := newCursor(s.req)
	c.State, c.Mark, c.Exact = s.state, s.look.mark, s.exact
	if c.State == "" {
		// What it tells of may be older than the mark, which does no harm.
		c.State = s.last.State
	}
	c.Settled = s.look.mark.Settled(s.look.at)
	if r.version != "" {
		r.account.trust.sign(&c, r.version)
	}
	return c
}

func emitChanges(mailbox string, changes []calendar.Change, complete sdk.Complete, emit func(sdk.ReadPage) error) error {
	for len(changes) > changesPerPage {
		if err := emit(sdk.ReadPage{Mailbox: mailbox, Changes: changes[:changesPerPage]}); err != nil {
			return err
		}
		changes = changes[changesPerPage:]
	}
	return emit(sdk.ReadPage{Mailbox: mailbox, Changes: changes, Complete: &complete})
}
