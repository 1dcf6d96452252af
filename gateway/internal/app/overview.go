package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/gateway/internal/tlsfiles"
)

// Overview is what is known of the gateway as a whole at one moment. [Overview.Needs] says
// whether that is well.
type Overview struct {
	Now time.Time
	// Serving is the running serve; nil for none. Outdated: its configuration is not the
	// one of the files.
	Serving  *Serving
	Outdated bool
	// Expected: with this configuration a serve is to run. Busy: another process has the
	// state.
	Expected, Busy bool
	Accounts       []AccountStatus
	// Mappings are the active ones, in the configuration's order.
	Mappings []Mapping
	Webhooks []WebhookStatus
	Queue    Queue
	// Feed is the newest position of the feed.
	Feed int64
	// Disk is that of the state; nil where the system does not tell.
	Disk *Disk
	// Certificate is that of the API; nil without TLS.
	Certificate *Certificate
	Upkeep      Upkeep
}

// Mapping is where an active mapping stands.
type Mapping struct {
	Trainer platform.TrainerID
	// Account is "provider/service".
	Account string
	Health  Health
	store.Standing
	// Watch is nil where the calendar is not to be watched.
	Watch *Watch
}

// Watch says whether a calendar is watched (pull-9). One that is not is read at the
// interval, and changes in it are seen later.
type Watch struct {
	Watched bool
	// Reason says why not, with its stable Code, where there is one, and Since when.
	Reason, Code string
	Since        time.Time
}

// Queue is who waits to be worked on.
type Queue struct {
	// Waiting counts trainers that are due, Since is when the first of them became so.
	Waiting int
	Since   time.Time
}

// Disk is that of the state.
type Disk struct {
	// Path is the state's file.
	Path string
	sqlite.Disk
}

// Certificate is what the API answers with over TLS.
type Certificate struct {
	// File is the certificate's; Ends is when the one in use ends.
	File string    `json:"file"`
	Ends time.Time `json:"ends"`
	// Problem says why the files as they are now cannot be used: a running serve goes on
	// with the certificate that it has.
	Problem string `json:"problem,omitempty"`
}

// Overview looks at everything, with and without a running serve.
func (a *App) Overview(ctx context.Context) (Overview, error) {
	state, err := a.read(ctx)
	if err != nil {
		return Overview{}, err
	}
	serving := a.Serving(ctx)
	o, err := a.overview(ctx, state, serving)
	if err != nil {
		return o, err
	}
	if serving != nil {
		o.Outdated = a.Outdated(*serving)
		o.Certificate = serving.Certificate
	} else {
		o.Certificate = certificateOf(a.Config().API)
		o.Busy, _ = sqlite.Owned(a.Config().State.Path) // it is said of who is in the way alone
	}
	return o, nil
}

// overview is what the state and its disk tell.
func (a *App) overview(ctx context.Context, state store.Store, serving *Serving) (o Overview, err error) {
	cfg := a.Config()
	o = Overview{
		Now: a.opts.Now(), Serving: serving, Expected: startsRuns(cfg) || cfg.API.Listen != "",
		Upkeep: a.paths.upkeepNote(), Disk: diskOf(cfg.State.Path),
	}
	if o.Accounts, err = a.accounts(ctx, state); err != nil {
		return o, err
	}
	if o.Mappings, err = a.mappings(ctx, state, serving); err != nil {
		return o, err
	}
	if o.Webhooks, err = a.webhooks(ctx, state); err != nil {
		return o, err
	}
	if o.Queue.Waiting, o.Queue.Since, err = state.Waiting(ctx, o.Now); err != nil {
		return o, fmt.Errorf("read who waits: %w", err)
	}
	if o.Feed, err = state.FeedPosition(ctx); err != nil {
		return o, fmt.Errorf("read how far the feed is: %w", err)
	}
	return o, nil
}

func diskOf(path string) *Disk {
	d, err := sqlite.DiskOf(path)
	if err != nil {
		return nil
	}
	return &Disk{path, d}
}

