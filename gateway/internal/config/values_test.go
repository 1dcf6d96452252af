package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const everyValue = `
installation = "northwind-sync"
state { url = "sqlite:///var/lib/gateway.db" }
sync {
  engine   = true
  interval = "5m"
  window {
    past   = "1d"
    future = "12h"
  }
  guard {
    max_removals = 20
    max_fraction = 0.25
  }
}
push {
  repush_on         = ["venue", "name"]
  cancelled_show_as = "tentative"
}
pull {
  detail  = "subject"
  show_as = ["busy"]
}
plugin "exchange-online" {
  command = "bin/plugin"
  sha256  = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
  env     = ["HTTPS_PROXY"]
}
telemetry {
  traces_endpoint = "http://127.0.0.1:4318"
  keep_runs       = "7d"
}
provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"
  engine   = false
  push { repush_on = "all" }
  pull { detail = "busy" }
  account "exchange-online" {
    master_account = "Calendar@Northwind.example"
    domains        = ["North.example"]
  }
  account "exchange-onprem" { master_account = "calendar@northwind.example" }
  trainer "ana" {
    name      = "Ana Ortiz"
    email     = "ana@north.example"
    calendar  = true
    direction = "both"
    timezone  = "Asia/Calcutta"
  }
  trainer "ben" {}
}
provider "other" { timezone = "Europe/Paris" }
`

// ignorePlaces: the places are the concern of the tests of mistakes.
var ignorePlaces = cmp.FilterValues(func(hcl.Range, hcl.Range) bool { return true }, cmp.Ignore())

var byZoneName = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestEveryValue(t *testing.T) {
	cfg, diags := loadText(t, everyValue)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	want := &Config{
		Installation: "northwind-sync", Dir: cfg.Dir,
		State:     State{Path: "/var/lib/gateway.db"},
		Sync:      Sync{Engine: true, Interval: 5 * time.Minute, Past: 24 * time.Hour, Future: 12 * time.Hour, Guard: Guard{MaxRemovals: 20, MaxFraction: 0.25}},
		Telemetry: Telemetry{TracesEndpoint: "http://127.0.0.1:4318", KeepRuns: 7 * 24 * time.Hour, Sample: 1, MaxTracesBytes: 512 << 20},
		Plugins: []Plugin{
			{
				Service: "exchange-online", Command: filepath.Join(cfg.Dir, "bin/plugin"), Env: []string{"HTTPS_PROXY"},
				SHA256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			},
			{Service: "exchange-onprem"},
		},
		Providers: []Provider{
			{
				Name: "northwind", TimeZone: zone(t, "Europe/London"), Sync: Sync{Interval: 5 * time.Minute, Past: 24 * time.Hour, Future: 12 * time.Hour, Guard: Guard{MaxRemovals: 20, MaxFraction: 0.25}},
				Push: Push{RepushOn: platform.CourseFields(), CancelledShowAs: calendar.ShowAsTentative},
				Pull: Pull{Detail: sdk.DetailBusy, ShowAs: []calendar.ShowAs{calendar.ShowAsBusy}},
				Accounts: []Account{
					{
						Provider: "northwind", Service: "exchange-online", MasterAccount: "Calendar@Northwind.example",
						Domains: []string{"northwind.example", "north.example"},
					},
					{
						Provider: "northwind", Service: "exchange-onprem", MasterAccount: "calendar@northwind.example",
						Domains: []string{"northwind.example"},
					},
				},
				Trainers: []Trainer{
					{
						ID: platform.TrainerID{Provider: "northwind", Label: "ana"}, Name: "Ana Ortiz", Email: "ana@north.example",
						Service: "exchange-online", Calendar: true, Direction: Both, TimeZone: zone(t, "Asia/Calcutta"),
					},
					{
						ID: platform.TrainerID{Provider: "northwind", Label: "ben"}, Service: "exchange-online",
						Direction: None, TimeZone: zone(t, "Europe/London"),
					},
				},
			},
			{
				Name: "other", TimeZone: zone(t, "Europe/Paris"), Engine: true, Sync: Sync{Engine: true, Interval: 5 * time.Minute, Past: 24 * time.Hour, Future: 12 * time.Hour, Guard: Guard{MaxRemovals: 20, MaxFraction: 0.25}},
				Push: Push{RepushOn: []string{"venue", "name"}, CancelledShowAs: calendar.ShowAsTentative},
				Pull: Pull{Detail: sdk.DetailSubject, ShowAs: []calendar.ShowAs{calendar.ShowAsBusy}},
			},
		},
		Exclusions: []Exclusion{
			{Name: "exchange-online-or-google", Services: []string{"exchange-online", "google-calendar"}},
			{Name: "exchange-onprem-or-google", Services: []string{"exchange-onprem", "google-calendar"}},
			{Name: "exchange-online-or-onprem", Services: []string{"exchange-online", "exchange-onprem"}},
		},
		Files: cfg.Files, EvalContext: cfg.EvalContext, Digest: cfg.Digest, // see TestDigest
	}
	ignoreParsed := cmp.FilterPath(func(p cmp.Path) bool {
		return strings.HasSuffix(p.String(), "Files") || strings.HasSuffix(p.String(), "EvalContext")
	}, cmp.Ignore())
	if diff := cmp.Diff(want, cfg, ignorePlaces, ignoreParsed, byZoneName); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	cfg, diags := loadText(t, "installation = \"x\"\nprovider \"a\" { timezone = \"Europe/London\" }\n")
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if got, want := cfg.State.Path, filepath.Join(cfg.Dir, "gateway.db"); got != want {
		t.Errorf("state at %s, want %s", got, want)
	}
	wantSync := Sync{Engine: true, Interval: 15 * time.Minute, Past: 7 * 24 * time.Hour, Future: 365 * 24 * time.Hour, Guard: Guard{MaxRemovals: 5, MaxFraction: 0.1}}
	if diff := cmp.Diff(wantSync, cfg.Sync); diff != "" {
		t.Errorf("eng-2, pull-7 (-want +got):\n%s", diff)
	}
	if got, want := cfg.Telemetry.KeepRuns, 30*24*time.Hour; got != want {
		t.Errorf("runs are kept for %s, want %s", got, want)
	}
	p := cfg.Providers[0]
	if p.Push.RepushOn != nil || p.Push.CancelledShowAs != calendar.ShowAsFree {
		t.Errorf("push-5, push-7: %+v", p.Push)
	}
	wantPull := Pull{Detail: sdk.DetailFull, ShowAs: []calendar.ShowAs{
		calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice,
		calendar.ShowAsWorkingElsewhere, calendar.ShowAsUnknown,
	}}
	if diff := cmp.Diff(wantPull, p.Pull); diff != "" {
		t.Errorf("pull-1, pull-8 (-want +got):\n%s", diff)
	}
}

