package contract_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

var four = contract.Batch{AtOnce: 4, Stops: contract.StopsAccount}

// A6, auth-4: one mailbox's error is reported for it, and the others' work goes on; the
// account's and unknown ones end the call, in the contract's terms.
func TestEach(t *testing.T) {
	mailbox := sdk.CodeAccessDenied.New("denied")
	account := sdk.CodeCredentials.New("refused")
	for name, c := range map[string]struct {
		broken error
		// reported: the error is the mailbox's; else it ends the call as want.
		reported bool
		want     error
	}{
		"a mailbox's":             {mailbox, true, nil},
		"a mailbox's, wrapped":    {fmt.Errorf("read: %w", mailbox), true, nil},
		"the account's":           {account, false, sdk.ErrCredentials},
		"an unreachable server":   {sdk.CodeUnavailable.Wrap(&transport.Error{Kind: transport.Resolve, Host: "x"}, "no name"), false, sdk.ErrUnavailable},
		"one that is not known":   {errors.New("bug"), false, sdk.ErrInternal},
		"a server that is silent": {sdk.CodeUnavailable.Wrap(&transport.Error{Kind: transport.Timeout, Host: "x"}, "late"), true, nil},
	} {
		var mu sync.Mutex
		var reported []int
		worked := 0
		err := contract.Each(t.Context(), four, []int{1, 2, 3, 4, 5, 6, 7, 8}, func(_ context.Context, n int) error {
			mu.Lock()
			defer mu.Unlock()
			worked++
			if n == 3 {
				return c.broken
			}
			return nil
		}, func(n int, _ *sdk.Error) error {
			mu.Lock()
			defer mu.Unlock()
			reported = append(reported, n)
			return nil
		})
		if c.reported != slices.Equal(reported, []int{3}) || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, reported for %v", name, err, reported)
		}
		if c.reported && (worked != 8 || err != nil) {
			t.Errorf("%s: %d of 8 done, %v", name, worked, err)
		}
	}
}

// An error of the receiver's ends the call and is returned as it was, also one that looks
// like a mailbox's, and also when the call is being ended.
func TestReceiver(t *testing.T) {
	for name, cause := range map[string]error{"plain": errors.New("gone"), "of the contract": sdk.CodeAccessDenied.New("denied")} {
		ctx, cancel := context.WithCancel(t.Context())
		emit := contract.Guard(func(int) error { return cause })
		err := contract.Each(ctx, four, []int{1}, func(context.Context, int) error {
			defer cancel()
			return emit(1)
		}, func(int, *sdk.Error) error {
			t.Errorf("%s: reported for a mailbox", name)
			return nil
		})
		if !errors.Is(err, cause) || errors.Unwrap(err) != errors.Unwrap(cause) {
			t.Errorf("%s: %v, want the receiver's own", name, err)
		}
	}
}

// What a call ends with.
func TestFinal(t *testing.T) {
	known := sdk.CodeThrottled.New("wait")
	ended, end := context.WithCancel(t.Context())
	end()
	inside, stop := context.WithCancelCause(t.Context())
	stop(known)
	for name, c := range map[string]struct {
		ctx       context.Context
		err, want error
	}{
		"well":                            {t.Context(), nil, nil},
		"an error of the contract":        {t.Context(), fmt.Errorf("read: %w", known), sdk.ErrThrottled},
		"any other":                       {t.Context(), errors.New("bug"), sdk.ErrInternal},
		"ended from outside":              {ended, context.Canceled, sdk.ErrUnavailable},
		"ended, and its requests failed":  {ended, sdk.CodeCredentials.New("cut off"), sdk.ErrUnavailable},
		"cancelled inside, with a reason": {inside, context.Canceled, sdk.ErrThrottled},
		"well, though it was ended":       {ended, nil, nil},
	} {
		if got := contract.Final(c.ctx, c.err); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Refusals name the attribute and what to do; none are no error.
func TestRefusals(t *testing.T) {
	var r contract.Refusals
	if err := r.Err(); err != nil {
		t.Errorf("nothing refused: %v", err)
	}
	r.Add("url", "url is missing", "Set it.")
	var refused *sdk.SettingsError
	if !errors.As(r.Err(), &refused) || len(refused.Diagnostics) != 1 || refused.Diagnostics[0].Path[0] != "url" || refused.Diagnostics[0].Detail != "Set it." {
		t.Errorf("%+v", refused)
	}
	if !errors.As(contract.Undecodable(), &refused) {
		t.Error("settings that cannot be read are no SettingsError")
	}
}
