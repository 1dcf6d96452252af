// Package config reads the operator's HCL configuration into a [Config]: every
// mistake is reported at once, each with file, line, column and the source line.
//
// It promises that a Config it returns without errors is consistent: names resolve,
// mailboxes are unique, exclusion rules hold. What belongs to a plugin stays an
// undecoded body that the plugin's schema decodes later.
//
// Neighbours: app builds the gateway from a Config; pluginhost decodes the settings
// of accounts and gives the plugins' diagnostics their place in the files.
package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Config is a whole, checked configuration.
type Config struct {
	// Installation is in every marker the gateway leaves; it never changes.
	Installation string
	// Dir is the folder that relative paths start from.
	Dir       string
	State     State
	Sync      Sync
	Telemetry Telemetry
	API       API
	Plugins   []Plugin
	Providers []Provider
	// Exclusions are the rules in force, the standing ones included.
	Exclusions []Exclusion
	// Files are the parsed sources by name, for printing diagnostics.
	Files map[string]*hcl.File
	// Digest is another one when these files are, or those that file() reads.
	Digest string
	// EvalContext evaluates expressions in the plugins' bodies (functions only).
	EvalContext *hcl.EvalContext
}

// State says where the gateway remembers.
type State struct {
	// Path is the SQLite database file, absolute.
	Path string
}

// Sync is when the engine runs and what it looks at.
type Sync struct {
	// Engine: runs start by themselves.
	Engine       bool
	Interval     time.Duration
	Past, Future time.Duration
	Guard        Guard
}

// Guard limits what may be removed from the platform because calendars were read
// without it: removals beyond both limits wait for approval (hold-1).
type Guard struct {
	// MaxRemovals is a number of appointments, a series counting once; MaxFraction is
	// a part of the trainer's pulled ones, 0 to 1.
	MaxRemovals int
	MaxFraction float64
}

// Telemetry is the block of the same name.
type Telemetry struct {
	// TracesEndpoint and MetricsEndpoint are OTLP endpoints, empty for what the OTEL_
	// variables say.
	TracesEndpoint, MetricsEndpoint string
	// PrometheusListen is where serve answers Prometheus; empty for nowhere.
	PrometheusListen string
	// Sample is the share of the runs without changes whose traces are sent, 0 to 1.
	Sample float64
	// KeepRuns is how long runs and their traces are kept.
	KeepRuns time.Duration
	// MaxTracesBytes bounds the history of traces.
	MaxTracesBytes int64
}

// Plugin says how to start the plugin of a service.
type Plugin struct {
	Service string
	// Command is the program's path; empty for gateway-plugin-<service> beside the
	// gateway's own program.
	Command string
	// SHA256 pins the program's checksum, in hex; empty for none.
	SHA256 string
	// Env names further variables of the gateway's environment the plugin gets.
	Env   []string
	Range hcl.Range
}

// Provider is a training company.
type Provider struct {
	Name     string
	TimeZone *time.Location
	// Engine: runs of this provider start by themselves.
	Engine bool
	// Sync is that of the gateway after the provider's overrides.
	Sync Sync
	// Pilot: calendars are read, what would be done is planned and reported, and
	// nothing is written (pilot-1).
	Pilot bool
	// RemoveOnStop: what the gateway wrote goes when a mapping is switched off, narrowed
	// or taken out; otherwise it stays (map-2).
	RemoveOnStop bool
	Push         Push
	Pull         Pull
	Accounts     []Account
	Trainers     []Trainer
	Range        hcl.Range
}

// Push is how courses become appointments, after the provider's overrides.
type Push struct {
	// Templates make the texts of appointments (push-4).
	Templates platform.Templates
	// Split: each session of a course is an appointment of its own (push-2).
	Split bool
	// RepushOn lists the course fields that are triggers; nil for the default set. See
	// Triggers.
	RepushOn []string
	// CancelledShowAs is how a cancelled course's time is shown (push-5).
	CancelledShowAs calendar.ShowAs
}

// Triggers are the course fields whose change is pushed at once (push-7); nil for the
// default set. Where each session has an appointment, its times are among them (push-2).
func (p Push) Triggers() []string {
	if p.Split {
		return platform.SplitTriggers(p.RepushOn)
	}
	return p.RepushOn
}

// Pull is what is taken from calendars, after the provider's overrides.
type Pull struct {
	Detail sdk.Detail
	ShowAs []calendar.ShowAs
}

// Account is a provider's master account for a service.
type Account struct {
	Provider, Service string
	MasterAccount     string
	// Domains are those whose mailboxes the account serves: the master account's
	// own and the operator's list, in lower case.
	Domains []string
	// Settings is the undecoded settings block; nil when there is none.
	Settings hcl.Body
	// Range is the account block's place, SettingsRange that of its settings block.
	Range, SettingsRange hcl.Range
}

// Name is "provider/service".
func (a Account) Name() string { return a.Provider + "/" + a.Service }

// Direction is which ways a trainer's calendar is synchronised.
type Direction string

// The directions of a [Trainer].
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
	None Direction = "none"
)

// Trainer is a trainer mapping.
type Trainer struct {
	ID      platform.TrainerID
	Name    string
	Email   string
	Service string
	// Calendar and Direction as declared; see Active.
	Calendar  bool
	Direction Direction
	// TimeZone is the trainer's own, else the provider's.
	TimeZone *time.Location
	// Range is the place of the block, or of the row of a table.
	Range hcl.Range
	// EmailRange and ServiceRange are the places of those values; ServiceRange is
	// zero when the service is the provider's default.
	EmailRange, ServiceRange hcl.Range
}

// Active reports whether the mapping synchronises anything.
func (t Trainer) Active() bool {
	return t.Calendar && t.Direction != None && t.Service != ""
}

// Push and Pull report whether that way is on.
func (t Trainer) Push() bool { return t.Active() && t.Direction != In }

// Pull reports whether the calendar is read into the platform.
func (t Trainer) Pull() bool { return t.Active() && t.Direction != Out }

// Exclusion is a rule that lets at most one of its services be in use.
type Exclusion struct {
	Name     string
	Services []string
	// Gateway: the scope is the whole gateway, else each provider.
	Gateway bool
	// AllowUntil lets a migration pass until the day begins; nil for never.
	AllowUntil *calendar.Date
	// Range is the block's place; zero for a standing rule.
	Range hcl.Range
}
