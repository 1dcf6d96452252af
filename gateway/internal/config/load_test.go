package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

// now is the day on which the tests' configurations are read.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var testEnv = map[string]string{"SET": "from the environment", "EMPTY": ""}

func testOptions() Options {
	return Options{
		Now:       func() time.Time { return now },
		LookupEnv: func(name string) (string, bool) { v, ok := testEnv[name]; return v, ok },
	}
}

// loadText loads a configuration that is in no file.
func loadText(t *testing.T, text string) (*Config, hcl.Diagnostics) {
	t.Helper()
	d := newDecoder(testOptions())
	d.cfg.Dir, d.shown = t.TempDir(), "."
	return d.load([]source{{"gateway.hcl", []byte(text)}})
}

// loadFiles loads a folder that holds the named files.
func loadFiles(t *testing.T, files map[string]string, path string) (*Config, hcl.Diagnostics) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(path, testOptions())
}

// lines writes diagnostics as "line:column severity: summary", in their order; with
// the file where that is not gateway.hcl.
func lines(diags hcl.Diagnostics) []string {
	var out []string
	for _, d := range Explain(diags, nil) {
		place := "nowhere"
		if d.Place != nil {
			place = strings.TrimPrefix(d.Place.String(), "gateway.hcl:")
		}
		out = append(out, fmt.Sprintf("%s %s: %s", place, d.Severity, d.Summary))
	}
	return out
}

type mistakeCase struct {
	name, text string
	want       []string
	// detail is something that the first diagnostic's detail says.
	detail string
}

func testMistakes(t *testing.T, cases []mistakeCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, diags := loadText(t, c.text)
			if diff := cmp.Diff(c.want, lines(diags)); diff != "" {
				t.Fatalf("diagnostics (-want +got):\n%s%v", diff, diags)
			}
			if c.detail != "" && !strings.Contains(diags[0].Detail, c.detail) {
				t.Errorf("detail %q does not say %q", diags[0].Detail, c.detail)
			}
		})
	}
}

func TestTopLevelMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "nothing", text: "", want: []string{"1:1 error: Missing argument"}, detail: "installation"},
		{name: "misspelt argument", text: `instalation = "x"`, want: []string{"1:1 error: Unsupported argument"}, detail: `Did you mean "installation"`},
		{name: "misspelt block", text: `installation = "x"
provder "p" {}
`, want: []string{"2:1 error: Unsupported block type"}, detail: `Did you mean "provider"`},
		{name: "misspelt function", text: `installation = evn("SET")`, want: []string{"1:16 error: Call to unknown function"}, detail: `Did you mean "env"`},
		{name: "name that no marker can hold", text: `installation = "my gateway"`, want: []string{"1:16 error: Invalid name"}},
		{name: "wrong type", text: `installation = ["x"]`, want: []string{"1:16 error: Unsuitable value"}, detail: "string required"},
		{name: "null", text: `installation = null`, want: []string{"1:16 error: Unsuitable value"}},
		{name: "bare word", text: `installation = x`, want: []string{"1:16 error: Variables not allowed"}},
		{name: "label is missing", text: `installation = "x"
provider {}
`, want: []string{"2:10 error: Missing name for provider"}},
		{name: "argument twice", text: `installation = "x"
installation = "y"
`, want: []string{"2:1 error: Attribute redefined"}},
		{name: "block twice", text: `installation = "x"
sync {}
sync {}
`, want: []string{"3:1 error: Duplicate block"}},
		{name: "state elsewhere", text: `installation = "x"
state { url = "gateway.db" }
`, want: []string{"2:15 error: Invalid state URL"}},
		{name: "state without a file", text: `installation = "x"
state { url = "sqlite://" }
`, want: []string{"2:15 error: Invalid state URL"}},
		{name: "state with options", text: `installation = "x"
state { url = "sqlite://gateway.db?mode=memory" }
`, want: []string{"2:15 error: Invalid state URL"}},
		{name: "durations", text: `installation = "x"
sync {
  interval = "fifteen minutes"
  window {
    past   = "-7d"
    future = "365 days"
  }
}
telemetry { keep_runs = "1s" }
`, want: []string{
			"3:14 error: Invalid duration", "5:14 error: Duration too short",
			"6:14 error: Invalid duration", "9:25 error: Duration too short",
		}},
		{name: "window that Exchange refuses", text: `installation = "x"
sync {
  window { future = "800d" }
}
`, want: []string{"3:21 error: Window too long"}},
		{name: "empty window", text: `installation = "x"
sync {
  window {
    past   = "0d"
    future = "0s"
  }
}
`, want: []string{"5:14 error: Empty window"}},
		{name: "collector", text: `installation = "x"
telemetry { traces_endpoint = "collector:4317" }
`, want: []string{"2:31 error: Invalid endpoint"}},
		{name: "push and pull", text: `installation = "x"
push {
  repush_on         = ["venue", "notes"]
  cancelled_show_as = "away"
}
pull {
  detail  = "ful"
  show_as = ["busy", "free", "offf"]
}
`, want: []string{
			"3:33 error: Unknown course field", "4:23 error: Unknown value", "7:13 error: Unknown value",
			"8:22 error: Free time never blocks", "8:30 error: Unknown value",
		}},
		{name: "repush_on is a word", text: `installation = "x"
push { repush_on = "al" }
`, want: []string{"2:20 error: Unknown value"}, detail: `Did you mean "all"`},
		{name: "nothing blocks", text: `installation = "x"
pull { show_as = [] }
`, want: []string{"2:18 error: Empty list"}},
		{name: "plugin", text: `installation = "x"
plugin "caldav" {
  command = ""
  sha256  = "abc"
  env     = ["PATH", "A B"]
  args    = []
}
plugin "caldav" {}
plugin "Mein Kalender" {}
`, want: []string{
			"3:13 error: Empty command", "4:13 error: Invalid checksum", "5:22 error: Invalid variable name",
			"6:3 error: Unsupported argument", "8:8 error: Duplicate plugin", "9:8 error: Invalid name",
		}},
	})
}

// TestUnbuiltOptions: what this version cannot do is refused, never ignored.
func TestUnbuiltOptions(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "every one", text: `installation = "x"
state { url = "postgres://user:pw@db/gateway" }
sync {
  window { past = "1d" }
}
telemetry { sample = 0.1 }
`, want: []string{"2:15 error: Not supported yet"}},
		{name: "a default that is spelled out", text: `installation = "x"
push { sessions = "whole" }
provider "p" {
  timezone = "Europe/London"
  mode     = "live"
  on_stop  = "keep"
}
`},
		{name: "misspelt all the same", text: `installation = "x"
provider "p" {
  timezone = "Europe/London"
  mode     = "pilott"
}
`, want: []string{"4:14 error: Unknown value"}, detail: `Did you mean "pilot"`},
	})
}

// TestTemplateMistakes holds push-4: a template that would fail is refused at its line
// when it is loaded, for the gateway and for a provider, once.
func TestTemplateMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "every part", text: `installation = "x"
push {
  title    = "Training: ${course.lable}"
  location = curse.location
  body     = <<EOT
${course.label}
${uper(course.status)}
EOT
  unavailability {
    title = course.label
  }
}
provider "p" {
  timezone = "Europe/London"
  push { title = "${course.sessions[0].id}" }
}
`, want: []string{
			"3:33 error: Unsupported attribute", "4:14 error: Unknown variable", "7:3 error: Call to unknown function",
			"10:13 error: Unknown variable", "15:36 error: Invalid index",
		}},
		{name: "no secret gets into a calendar", text: `installation = "x"
push { title = env("SET") }
`, want: []string{"2:16 error: Call to unknown function"}},
		{name: "a part that does not exist", text: `installation = "x"
push {
  unavailability { show_as = "busy" }
}
`, want: []string{"3:20 error: Unsupported argument"}},
		{name: "in a file that cannot be parsed", text: `installation = "x"
push { title = "${course.}" }
`, want: []string{"2:26 error: Invalid attribute name"}},
	})
}

