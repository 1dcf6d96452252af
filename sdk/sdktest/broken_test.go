package sdktest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// A suite is worth what it finds: each backend here breaks one promise, and the
// case named must fail because of it.
func TestBrokenBackendsFail(t *testing.T) {
	for _, b := range brokenBackends {
		t.Run(b.name, func(t *testing.T) {
			c := caseNamed(t, b.caught)
			if fails(t, c, MemorySubject(), nil) {
				t.Fatalf("the case %q fails with the whole backend too", c.name)
			}
			if !fails(t, c, MemorySubject(), b.breakIt) {
				t.Errorf("the case %q does not see it", c.name)
			}
		})
	}
}

func TestMailIsFound(t *testing.T) {
	s := MemorySubject()
	s.Cannot = nil
	mails := []string{}
	s.New = func(testing.TB) World {
		w := NewMemory().World()
		w.Outbox = func(testing.TB) []string { return mails }
		return w
	}
	c := caseNamed(t, "nobody is mailed")
	if fails(t, c, s, nil) {
		t.Fatal("fails with an empty outbox")
	}
	mails = append(mails, "invitation to sam@example.com")
	if !fails(t, c, s, nil) {
		t.Error("mail in the outbox is not found")
	}
}

func TestMissingHookIsNotSkipped(t *testing.T) {
	s := MemorySubject()
	s.Cannot = nil // the reference backend has no outbox
	if !fails(t, caseNamed(t, "nobody is mailed"), s, nil) {
		t.Error("a hook is missing without a stated limitation, and the case passes")
	}
}

// broken passes calls on to a backend in order, bent by the functions that are set.
type broken struct {
	sdk.Account
	readReq   func(sdk.ReadRequest) sdk.ReadRequest
	page      func(sdk.ReadPage) (sdk.ReadPage, bool)
	get       func(sdk.GetPage) sdk.GetPage
	found     func(*calendar.Item)
	op        func(sdk.Operation) sdk.Operation
	result    func(sdk.Operation, sdk.WriteResult) sdk.WriteResult
	event     func(sdk.WatchEvent) (sdk.WatchEvent, bool)
	watchReq  func(*sdk.WatchMailbox)
	endless   bool
	deaf      bool
	failWhole bool
	litter    bool
}

func (b *broken) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	var bent []sdk.ReadRequest
	windows := map[string]calendar.Window{}
	for _, r := range reqs {
		windows[r.Mailbox.Address] = r.Window
		if b.readReq != nil {
			r = b.readReq(r)
		}
		bent = append(bent, r)
	}
	return b.Account.Read(ctx, bent, func(p sdk.ReadPage) error {
		if p.Complete != nil {
			p.Complete.Covered = windows[p.Mailbox]
		}
		if b.failWhole && p.Err != nil {
			return p.Err
		}
		if b.page != nil {
			var ok bool
			if p, ok = b.page(p); !ok {
				return nil
			}
		}
		err := emit(p)
		if b.deaf {
			return nil
		}
		return err
	})
}

func (b *broken) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return b.Account.Get(ctx, reqs, func(p sdk.GetPage) error {
		if b.get != nil {
			p = b.get(p)
		}
		return emit(p)
	})
}

func (b *broken) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	return b.Account.Find(ctx, reqs, func(p sdk.FindPage) error {
		for i := range p.Items {
			if b.found != nil {
				b.found(&p.Items[i])
			}
		}
		return emit(p)
	})
}

func (b *broken) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	ops := map[string]sdk.Operation{}
	for i := range reqs {
		for j, op := range reqs[i].Operations {
			ops[op.ID] = op
			if b.op != nil {
				reqs[i].Operations[j] = b.op(op)
			}
		}
	}
	return b.Account.Write(ctx, reqs, func(r sdk.WriteResult) error {
		if b.result != nil {
			r = b.result(ops[r.Operation], r)
		}
		return emit(r)
	})
}

func (b *broken) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	if b.litter {
		op := sdk.Operation{ID: "trial", Kind: sdk.Create, Appointment: course(), Marker: calendar.Marker{Installation: "i", Key: "k", Generation: "g"}}
		ignore := func(sdk.WriteResult) error { return nil }
		if err := b.Account.Write(ctx, []sdk.WriteRequest{{Mailbox: mailboxes[0], Operations: []sdk.Operation{op}}}, ignore); err != nil {
			return err
		}
	}
	return b.Account.Verify(ctx, mailboxes, emit)
}

