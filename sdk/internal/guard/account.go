package guard

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Wrap returns the account, held to the contract.
func Wrap(a sdk.Account) sdk.Account { return &guarded{next: a} }

type guarded struct{ next sdk.Account }

// Close implements [sdk.Account].
func (g *guarded) Close() error { return g.next.Close() }

// Warnings implements [sdk.Warner].
func (g *guarded) Warnings() []schema.Diagnostic {
	if w, ok := g.next.(sdk.Warner); ok {
		return w.Warnings()
	}
	return nil
}

// Verify implements [sdk.Account].
func (g *guarded) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	s, err := newSession(mailboxes)
	if err != nil {
		return err
	}
	err = g.next.Verify(ctx, mailboxes, func(c sdk.Check) error {
		if c.Mailbox == "" {
			return emit(c)
		}
		pass, _, err := s.enter(c.Mailbox, false, func(*box) *sdk.Error { return nil })
		if !pass {
			return err
		}
		return emit(c)
	})
	return s.end(err, func(string) error { return nil })
}

// Read implements [sdk.Account].
func (g *guarded) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	if err := checkReads(reqs); err != nil {
		return err
	}
	mailboxes := make([]sdk.Mailbox, len(reqs))
	filters := map[string]*filter{}
	for i, r := range reqs {
		mailboxes[i] = r.Mailbox
		filters[r.Mailbox.Address] = newFilter(r.Own, r.Detail, r.Scope)
	}
	s, err := newSession(mailboxes)
	if err != nil {
		return err
	}
	err = g.next.Read(ctx, reqs, func(p sdk.ReadPage) error {
		last := p.Complete != nil || p.Err != nil
		pass, fault, err := s.enter(p.Mailbox, last, func(b *box) *sdk.Error { return b.checkRead(p) })
		switch {
		case !pass:
			return err
		case fault != nil:
			return emit(sdk.ReadPage{Mailbox: p.Mailbox, Err: fault})
		}
		p.Changes = filters[p.Mailbox].changes(p.Changes)
		if len(p.Changes) == 0 && !last {
			return nil
		}
		return emit(p)
	})
	return s.end(err, func(mailbox string) error {
		return emit(sdk.ReadPage{Mailbox: mailbox, Err: errNoEnd()})
	})
}

// checkRead counts a page's items and returns its fault.
func (b *box) checkRead(p sdk.ReadPage) *sdk.Error {
	for _, c := range p.Changes {
		n, fault := checkChange(c)
		if fault != nil {
			return fault
		}
		b.items += n
	}
	if fault := b.tooMany(); fault != nil {
		return fault
	}
	switch {
	case p.Complete == nil:
		return nil
	case p.Err != nil:
		return sdk.CodeInternal.New("the plugin ended a mailbox's answer with success and an error at once")
	case len(p.Complete.Cursor) > sdk.MaxCursorBytes:
		return sdk.CodeInternal.New("the plugin made a cursor of %d bytes, at most %d are allowed", len(p.Complete.Cursor), sdk.MaxCursorBytes)
	case !possible(p.Complete.Covered.Start) || !possible(p.Complete.Covered.End):
		return sdk.CodeInternal.New("the plugin covered an impossible window")
	}
	return nil
}

func (b *box) tooMany() *sdk.Error {
	if b.items <= sdk.MaxItems {
		return nil
	}
	return sdk.CodeTooManyItems.New("the mailbox has more than %d items in the window", sdk.MaxItems).
		WithAdvice("make the window shorter")
}

// Get implements [sdk.Account].
func (g *guarded) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	if err := checkGets(reqs); err != nil {
		return err
	}
	mailboxes := make([]sdk.Mailbox, len(reqs))
	filters, wanted := map[string]*filter{}, map[string]map[calendar.ItemID]bool{}
	for i, r := range reqs {
		mailboxes[i] = r.Mailbox
		filters[r.Mailbox.Address] = newFilter(r.Own, r.Detail, sdk.ScopeAll)
		wanted[r.Mailbox.Address] = newFilter(r.IDs, r.Detail, sdk.ScopeAll).own
	}
	s, err := newSession(mailboxes)
	if err != nil {
		return err
	}
	err = g.next.Get(ctx, reqs, func(p sdk.GetPage) error {
		last := p.Done || p.Err != nil
		pass, fault, err := s.enter(p.Mailbox, last, func(*box) *sdk.Error { return checkGot(p, wanted[p.Mailbox]) })
		switch {
		case !pass:
			return err
		case fault != nil:
			return emit(sdk.GetPage{Mailbox: p.Mailbox, Err: fault})
		}
		p.Items = filters[p.Mailbox].items(p.Items)
		return emit(p)
	})
	return s.end(err, func(mailbox string) error {
		return emit(sdk.GetPage{Mailbox: mailbox, Err: errNoEnd()})
	})
}

// checkGot returns the page's fault, and crosses off what it answers (A5).
func checkGot(p sdk.GetPage, wanted map[calendar.ItemID]bool) *sdk.Error {
	if fault := checkItems(p.Items); fault != nil {
		return fault
	}
	for i := range p.Items {
		if _, asked := wanted[p.Items[i].ID]; !asked {
			return sdk.CodeInternal.New("the plugin returned an item that it was not asked for")
		}
		wanted[p.Items[i].ID] = false
	}
	for _, id := range p.Missing {
		if _, asked := wanted[id]; !asked {
			return sdk.CodeInternal.New("the plugin misses an item that it was not asked for")
		}
		wanted[id] = false
	}
	if !p.Done {
		return nil
	}
	for _, open := range wanted {
		if open {
			return sdk.CodeInternal.New("the plugin answered for fewer items than it was asked for")
		}
	}
	return nil
}

// Find implements [sdk.Account].
func (g *guarded) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	mailboxes := make([]sdk.Mailbox, len(reqs))
	for i, r := range reqs {
		mailboxes[i] = r.Mailbox
	}
	s, err := newSession(mailboxes)
	if err != nil {
		return err
	}
	marked := newFilter(nil, sdk.DetailFull, sdk.ScopeOwn)
	err = g.next.Find(ctx, reqs, func(p sdk.FindPage) error {
		pass, fault, err := s.enter(p.Mailbox, p.Done || p.Err != nil, func(b *box) *sdk.Error {
			if b.items += len(p.Items); b.items > sdk.MaxItems {
				return b.tooMany()
			}
			return checkItems(p.Items)
		})
		switch {
		case !pass:
			return err
		case fault != nil:
			return emit(sdk.FindPage{Mailbox: p.Mailbox, Err: fault})
		}
		p.Items = marked.items(p.Items)
		return emit(p)
	})
	return s.end(err, func(mailbox string) error {
		return emit(sdk.FindPage{Mailbox: mailbox, Err: errNoEnd()})
	})
}
