package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/schema"
)

// readOne reads one mailbox through the host's account.
func readOne(t *testing.T, h *Host, account string) error {
	t.Helper()
	a, err := h.Account(t.Context(), account)
	if err != nil {
		return err
	}
	return read(t, a, 1)
}

func read(t *testing.T, a sdk.Account, mailboxes int) error {
	t.Helper()
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var reqs []sdk.ReadRequest
	for i := range mailboxes {
		reqs = append(reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: fmt.Sprintf("t%d@a.example", i), TimeZone: "Europe/London"},
			Window:  calendar.Window{Start: begin, End: begin.AddDate(1, 0, 0)},
			Detail:  sdk.DetailFull, Scope: sdk.ScopeAll,
		})
	}
	return a.Read(t.Context(), reqs, func(sdk.ReadPage) error { return nil })
}

// TestAccountIsOpenedOnce, with its settings decoded, and kept.
func TestAccountIsOpenedOnce(t *testing.T) {
	w := &world{}
	h := newHost(t, w, twoAccounts)
	for range 3 {
		if err := readOne(t, h, "a/caldav"); err != nil {
			t.Fatal(err)
		}
	}
	if _, accounts, calls := w.count(); accounts != 1 || calls != 3 {
		t.Errorf("%d accounts, %d calls, want 1 and 3", accounts, calls)
	}
	if got, want := w.accounts[0].settings, `{"password":"from A","url":"https://a.example"}`; got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
	if _, err := h.Account(t.Context(), "c/caldav"); !errors.Is(err, sdk.ErrInvalidSettings) {
		t.Errorf("an account that is not configured: %v", err)
	}
}

// TestAccountsDoNotWaitForEachOther: one that hangs while it is opened holds up no other.
func TestAccountsDoNotWaitForEachOther(t *testing.T) {
	cfg := load(t, twoAccounts)
	synctest.Test(t, func(t *testing.T) {
		w := &world{onOpen: func(ctx context.Context, a *fakeAccount) error {
			if a.name == "a/caldav" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		h := New(Options{Setup: Setup{Launch: w.launch, Accounts: specs(cfg), Eval: cfg.EvalContext}})
		defer h.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() { _, _ = h.Account(ctx, "a/caldav") }()
		synctest.Wait()
		if err := readOne(t, h, "b/caldav"); err != nil {
			t.Error(err)
		}
		impatient, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := h.Account(impatient, "a/caldav"); !errors.Is(err, sdk.ErrUnavailable) {
			t.Errorf("waiting for the same account: %v, want ErrUnavailable", err)
		}
	})
}

// TestAccountIsOpenedAgain, in a new process or in the same one, by what went wrong.
func TestAccountIsOpenedAgain(t *testing.T) {
	for _, c := range []struct {
		name                string
		err                 error
		processes, accounts int
	}{
		{"handle is lost", sdk.ErrUnknownAccount, 1, 2},
		{"process died or hangs", sdk.ErrPluginDied, 2, 2},
		{"anything else", sdk.ErrUnavailable, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			failing := true
			w := &world{onCall: func(context.Context, *fakeAccount) (*sdk.Error, error) {
				if failing {
					return nil, c.err
				}
				return nil, nil
			}}
			h := newHost(t, w, twoAccounts)
			if err := readOne(t, h, "a/caldav"); !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			failing = false
			if err := readOne(t, h, "a/caldav"); err != nil {
				t.Fatal(err)
			}
			if p, a, _ := w.count(); p != c.processes || a != c.accounts {
				t.Errorf("%d processes and %d accounts, want %d and %d", p, a, c.processes, c.accounts)
			}
		})
	}
}

// TestRefusedCredentials: however a refusal is told, it ends the call and the
// account, and no other; until an operator's verify passes.
func TestRefusedCredentials(t *testing.T) {
	mailbox := sdk.Mailbox{Address: "ana@a.example"}
	for name, call := range map[string]func(a sdk.Account) error{
		"read": func(a sdk.Account) error { return read(t, a, 3) },
		"get": func(a sdk.Account) error {
			return a.Get(t.Context(), []sdk.GetRequest{{Mailbox: mailbox}}, func(sdk.GetPage) error { return nil })
		},
		"write": func(a sdk.Account) error {
			return a.Write(t.Context(), []sdk.WriteRequest{{Mailbox: mailbox}}, func(sdk.WriteResult) error { return nil })
		},
		"find": func(a sdk.Account) error {
			return a.Find(t.Context(), []sdk.FindRequest{{Mailbox: mailbox}}, func(sdk.FindPage) error { return nil })
		},
	} {
		for _, level := range []string{"call", "mailbox"} {
			t.Run(name+" "+level, func(t *testing.T) {
				wrong := sdk.CodeCredentials.New("401")
				w := &world{onCall: func(_ context.Context, a *fakeAccount) (*sdk.Error, error) {
					switch {
					case wrong == nil || a.name != "a/caldav":
						return nil, nil
					case level == "call":
						return nil, wrong
					}
					return wrong, nil
				}}
				h := newHost(t, w, twoAccounts)
				held, err := h.Account(t.Context(), "a/caldav")
				if err != nil {
					t.Fatal(err)
				}
				if err := call(held); !errors.Is(err, sdk.ErrCredentials) {
					t.Fatalf("the call that was refused: %v", err)
				}
				if err := call(held); !errors.Is(err, sdk.ErrCredentials) {
					t.Errorf("a further call: %v", err)
				}
				if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
					t.Errorf("the account again: %v", err)
				}
				if _, _, calls := w.count(); calls != 1 {
					t.Errorf("the credentials were tried %d times, want 1", calls)
				}
				if err := readOne(t, h, "b/caldav"); err != nil {
					t.Errorf("another account: %v", err)
				}
				verifyTwice(t, h, &wrong)
			})
		}
	}
}

