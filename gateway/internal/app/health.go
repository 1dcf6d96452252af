package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// AccountStatus is what is known of one account.
type AccountStatus struct {
	// Name is "provider/service".
	Name          string
	MasterAccount string
	// Failing says what keeps the whole account from working.
	Failing *store.Failing
	// ByHand: it is not tried again by itself, so that nobody is locked out.
	ByHand bool
	// Paused is the provider's pause.
	Paused *store.Pause
	// Verified is when the account was last verified; zero for never. Checks are the
	// steps about the account itself.
	Verified time.Time
	Checks   []sdk.Check
	// Mappings are the verifications of its trainers, by label.
	Mappings []store.Verification
}

// Accounts returns every account of the configuration.
func (a *App) Accounts(ctx context.Context) ([]AccountStatus, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	return a.accounts(ctx, state)
}

func (a *App) accounts(ctx context.Context, state store.Store) ([]AccountStatus, error) {
	troubles, err := state.AccountTroubles(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what keeps accounts from working: %w", err)
	}
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	verified, err := state.Verifications(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was verified: %w", err)
	}
	var out []AccountStatus
	for _, p := range a.Config().Providers {
		for _, account := range p.Accounts {
			s := AccountStatus{Name: account.Name(), MasterAccount: account.MasterAccount}
			if f, troubled := troubles[s.Name]; troubled {
				s.Failing, s.ByHand = &f, f.Code == string(sdk.CodeCredentials)
			}
			if i := slices.IndexFunc(pauses, func(o store.Pause) bool { return o.Provider == p.Name && o.Label == "" }); i >= 0 {
				s.Paused = &pauses[i]
			}
			s.addVerified(verified, p)
			out = append(out, s)
		}
	}
	return out, nil
}

// addVerified adds the log of the account, and of those of its trainers that are
// configured still.
func (s *AccountStatus) addVerified(verified []store.Verification, p config.Provider) {
	for _, v := range verified {
		switch {
		case v.Account != s.Name:
		case v.Label == "":
			s.Verified, s.Checks = v.At, v.Checks
		case slices.ContainsFunc(p.Trainers, func(t config.Trainer) bool { return t.ID.Label == v.Label && t.Active() }):
			s.Mappings = append(s.Mappings, v)
		}
	}
}