func (b *broken) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	req.Mailboxes = slices.Clone(req.Mailboxes)
	for i := range req.Mailboxes {
		if b.watchReq != nil {
			b.watchReq(&req.Mailboxes[i])
		}
	}
	err := sdk.Watch(ctx, b.Account, req, func(e sdk.WatchEvent) error {
		if b.event != nil {
			var ok bool
			if e, ok = b.event(e); !ok {
				return nil
			}
		}
		if err := emit(e); !b.deaf {
			return err
		}
		return errors.New("another error")
	})
	if b.endless {
		return nil
	}
	return err
}

// eachItem bends the items of a page.
func eachItem(bend func(*calendar.Item)) func(sdk.ReadPage) (sdk.ReadPage, bool) {
	return func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		for _, c := range p.Changes {
			if c.Upsert != nil {
				bend(c.Upsert)
			}
			if c.ReplaceSeries != nil {
				for i := range c.ReplaceSeries.Items {
					bend(&c.ReplaceSeries.Items[i])
				}
			}
		}
		return p, true
	}
}

var brokenBackends = []struct {
	name, caught string
	breakIt      *broken
}{
	{"private text leaks", "private text stays in the plugin", &broken{page: eachItem(func(i *calendar.Item) {
		if i.Sensitivity.Private() {
			i.Location = secret
		}
	})}},
	{"private text leaks from Get", "private text stays in the plugin", &broken{get: func(p sdk.GetPage) sdk.GetPage {
		for i := range p.Items {
			p.Items[i].Body = secret
		}
		return p
	}}},
	{"privacy is not told", "private text stays in the plugin", &broken{page: eachItem(func(i *calendar.Item) {
		i.Sensitivity = calendar.SensitivityNormal
	})}},
	{"detail is ignored", "no more detail than asked for", &broken{readReq: func(r sdk.ReadRequest) sdk.ReadRequest {
		r.Detail = sdk.DetailFull
		return r
	}}},
	{"texts are cut anywhere", "long text is cut between characters", &broken{page: eachItem(func(i *calendar.Item) {
		i.Body = fmt.Sprintf("%.100s\uFFFD", i.Body)
	})}},
	{"deletions are lost", "changes and deletions are found", &broken{page: func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		var kept []calendar.Change
		for _, c := range p.Changes {
			if c.Remove == "" {
				kept = append(kept, c)
			}
		}
		p.Changes = kept
		return p, true
	}}},
	{"deleted series are lost", "a deleted series is gone", &broken{page: func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		var kept []calendar.Change
		for _, c := range p.Changes {
			if c.ReplaceSeries == nil || len(c.ReplaceSeries.Items) > 0 {
				kept = append(kept, c)
			}
		}
		p.Changes = kept
		return p, true
	}}},
	{"every read tells everything", "a read without changes is empty", &broken{
		readReq: func(r sdk.ReadRequest) sdk.ReadRequest { r.Cursor = nil; return r },
		page: func() func(sdk.ReadPage) (sdk.ReadPage, bool) {
			var mu sync.Mutex
			seen := map[string]bool{}
			return func(p sdk.ReadPage) (sdk.ReadPage, bool) {
				mu.Lock()
				defer mu.Unlock()
				p.Complete.Full = !seen[p.Mailbox]
				seen[p.Mailbox] = true
				return p, true
			}
		}(),
	}},
	{"the window is closed at both ends", "windows are half-open", &broken{readReq: func(r sdk.ReadRequest) sdk.ReadRequest {
		r.Window = calendar.Window{Start: r.Window.Start.Add(-1), End: r.Window.End.Add(1)}
		return r
	}}},
	{"the cursor hides what slid in", "the window moves", &broken{readReq: func(r sdk.ReadRequest) sdk.ReadRequest {
		r.Window = window
		return r
	}}},
	{"occurrences are a fixed week apart", "occurrences of a series", &broken{page: eachItem(func(i *calendar.Item) {
		if i.SeriesID != "" && i.When.Start.After(time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC)) {
			i.When.Start, i.When.End = i.When.Start.Add(time.Hour), i.When.End.Add(time.Hour)
		}
	})}},
	{"whole days become instants", "whole days by date", &broken{page: eachItem(func(i *calendar.Item) {
		if i.When.AllDay {
			i.When.Start, i.When.End = i.When.Span(time.UTC)
			i.When.AllDay = false
		}
	})}},
	{"free is shown as busy", "free time is told from busy", &broken{page: eachItem(func(i *calendar.Item) {
		i.ShowAs = calendar.ShowAsBusy
	})}},
	{"an unknown cursor is believed", "an unknown cursor leads to a full read", &broken{page: func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		p.Complete.Full = false
		return p, true
	}}},
	{"one bad mailbox stops all", "a bad mailbox fails alone", &broken{failWhole: true}},
	{"no page ends a mailbox", "a new item is found", &broken{page: func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		p.Complete = nil
		return p, true
	}}},
	{"a page has both ends", "a new item is found", &broken{page: func(p sdk.ReadPage) (sdk.ReadPage, bool) {
		p.Err = sdk.ErrInternal
		return p, true
	}}},
	{"the receiver is not heard", "an error of the receiver ends the call", &broken{deaf: true}},
	{"missing ids are not told", "get tells what is missing", &broken{get: func(p sdk.GetPage) sdk.GetPage {
		p.Missing = nil
		return p
	}}},
	{"the trainer's items are read with ours", "only own items where only they are asked for", &broken{readReq: func(r sdk.ReadRequest) sdk.ReadRequest {
		r.Scope = sdk.ScopeAll
		return r
	}}},
	{"markers are lost", "created items are found by their marker", &broken{found: func(i *calendar.Item) {
		i.Marker = &calendar.Marker{Installation: "other", Key: "other", Generation: "other"}
	}}},
	{"a repeated create makes another item", "a repeated create makes no second item", &broken{op: func(o sdk.Operation) sdk.Operation {
		if o.MaybeDone {
			o.Marker.Generation += "-again"
		}
		return o
	}}},
	{"an empty body is not sent", "an update leaves the whole content", &broken{op: func(o sdk.Operation) sdk.Operation {
		if o.Kind == sdk.Update && o.Appointment.Body == "" {
			o.Appointment.Body = o.Base.Body
		}
		return o
	}}},
	{"versions are not compared", "an update of another version conflicts", &broken{op: func(o sdk.Operation) sdk.Operation {
		o.Version = ""
		return o
	}}},
	{"an update makes a lost item anew", "an update of an item that is gone says so", &broken{op: func(o sdk.Operation) sdk.Operation {
		if o.Kind == sdk.Update {
			o.Kind = sdk.Create
		}
		return o
	}}},
	{"deleting twice fails", "a delete of an item that is gone succeeds", &broken{result: func(o sdk.Operation, r sdk.WriteResult) sdk.WriteResult {
		if o.ID == "2" {
			r.Err = sdk.ErrItemNotFound
		}
		return r
	}}},
	{"hints are lost", "a change leads to a hint", &broken{event: func(e sdk.WatchEvent) (sdk.WatchEvent, bool) {
		return e, len(e.Dirty) == 0
	}}},
	{"hints name everybody", "a change leads to a hint", &broken{event: func(e sdk.WatchEvent) (sdk.WatchEvent, bool) {
		if len(e.Dirty) > 0 {
			e.Dirty = []string{"trainer1@memory.example", "trainer2@memory.example"}
		}
		return e, true
	}}},
	{"states are not used", "a stored state takes the watch up again", &broken{watchReq: func(m *sdk.WatchMailbox) { m.State = nil }}},
	{"a mailbox that fails is not told", "a mailbox that cannot be watched fails alone", &broken{event: func(e sdk.WatchEvent) (sdk.WatchEvent, bool) {
		return e, e.Failure == nil
	}}},
	{"an unknown state is believed", "an unknown state leads to a new watch", &broken{event: func(e sdk.WatchEvent) (sdk.WatchEvent, bool) {
		if e.State != nil {
			e.State = &sdk.WatchState{Mailbox: e.State.Mailbox, State: []byte("a state of another service")}
		}
		return e, true
	}}},
	{"the watch does not say how it ended", "two watches run side by side", &broken{endless: true}},
	{"the watch's receiver is not heard", "an error of the receiver ends the watch", &broken{deaf: true}},
	{"verify leaves its trial item", "verify passes and leaves nothing", &broken{litter: true}},
}

// brokenBackend opens accounts that are broken.
type brokenBackend struct {
	sdk.Backend
	breakIt *broken
}

func (b brokenBackend) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	account, err := b.Backend.Open(ctx, req)
	bent := *b.breakIt
	bent.Account = account
	return &bent, err
}

// fails runs the case on its own and reports whether it fails.
func fails(t *testing.T, c testCase, s Subject, breakIt *broken) bool {
	if breakIt != nil {
		whole := s.New
		s.New = func(t testing.TB) World {
			w := whole(t)
			w.Backend = brokenBackend{w.Backend, breakIt}
			return w
		}
	}
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := open(r, s, false)
		if breakIt != nil {
			w.patience = 300 * time.Millisecond
		}
		c.run(r, w)
	}()
	<-done
	return r.failed
}

func caseNamed(t *testing.T, name string) testCase {
	for _, c := range cases {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no case %q", name)
	return testCase{}
}

// recorder notes that a test failed in place of failing.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; runtime.Goexit() }
func (r *recorder) Fatal(...any)          { r.failed = true; runtime.Goexit() }