// TestProviderOverrides: what a provider writes goes before what holds for all, setting
// by setting, and is checked where it stands.
func TestProviderOverrides(t *testing.T) {
	cfg, diags := loadText(t, `installation = "x"
sync {
  interval = "5m"
  window {
    past   = "1d"
    future = "30d"
  }
}
push {
  title    = "Course ${course.label}"
  sessions = "split"
}
pull { detail = "subject" }
provider "like-all" { timezone = "Europe/London" }
provider "own" {
  timezone = "Europe/London"
  mode     = "pilot"
  on_stop  = "remove"
  sync {
    engine   = false
    interval = "1h"
    window { future = "90d" }
    guard { max_removals = 50 }
  }
  push {
    body              = course.body
    sessions          = "whole"
    cancelled_show_as = "busy"
  }
  pull { show_as = ["busy"] }
}
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	all, own := cfg.Providers[0], cfg.Providers[1]
	wantSync := Sync{Interval: time.Hour, Past: 24 * time.Hour, Future: 90 * 24 * time.Hour, Guard: Guard{MaxRemovals: 50, MaxFraction: 0.1}}
	if diff := cmp.Diff(wantSync, own.Sync); diff != "" || own.Engine {
		t.Errorf("sync of the second provider: %s", diff)
	}
	if diff := cmp.Diff(cfg.Sync, all.Sync); diff != "" || !all.Engine {
		t.Errorf("sync of the first provider: %s", diff)
	}
	if own.Push.Templates.Title == nil || own.Push.Templates.Body == nil || all.Push.Templates.Title == nil || all.Push.Templates.Body != nil {
		t.Errorf("templates: %+v, %+v", all.Push.Templates, own.Push.Templates)
	}
	if !all.Push.Split || own.Push.Split || !own.Pilot || all.Pilot || !own.RemoveOnStop || all.RemoveOnStop {
		t.Errorf("sessions, mode and on_stop: %+v, %+v", all, own)
	}
	if own.Push.CancelledShowAs != "busy" || all.Push.CancelledShowAs != "free" || own.Pull.Detail != "subject" || len(own.Pull.ShowAs) != 1 {
		t.Errorf("push and pull: %+v, %+v", own.Push, own.Pull)
	}
	if own.Push.Triggers() != nil || !slices.Contains(all.Push.Triggers(), "sessions") {
		t.Errorf("push-2: triggers %v, %v", all.Push.Triggers(), own.Push.Triggers())
	}
}

// TestProviderOverrideMistakes: a provider's own settings are refused at their lines.
func TestProviderOverrideMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "sync", text: `installation = "x"
provider "p" {
  timezone = "Europe/London"
  on_stop  = "delete"
  sync {
    interval = "1s"
    window { future = "9000d" }
    guard { max_fraction = 2 }
    state = "x"
  }
}
`, want: []string{
			"4:14 error: Unknown value", "6:16 error: Duration too short", "7:23 error: Window too long",
			"8:28 error: Not a fraction", "9:5 error: Unsupported argument",
		}},
	})
}

// TestGuard: hold-1's limits, with defaults for what is not written.
func TestGuard(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "out of range", text: `installation = "x"
sync {
  guard {
    max_removals = -1
    max_fraction = 1.5
  }
}
`, want: []string{"4:20 error: Negative limit", "5:20 error: Not a fraction"}},
		{name: "no numbers", text: `installation = "x"
sync {
  guard {
    max_removals = 2.5
    max_fraction = "a tenth"
    max_removal  = 5
  }
}
`, want: []string{"4:20 error: Unsuitable value", "5:20 error: Unsuitable value", "6:5 error: Unsupported argument"}},
	})
	for text, want := range map[string]Guard{
		"":                                    {MaxRemovals: 5, MaxFraction: 0.1},
		"sync {}":                             {MaxRemovals: 5, MaxFraction: 0.1},
		"sync { guard { max_removals = 0 } }": {MaxRemovals: 0, MaxFraction: 0.1},
		"sync { guard { max_fraction = 1 } }": {MaxRemovals: 5, MaxFraction: 1},
	} {
		text := "installation = \"x\"\n" + strings.NewReplacer("{ ", "{\n", " }", "\n}").Replace(text) + "\n"
		cfg, diags := loadText(t, text)
		if diags.HasErrors() || cfg.Sync.Guard != want {
			t.Errorf("%s: %+v, want %+v; %v", text, cfg.Sync.Guard, want, diags)
		}
	}
}

// TestProviderMistakes holds map-3, too: a provider has one master account a service.
func TestProviderMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "zones (time-1)", text: `installation = "x"
provider "a" {}
provider "b" { timezone = "GMT Standard Time" }
provider "c" { timezone = "Local" }
provider "d" { timezone = "localtime" }
provider "e" { timezone = "" }
provider "f" { timezone = "europe/london" }
`, want: []string{
			"2:1 error: Missing argument", "3:27 error: Unknown time zone", "4:27 error: Unknown time zone",
			"5:27 error: Unknown time zone", "6:27 error: Unknown time zone", "7:27 error: Unknown time zone",
		}},
		{name: "provider twice", text: `installation = "x"
provider "a" { timezone = "Europe/London" }
provider "a" { timezone = "Europe/London" }
`, want: []string{"3:10 error: Duplicate provider"}},
		{name: "accounts", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  account "exchange-onlin" {}
  account "exchange-online" {}
  account "exchange-onprem" {
    master_account = "calendar"
    domains        = ["a.example", "b@c"]
    domain         = "a.example"
    settings {}
    settings {}
  }
  account "exchange-onprem" {}
}
`, want: []string{
			"4:11 error: Unknown service", "5:3 error: Missing argument", "7:22 error: Invalid address",
			"8:36 error: Invalid domain", "9:5 error: Unsupported argument", "11:5 error: Duplicate block",
			"13:11 error: Duplicate account",
		}, detail: `Did you mean "exchange-online"`},
		{name: "trainers", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  trainer "ana" {
    email     = "Ana <ana@a.example>"
    calendar  = "yes"
    direction = "bth"
    service   = "exchang-online"
    timezone  = "Mars/Olympus"
    color     = "red"
  }
  trainer "ana" {}
  trainer "b c" {}
  trainer "no-mailbox" {
    calendar  = true
    direction = "in"
  }
}
`, want: []string{
			"7:17 error: Invalid address", "8:17 error: Unsuitable value", "9:17 error: Unknown value",
			"10:17 error: Unknown service", "11:17 error: Unknown time zone", "12:5 error: Unsupported argument",
			"14:11 error: Duplicate trainer", "15:11 error: Invalid name", "16:3 error: Missing argument",
		}},
		{name: "no service at all", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  trainer "ana" {
    email     = "ana@a.example"
    calendar  = true
    direction = "in"
  }
}
`, want: []string{"4:3 warning: Trainer without a service"}},
		{name: "service without an account (map-9)", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  trainer "ana" { service = "exchange-onprem" }
  trainer "ben" {
    email     = "ben@a.example"
    calendar  = true
    direction = "in"
  }
  trainer "cas" {
    email     = "cas@a.example"
    calendar  = true
    direction = "in"
  }
}
`, want: []string{"5:29 error: Service without an account", "6:3 error: Service without an account"}},
		{name: "a damaged account is not missing as well", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  acount "exchange-online" { master_account = "calendar@a.example" }
  trainer "ana" { service = "exchange-online" }
}
`, want: []string{"4:3 error: Unsupported block type"}, detail: `Did you mean "account"`},
		{name: "mailbox outside the domain (map-4)", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" {
    master_account = "calendar@A.example"
    domains        = ["B.example"]
  }
  trainer "ana" { email = "ana@a.EXAMPLE" }
  trainer "ben" { email = "ben@b.example" }
  trainer "cas" { email = "cas@c.example" }
}
`, want: []string{"11:27 error: Mailbox outside the account's domains"}, detail: `"a.example" and "b.example"`},
		{name: "mailbox mapped twice (map-6, O4, B13)", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  trainer "ana" {
    email     = "ana@a.example"
    calendar  = true
    direction = "in"
  }
  trainer "inactive" { email = "ana@a.example" }
}
provider "b" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  trainer "ben" {
    email     = "ANA@A.example"
    calendar  = true
    direction = "out"
  }
}
`, want: []string{"18:17 error: Mailbox mapped twice"}, detail: "a/ana"},
	})
}

