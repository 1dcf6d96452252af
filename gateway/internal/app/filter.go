package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/sdk"
)

// Filter picks trainers; empty fields pick all.
type Filter struct {
	Provider string `json:"provider,omitempty"`
	Service  string `json:"service,omitempty"`
	// Trainers are labels, or "provider/label" where a label is not unique.
	Trainers []string `json:"trainers,omitempty"`
	// Automatic leaves out providers whose engine is off.
	Automatic bool `json:"automatic,omitempty"`
}

// ErrNothingToDo: no active mapping matches the filter.
var ErrNothingToDo = errors.New("no active trainer mapping matches")

// Pick returns the active trainers that the filter names, by provider and label. A
// name that matches no trainer is an error, and so is one that matches several.
func (f Filter) Pick(cfg *config.Config) ([]config.Trainer, error) {
	if err := f.check(cfg); err != nil {
		return nil, err
	}
	var picked []config.Trainer
	for _, p := range cfg.Providers {
		if f.Automatic && !p.Engine {
			continue
		}
		for _, t := range p.Trainers {
			if t.Active() && f.matches(t) {
				picked = append(picked, t)
			}
		}
	}
	if len(picked) == 0 && !f.Automatic {
		return nil, fmt.Errorf("%w: check calendar and direction of the trainers meant", ErrNothingToDo)
	}
	return picked, nil
}

func (f Filter) matches(t config.Trainer) bool {
	return (f.Provider == "" || f.Provider == t.ID.Provider) &&
		(f.Service == "" || f.Service == t.Service) &&
		(len(f.Trainers) == 0 || slices.Contains(f.Trainers, t.ID.Label) || slices.Contains(f.Trainers, t.ID.String()))
}

// check refuses names that the configuration does not know.
func (f Filter) check(cfg *config.Config) error {
	providers, services, trainers := names(cfg)
	if f.Provider != "" && !slices.Contains(providers, f.Provider) {
		return fmt.Errorf("no provider %q in the configuration.%s", f.Provider, config.Suggest(f.Provider, providers))
	}
	if f.Service != "" && !slices.Contains(services, f.Service) {
		return fmt.Errorf("no account of a service %q in the configuration.%s", f.Service, config.Suggest(f.Service, services))
	}
	for _, name := range f.Trainers {
		if err := f.checkTrainer(name, trainers); err != nil {
			return err
		}
	}
	return nil
}

// checkTrainer refuses a name that means no trainer of the provider, or several.
func (f Filter) checkTrainer(name string, trainers []platform.TrainerID) error {
	return checkNamed(name, slices.DeleteFunc(slices.Clone(trainers), func(t platform.TrainerID) bool {
		return f.Provider != "" && f.Provider != t.Provider
	}), "the configuration")
}

// checkNamed refuses a name that means none of the trainers, or several; where says where
// they are from.
func checkNamed(name string, trainers []platform.TrainerID, where string) error {
	var found, known []string
	for _, t := range trainers {
		known = append(known, t.Label, t.String())
		if name == t.Label || name == t.String() {
			found = append(found, t.String())
		}
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("no trainer %q in %s.%s", name, where, config.Suggest(name, known))
	case 1:
		return nil
	}
	return fmt.Errorf("trainer %q could be %s: name one with its provider", name, strings.Join(found, " or "))
}

// names are the names a filter may use.
func names(cfg *config.Config) (providers, services []string, trainers []platform.TrainerID) {
	for _, p := range cfg.Providers {
		providers = append(providers, p.Name)
		for _, a := range p.Accounts {
			services = append(services, a.Service)
		}
		for _, t := range p.Trainers {
			trainers = append(trainers, t.ID)
		}
	}
	return providers, services, trainers
}

// jobOf groups trainers into batches of one account each.
func jobOf(cfg *config.Config, cause string, trainers []config.Trainer) runner.Job {
	providers := providersOf(cfg)
	job := runner.Job{Cause: cause}
	open := map[string]int{} // account → index of its batch that has room
	for _, t := range trainers {
		account := t.ID.Provider + "/" + t.Service
		i, ok := open[account]
		if !ok || len(job.Batches[i].Targets) == sdk.MaxMailboxes {
			i = len(job.Batches)
			open[account] = i
			job.Batches = append(job.Batches, runner.Batch{Account: account})
		}
		job.Batches[i].Targets = append(job.Batches[i].Targets, targetOf(providers[t.ID.Provider], t))
	}
	return job
}

// providersOf are the providers by name.
func providersOf(cfg *config.Config) map[string]config.Provider {
	byName := make(map[string]config.Provider, len(cfg.Providers))
	for _, p := range cfg.Providers {
		byName[p.Name] = p
	}
	return byName
}

func targetOf(p config.Provider, t config.Trainer) runner.Target {
	return runner.Target{
		ID:      t.ID,
		Mailbox: mailboxOf(t),
		Zone:    t.TimeZone,
		Push:    t.Push(), Pull: t.Pull(),
		Detail: p.Pull.Detail, ShowAs: p.Pull.ShowAs,
		Render: renderOptions(p, t), Split: p.Push.Split, Pilot: p.Pilot,
		Stopped: reconcile.Stopped{RemovePushed: p.RemoveOnStop && !t.Push(), RemovePulled: p.RemoveOnStop && !t.Pull()},
		Limits: &runner.Limits{
			Past: p.Sync.Past, Future: p.Sync.Future,
			Guard: &reconcile.Guard{MaxRemovals: p.Sync.Guard.MaxRemovals, MaxFraction: p.Sync.Guard.MaxFraction},
		},
	}
}

// renderOptions is what the configuration says about the trainer's appointments.
func renderOptions(p config.Provider, t config.Trainer) platform.RenderOptions {
	return platform.RenderOptions{
		CancelledShowAs: p.Push.CancelledShowAs, Templates: p.Push.Templates,
		Trainer:  platform.Person{Name: t.Name, Email: t.Email, TimeZone: t.TimeZone.String()},
		Provider: platform.Company{Name: p.Name, TimeZone: p.TimeZone.String()},
	}
}
