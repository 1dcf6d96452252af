package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
)

// twoProviders is a configuration with two providers, one account and three trainers
// each; "ana" is in both, "off" has no active mapping, the second's engine is off.
func twoProviders() *config.Config {
	cfg := &config.Config{Sync: config.Sync{Engine: true, Interval: 15 * time.Minute}}
	for _, p := range []struct {
		name, service, second string
		engine                bool
	}{{"northwind", "exchange-online", "ben", true}, {"contoso", "exchange-onprem", "cleo", false}} {
		provider := config.Provider{
			Name: p.name, TimeZone: time.UTC, Engine: p.engine,
			Accounts: []config.Account{{Provider: p.name, Service: p.service, MasterAccount: "m@" + p.name + ".example"}},
		}
		for _, label := range []string{"ana", p.second, "off"} {
			provider.Trainers = append(provider.Trainers, config.Trainer{
				ID: platform.TrainerID{Provider: p.name, Label: label}, Email: label + "@" + p.name + ".example",
				Service: p.service, Calendar: label != "off", Direction: config.Both, TimeZone: time.UTC,
			})
		}
		cfg.Providers = append(cfg.Providers, provider)
	}
	return cfg
}

func TestFilter(t *testing.T) {
	for name, test := range map[string]struct {
		filter Filter
		want   []string
		err    string
	}{
		"everybody":          {Filter{}, []string{"northwind/ana", "northwind/ben", "contoso/ana", "contoso/cleo"}, ""},
		"a provider":         {Filter{Provider: "contoso"}, []string{"contoso/ana", "contoso/cleo"}, ""},
		"a service":          {Filter{Service: "exchange-online"}, []string{"northwind/ana", "northwind/ben"}, ""},
		"a label":            {Filter{Trainers: []string{"ben"}}, []string{"northwind/ben"}, ""},
		"a full name":        {Filter{Trainers: []string{"contoso/ana"}}, []string{"contoso/ana"}, ""},
		"a provider's label": {Filter{Provider: "contoso", Trainers: []string{"ana"}}, []string{"contoso/ana"}, ""},
		"by itself (eng-1)":  {Filter{Automatic: true}, []string{"northwind/ana", "northwind/ben"}, ""},
		"ambiguous label":    {Filter{Trainers: []string{"ana"}}, nil, `trainer "ana" could be northwind/ana or contoso/ana`},
		"mistyped trainer":   {Filter{Trainers: []string{"cloe"}}, nil, `no trainer "cloe" in the configuration. Did you mean "cleo"?`},
		"mistyped provider":  {Filter{Provider: "nortwind"}, nil, `Did you mean "northwind"?`},
		"mistyped service":   {Filter{Service: "exchange-onlin"}, nil, `Did you mean "exchange-online"?`},
		"switched off":       {Filter{Provider: "contoso", Trainers: []string{"off"}}, nil, ErrNothingToDo.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			trainers, err := test.filter.Pick(twoProviders())
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v, want %q", err, test.err)
			}
			var got []string
			for _, trainer := range trainers {
				got = append(got, trainer.ID.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A job has no batch of more trainers than a call may name, and no batch of two
// accounts.
func TestJobOf(t *testing.T) {
	cfg := twoProviders()
	var many []config.Trainer
	for range sdk.MaxMailboxes + 1 {
		many = append(many, cfg.Providers[0].Trainers[0])
	}
	many = append(many, cfg.Providers[1].Trainers[0])
	type batch struct {
		Account string
		Size    int
	}
	var got []batch
	for _, b := range jobOf(cfg, CauseSync, many).Batches {
		got = append(got, batch{b.Account, len(b.Targets)})
	}
	want := []batch{{"northwind/exchange-online", sdk.MaxMailboxes}, {"northwind/exchange-online", 1}, {"contoso/exchange-onprem", 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An account without trainers is verified too, unless trainers were named.
func TestAccountsToVerify(t *testing.T) {
	cfg := twoProviders()
	cfg.Providers[0].Trainers = nil
	for name, test := range map[string]struct {
		filter Filter
		want   map[string]int
	}{
		"everything":  {Filter{}, map[string]int{"northwind/exchange-online": 0, "contoso/exchange-onprem": 2}},
		"a provider":  {Filter{Provider: "northwind"}, map[string]int{"northwind/exchange-online": 0}},
		"one trainer": {Filter{Trainers: []string{"cleo"}}, map[string]int{"contoso/exchange-onprem": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			accounts, err := test.filter.accounts(cfg)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, a := range accounts {
				got[a.name] = len(a.trainers)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := (Filter{Trainers: []string{"contoso/off"}}).accounts(cfg); !errors.Is(err, ErrNothingToDo) {
		t.Errorf("a trainer that is off: %v", err)
	}
}

// A run goes by one configuration, also for trainers who were picked from the one before
// a reload (L4).
func TestTrainersAsInTheRunsConfiguration(t *testing.T) {
	before, after := twoProviders(), twoProviders()
	after.Providers[0].Trainers[0].Email = "elsewhere@northwind.example"
	gone := before.Providers[1].Trainers[0]
	after.Providers[1].Trainers = after.Providers[1].Trainers[1:]
	got := asIn(after, []config.Trainer{before.Providers[0].Trainers[0], gone})
	if got[0].Email != "elsewhere@northwind.example" || got[1].ID != gone.ID || got[1].Email != gone.Email {
		t.Errorf("as in the configuration: %+v", got)
	}
}