// TestPartialFile: what stands in a file that cannot be parsed is not called missing.
func TestPartialFile(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "block not closed", text: `installation = "x"
provider "a" {
  timezone = "Europe/London"
`, want: []string{"2:14 error: Unclosed configuration block"}},
		{name: "quote not closed", text: `installation = "x
sync { interval = "1s" }
`, want: []string{"1:18 error: Invalid multi-line string"}},
		{name: "other quotes", text: `installation = 'x'
`, want: []string{"1:16 error: Invalid character"}},
		{name: "nested too deeply", text: "x = " + strings.Repeat("(", 1<<16), want: []string{"1:105 error: Too complex"}},
		{name: "endless operators", text: "x = " + strings.Repeat("!", 1<<16), want: []string{"1:10005 error: Too complex"}},
		{name: "not text", text: "\x00\xff", want: []string{"1:1 error: Invalid character", "1:2 error: Invalid character encoding"}},
	})
}

func TestFolder(t *testing.T) {
	provider := func(name string) string {
		return fmt.Sprintf("provider %q { timezone = \"Europe/London\" }\n", name)
	}
	cfg, diags := loadFiles(t, map[string]string{
		"conf/00.hcl": "installation = \"x\"\n" + provider("a"), "conf/10.hcl": provider("b"),
		"conf/.10.hcl": provider("hidden"), "conf/notes.txt": "none", "conf/sub/20.hcl": provider("deeper"),
		"conf/30.hcl": "provider \"c\" {}\ninstallation = \"y\"\n",
	}, "conf")
	want := []string{"conf/30.hcl:1:1 error: Missing argument", "conf/30.hcl:2:1 error: Duplicate argument"}
	if diff := cmp.Diff(want, lines(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	var names []string
	for _, p := range cfg.Providers {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Errorf("providers (-want +got):\n%s", diff)
	}
}

func TestLoadWhatIsNotThere(t *testing.T) {
	for path, want := range map[string]string{
		"gateway.hcl": "there is no file gateway.hcl",
		"empty":       "has no *.hcl file",
		"big.hcl":     "larger than",
	} {
		t.Run(path, func(t *testing.T) {
			_, diags := loadFiles(t, map[string]string{
				"empty/readme": "", "big.hcl": strings.Repeat("#\n", MaxFileBytes/2+1),
			}, path)
			if len(diags) != 1 || !strings.Contains(diags[0].Detail, want) {
				t.Errorf("got %v, want one that says %q", diags, want)
			}
		})
	}
}

// TestMissingPlugin (map-9): at the plugin block, the trainer's service or the
// provider's, whichever made the plugin needed.
func TestMissingPlugin(t *testing.T) {
	text := `installation = "x"
plugin "caldav" {}
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  account "exchange-onprem" { master_account = "calendar@a.example" }
  trainer "ana" {
    email     = "ana@a.example"
    calendar  = true
    direction = "in"
  }
}
`
	opts := testOptions()
	opts.Plugin = func(p Plugin) error { return fmt.Errorf("no program for %s", p.Service) }
	d := newDecoder(opts)
	_, diags := d.load([]source{{"gateway.hcl", []byte(text)}})
	want := []string{"2:1 error: Plugin not found", "5:14 error: Plugin not found", "7:3 error: Plugin not found"}
	if diff := cmp.Diff(want, lines(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}