// mappings are where the active trainers stand.
func (a *App) mappings(ctx context.Context, state store.Store, serving *Serving) ([]Mapping, error) {
	standings, err := state.Standings(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	watches, err := a.watches(ctx, state, serving)
	if err != nil {
		return nil, err
	}
	var out []Mapping
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			if !t.Active() {
				continue
			}
			m := Mapping{Trainer: t.ID, Account: p.Name + "/" + t.Service, Standing: standings[t.ID], Watch: watches[t.ID]}
			if m.Health = a.healthOf(t, m.Standing); pauseOf(pauses, t) != nil {
				m.Health = Paused
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// watches says of every calendar that is to be watched whether it is.
func (a *App) watches(ctx context.Context, state store.Store, serving *Serving) (map[platform.TrainerID]*Watch, error) {
	wanted, err := watched(ctx, a.Config(), state)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	stored, err := state.Watches(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read what is watched: %w", err)
	}
	known := map[platform.TrainerID]store.Watch{}
	for _, w := range stored {
		known[w.Trainer] = w
	}
	out := map[platform.TrainerID]*Watch{}
	for _, account := range wanted {
		for _, box := range account.Boxes {
			w, there := known[box.Trainer]
			there = there && w.Account == account.Name && w.Address == box.Mailbox.Address
			out[box.Trainer] = watchOf(w, there, serving != nil)
		}
	}
	return out, nil
}

func watchOf(w store.Watch, known, serving bool) *Watch {
	switch {
	case !serving:
		return &Watch{Reason: "gateway serve is not running"}
	case !known:
		return &Watch{Reason: "the watch has not begun yet"}
	case w.Failing != nil:
		return &Watch{Reason: w.Failing.Message, Code: w.Failing.Code, Since: w.Failing.Since}
	}
	return &Watch{Watched: true}
}

// certificateNow is what the running serve answers with; nil without TLS.
func (a *App) certificateNow() *Certificate {
	c := a.certificate.Load()
	if c == nil {
		return nil
	}
	return certificateIn(a.Config().API.CertFile, c)
}

// certificateOf is what the files hold, where nobody serves them.
func certificateOf(api config.API) *Certificate {
	if api.CertFile == "" {
		return nil
	}
	c, err := tlsfiles.Load(api.CertFile, api.KeyFile, func(error) {})
	if err != nil {
		return &Certificate{File: api.CertFile, Problem: err.Error()}
	}
	return certificateIn(api.CertFile, c)
}

func certificateIn(file string, c *tlsfiles.Certificate) *Certificate {
	state := c.State()
	out := &Certificate{File: file, Ends: state.Ends.UTC()}
	if state.Problem != nil {
		out.Problem = state.Problem.Error()
	}
	return out
}

// Of is the part of the overview that those may see who are for these providers alone. Of
// the machine, which they share with others, they see nothing unless these are all.
func (o Overview) Of(cfg *config.Config, providers []string) Overview {
	if !covers(providers, nil, cfg) {
		o.Disk, o.Certificate = nil, nil
	}
	foreign := func(account string) bool {
		provider, _, _ := strings.Cut(account, "/")
		return !slices.Contains(providers, provider)
	}
	o.Accounts = slices.DeleteFunc(slices.Clone(o.Accounts), func(a AccountStatus) bool { return foreign(a.Name) })
	o.Mappings = slices.DeleteFunc(slices.Clone(o.Mappings), func(m Mapping) bool { return foreign(m.Account) })
	o.Webhooks = slices.DeleteFunc(slices.Clone(o.Webhooks), func(w WebhookStatus) bool {
		i := slices.IndexFunc(cfg.API.Webhooks, func(c config.Webhook) bool { return c.Name == w.Name })
		return i < 0 || !covers(providers, cfg.API.Webhooks[i].Providers, cfg)
	})
	return o
}

// covers reports whether those who may see some providers may see everything that a
// webhook is told of; a webhook without a list is told of all.
func covers(mine, its []string, cfg *config.Config) bool {
	if its == nil {
		for _, p := range cfg.Providers {
			its = append(its, p.Name)
		}
	}
	return !slices.ContainsFunc(its, func(p string) bool { return !slices.Contains(mine, p) })
}