// TestEngineSwitch (eng-1): off for the gateway is off for every provider.
func TestEngineSwitch(t *testing.T) {
	cfg, diags := loadText(t, `installation = "x"
sync { engine = false }
provider "a" {
  timezone = "Europe/London"
  engine   = true
}
`)
	if len(diags) > 0 || cfg.Sync.Engine || cfg.Providers[0].Engine {
		t.Errorf("the engine runs: %v", diags)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "0d": 0, "-1d": -24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: %s %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "1.5d", "7 d", "7d12h", "99999999999d", "x"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is read as %s, want an error", text, got)
		}
	}
}

func TestFunctions(t *testing.T) {
	cfg, diags := loadFiles(t, map[string]string{
		"conf/gateway.hcl": "installation = \"x\"\n",
		"conf/secret":      "hunter2\r\n", "conf/lines": "a\n\n", "conf/latin1": "\xe9",
	}, "conf/gateway.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	call := func(name string, args ...string) (string, error) {
		var values []cty.Value
		for _, a := range args {
			values = append(values, cty.StringVal(a))
		}
		v, err := cfg.EvalContext.Functions[name].Call(values)
		if err != nil {
			return "", err
		}
		return v.AsString(), nil
	}
	for _, c := range []struct {
		call []string
		want string
	}{
		{[]string{"env", "SET"}, "from the environment"},
		{[]string{"env", "EMPTY", "default"}, ""}, // set, if only to nothing
		{[]string{"env", "UNSET", "default"}, "default"},
		{[]string{"file", "secret"}, "hunter2"}, // one line break less
		{[]string{"file", "lines"}, "a\n"},
	} {
		if got, err := call(c.call[0], c.call[1:]...); err != nil || got != c.want {
			t.Errorf("%q: %q %v, want %q", c.call, got, err, c.want)
		}
	}
	for _, c := range [][]string{
		{"env", "UNSET"}, {"env", "UNSET", "a", "b"}, {"file", "nowhere"}, {"file", "."}, {"file", "latin1"}, {"file", "/dev/zero"},
	} {
		if got, err := call(c[0], c[1:]...); err == nil {
			t.Errorf("%q: %q, want an error", c, got)
		}
	}
}

// TestMapping holds map-1: a trainer's label is the platform's id; the calendar is off and
// the direction none unless the operator says otherwise.
func TestMapping(t *testing.T) {
	cfg, diags := loadText(t, `installation = "x"
provider "p" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "m@p.example" }
  trainer "t-4711" {}
  trainer "on" {
    email     = "on@p.example"
    calendar  = true
    direction = "in"
  }
  trainer "off" {
    email     = "off@p.example"
    direction = "both"
  }
}
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	type mapping struct {
		id         string
		calendar   bool
		direction  Direction
		push, pull bool
	}
	var got []mapping
	for _, tr := range cfg.Providers[0].Trainers {
		got = append(got, mapping{tr.ID.String(), tr.Calendar, tr.Direction, tr.Push(), tr.Pull()})
	}
	want := []mapping{{"p/t-4711", false, None, false, false}, {"p/on", true, In, false, true}, {"p/off", false, Both, false, false}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mapping{})); diff != "" {
		t.Error(diff)
	}
}