// verifyTwice verifies with wrong credentials, mends them, and verifies again.
func verifyTwice(t *testing.T, h *Host, wrong **sdk.Error) {
	t.Helper()
	verify := func() error {
		a, err := h.Verified(t.Context(), "a/caldav")
		if err != nil {
			t.Fatal(err)
		}
		return a.Verify(t.Context(), nil, func(sdk.Check) error { return nil })
	}
	_ = verify() // the outcome is in the checks, or the error
	if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("after a verify that failed: %v", err)
	}
	*wrong = nil
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Errorf("after a verify that passed: %v", err)
	}
}

// TestRefusalOutlivesTheProcess: a plugin that is started again does not try the
// same password again.
func TestRefusalOutlivesTheProcess(t *testing.T) {
	w := &world{onCall: func(context.Context, *fakeAccount) (*sdk.Error, error) { return nil, sdk.ErrCredentials }}
	h := newHost(t, w, twoAccounts)
	if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Fatal(err)
	}
	w.process().Kill()
	if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Error(err)
	}
	if _, _, calls := w.count(); calls != 1 {
		t.Errorf("the credentials were tried %d times, want 1", calls)
	}
}

// TestRefusedWhileOpening: a plugin that signs in when it opens an account tries a
// wrong password once, too, until an operator's verify.
func TestRefusedWhileOpening(t *testing.T) {
	tries, wrong := 0, error(sdk.CodeCredentials.New("401"))
	w := &world{onOpen: func(context.Context, *fakeAccount) error { tries++; return wrong }}
	h := newHost(t, w, twoAccounts)
	for range 3 {
		if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
			t.Fatal(err)
		}
	}
	w.process().Kill()
	if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Fatal(err)
	}
	if tries != 1 {
		t.Errorf("the credentials were tried %d times, want 1", tries)
	}
	if _, err := h.Verified(t.Context(), "a/caldav"); !errors.Is(err, sdk.ErrCredentials) || tries != 2 {
		t.Errorf("a verify: %v after %d tries, want ErrCredentials after 2", err, tries)
	}
	wrong = nil
	a, err := h.Verified(t.Context(), "a/caldav")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(t.Context(), nil, func(sdk.Check) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Errorf("after a verify that passed: %v", err)
	}
}

// TestIdentity changes with the server, not with a secret or what tunes (map-7).
func TestIdentity(t *testing.T) {
	base := Spec{Name: "a/caldav", Service: "caldav", MasterAccount: "c@a.example"}
	s := fakeDescription.Settings
	before := identity(base, s, []byte(`{"url":"https://a","password":"one"}`))
	if got := identity(base, s, []byte(`{"password":"two","url":"https://a"}`)); got != before {
		t.Error("a rotated secret changes the identity")
	}
	if got := identity(base, s, []byte(`{"url":"https://b","password":"one"}`)); got == before {
		t.Error("another server does not change the identity")
	}
	tuned := schema.Schema{Attributes: append(slices.Clone(s.Attributes), schema.Attribute{Name: "at_once", Type: schema.Int, Tuning: true})}
	if got := identity(base, tuned, []byte(`{"url":"https://a","password":"one","at_once":7}`)); got != before {
		t.Error("a tuning setting changes the identity")
	}
}
