package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); -update rewrites it:\n%s", name, diff)
	}
}

func id(label string) platform.TrainerID {
	return platform.TrainerID{Provider: "northwind", Label: label}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// sampleConfig has four trainers in London, one account.
func sampleConfig(t *testing.T) *config.Config {
	p := config.Provider{Name: "northwind", Accounts: []config.Account{{
		Provider: "northwind", Service: "exchange-online", MasterAccount: "calendar@northwind.example",
	}}}
	for _, label := range []string{"ana", "ben", "cleo", "dev"} {
		p.Trainers = append(p.Trainers, config.Trainer{
			ID: id(label), Service: "exchange-online", Calendar: label != "dev", Direction: config.Both, TimeZone: zone(t, "Europe/London"),
		})
	}
	p.Trainers[0].Name = "Ana Ortiz"
	return &config.Config{Sync: config.Sync{Interval: 15 * time.Minute}, Providers: []config.Provider{p}}
}

func sampleNames(t *testing.T) names {
	return namesOf(sampleConfig(t), map[string]string{"northwind/course/4711": "Go basics"})
}

var began = time.Date(2026, 11, 24, 5, 30, 0, 0, time.UTC)

// sampleRun has a trainer with changes, one whose course was cancelled half way, and
// two behind refused credentials.
func sampleRun() store.Run {
	summer := time.Date(2027, 6, 7, 8, 0, 0, 0, time.UTC)
	refused := &store.Failing{
		Code: string(sdk.CodeCredentials), Message: "the server refused the credentials (AADSTS7000215)",
		Advice: "enter a valid client_secret", Since: began, Attempts: 1,
	}
	return store.Run{
		ID: "0011223344556677", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", Cause: "sync", State: store.RunPartial,
		Started: began, Finished: began.Add(1234 * time.Millisecond),
		Events: []store.RunEvent{{Time: began, Text: "northwind/exchange-online: the plugin ended during the run"}},
		Trainers: []store.RunTrainer{
			{
				Trainer: id("ana"), State: store.RunOK,
				Counts:  store.Counts{PushCreated: 2, PushRemoved: 1, PullCreated: 1, PullUpdated: 1},
				Skipped: map[reconcile.Reason]int{reconcile.ReasonInSync: 12, reconcile.ReasonFree: 3},
				Steps: []store.RunStep{
					{Direction: store.Push, Op: reconcile.OpCreate, Reason: reconcile.ReasonNew, Item: "northwind/ana/course/4711", Start: summer, End: summer.Add(8 * time.Hour)},
					{Direction: store.Push, Op: reconcile.OpCreate, Reason: reconcile.ReasonNew, Item: "northwind/ana/unavailability/17", Start: summer.Add(-9 * time.Hour), End: summer.Add(39 * time.Hour)},
					{Direction: store.Pull, Op: reconcile.OpCreate, Reason: reconcile.ReasonAppeared, Item: "u1", Start: summer.Add(240 * time.Hour), End: summer.Add(270 * time.Hour)},
					{Direction: store.Pull, Op: reconcile.OpUpdate, Reason: reconcile.ReasonChanged, Item: "u2", Start: summer.Add(-9 * time.Hour), End: summer.Add(15 * time.Hour)},
					{Direction: store.Push, Op: reconcile.OpRemove, Reason: reconcile.ReasonNotWanted, Item: "northwind/ana/course/9", Start: began, End: began.Add(time.Hour)},
				},
			},
			{Trainer: id("ben"), State: store.RunFailed, Failing: refused},
			{Trainer: id("cleo"), State: store.RunFailed, Failing: refused},
			{Trainer: id("gone"), State: store.RunOK, Steps: []store.RunStep{
				{Direction: store.Push, Op: reconcile.OpUpdate, Reason: reconcile.ReasonDrift, Item: "odd", Start: began, End: began, Failed: "conflict"},
			}},
		},
	}
}

func TestPrintRun(t *testing.T) {
	var out strings.Builder
	if err := printRun(&out, sampleRun(), sampleNames(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "run.txt", out.String())
	shape, err := json.MarshalIndent(runOf(sampleRun(), sampleNames(t)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "run.json", string(shape)+"\n")
}

// A run without changes says so where one looks: "0 writes".
func TestPrintRunWithoutChanges(t *testing.T) {
	run := store.Run{ID: "r", State: store.RunOK, Started: began, Finished: began, Trainers: []store.RunTrainer{
		{Trainer: id("ana"), State: store.RunOK, Skipped: map[reconcile.Reason]int{reconcile.ReasonInSync: 1}},
		{Trainer: id("ben"), State: store.RunOK},
	}}
	var out strings.Builder
	if err := printRun(&out, run, sampleNames(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "run-without-changes.txt", out.String())
}

func leftover(key string, when calendar.When) store.Leftover {
	return store.Leftover{
		Place: store.Place{Account: "northwind/exchange-onprem", Mailbox: sdk.Mailbox{Address: "cleo@old.example"}}, Key: key, When: when,
	}
}

func TestPrintPlan(t *testing.T) {
	start := time.Date(2027, 1, 11, 9, 0, 0, 0, time.UTC)
	when := calendar.When{Start: start, End: start.Add(time.Hour)}
	plans := []runner.TrainerPlan{
		{Trainer: id("ana"), Plan: reconcile.Plan{
			Calendar: []reconcile.CalendarStep{{Op: reconcile.OpCreate, Reason: reconcile.ReasonNew, Link: reconcile.Link{
				Key: "northwind/ana/course/4711", Rendered: calendar.Appointment{When: when},
			}}},
			Platform: []reconcile.PlatformStep{{Op: reconcile.OpRemove, Reason: reconcile.ReasonVanished, Mirror: reconcile.Mirror{
				ID: "u1", Description: "Dentist", When: when,
			}}},
			Skipped:  []reconcile.Skip{{Reason: reconcile.ReasonOwn}, {Reason: reconcile.ReasonOwn}},
			Findings: []reconcile.Finding{{Reason: reconcile.ReasonOtherInstallation}},
		}},
		{Trainer: id("ben"), Err: sdk.CodeMailboxNotFound.New("no such mailbox").WithAdvice("correct the email")},
		{
			Trainer: id("cleo"), Moved: &store.Place{Account: "northwind/exchange-onprem", Mailbox: sdk.Mailbox{Address: "cleo@old.example"}},
			Plan: reconcile.Plan{
				Links: []reconcile.LinkStep{{Op: reconcile.OpUpdate, Reason: reconcile.ReasonAdopted, Link: reconcile.Link{
					Key: "northwind/cleo/course/4711", Rendered: calendar.Appointment{When: when},
				}}},
				Findings: []reconcile.Finding{{Reason: reconcile.ReasonLookalike}},
			},
			Left: []runner.LeftPlan{
				{Leftover: leftover("northwind/cleo/course/9", when)},
				{Leftover: leftover("northwind/cleo/course/10", when), Err: sdk.CodeUnavailable.New("the server is away")},
				{Leftover: leftover("northwind/cleo/course/11", when), Err: sdk.CodeUnavailable.New("the server is away")},
			},
			Conflicts: []store.Conflict{conflictWith("u1", true)},
		},
		{Trainer: id("dev"), Paused: &store.Pause{Provider: "northwind", Label: "dev", Since: start, Reason: "on leave"}},
	}
	var shown []planned
	for _, p := range plans {
		shown = append(shown, plannedOf(p, sampleNames(t)))
	}
	var out bytes.Buffer
	if err := (&cli{Program: Program{Stdout: &out}}).printPlan(shown, sampleNames(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.txt", out.String())
	for name, test := range map[string]struct {
		plans []planned
		want  int
	}{"nothing": {nil, exitOK}, "changes": {shown[:1], exitChanges}, "an error wins": {shown, exitError}} {
		if got := planCode(test.plans); got != test.want {
			t.Errorf("%s: exit code %d, want %d", name, got, test.want)
		}
	}
}

// conflictWith is one of course 4711.
func conflictWith(other string, pulled bool) store.Conflict {
	start := time.Date(2027, 6, 7, 8, 0, 0, 0, time.UTC)
	return store.Conflict{Conflict: reconcile.Conflict{
		Key: "northwind/ana/course/4711", Other: other, Pulled: pulled, Start: start, End: start.Add(time.Hour),
	}}
}

func TestPrintStatus(t *testing.T) {
	var out strings.Builder
	a := app.New(sampleConfig(t), app.Options{})
	refused := sampleRun().Trainers[1].Failing
	page := statusPage{out: &writer{out: &out}, now: began.Add(3 * time.Hour)}
	page.verdict(nil)
	page.verdict([]app.Need{{Kind: app.NeedServe, Text: "gateway serve is not running", Advice: "start it"}})
	page.verdict(slices.Concat([]app.Need{{Kind: app.NeedAccount, Since: began, Text: "the account fails", Advice: "told with the account"}},
		slices.Repeat([]app.Need{{Kind: app.NeedReload, Text: "another configuration", Advice: "gateway reload"}}, needsShown)))
	page.serving(nil)
	page.serving(&app.Serving{Version: "1", PID: 42, Since: began, Engine: true, Interval: app.Interval(20 * time.Minute), LogLevel: "info"})
	page.state(app.Overview{})
	page.state(app.Overview{
		Queue: app.Queue{Waiting: 3, Since: began}, Feed: 12, Disk: &app.Disk{Disk: sqlite.Disk{Free: 30 << 30, Size: 3 << 20}},
		Certificate: &app.Certificate{Ends: began}, Upkeep: app.Upkeep{Checked: began, Backup: &app.BackupNote{At: began, File: "/backups/a.db"}},
	})
	page.lastRun(nil)
	page.lastRun([]store.Run{sampleRun()})
	page.mappings = []app.Mapping{
		{Account: "northwind/exchange-online", Watch: &app.Watch{Watched: true}},
		{Account: "northwind/exchange-online", Watch: &app.Watch{Reason: "it notifies nobody"}},
	}
	page.names = sampleNames(t)
	page.known = []app.AccountStatus{{
		Name: "northwind/exchange-online", Failing: refused, ByHand: true, Verified: began, Checks: []sdk.Check{{Step: "tls", Outcome: sdk.Passed}},
		Paused: &store.Pause{Provider: "northwind", Since: began, Reason: "an audit"},
		Mappings: []store.Verification{
			{Label: "ana", Checks: []sdk.Check{{Step: "write", Outcome: sdk.Failed, Observed: "the mailbox is read-only", Advice: "lift the hold"}}},
			{Label: "cleo", Checks: []sdk.Check{{Step: "write", Outcome: sdk.Passed}}},
		},
	}}
	page.accounts(a, []app.TrainerStatus{
		{
			Trainer: id("ana"), Service: "exchange-online", Health: app.Paused, Proven: began, Pushed: 12, Pulled: 5,
			Paused:    &store.Pause{Provider: "northwind", Label: "ana", Since: began},
			Conflicts: []store.Conflict{conflictWith("u1", true), conflictWith("northwind/ana/course/9", false)},
			Left:      []store.Leftover{{Place: store.Place{Account: "northwind/exchange-onprem", Mailbox: sdk.Mailbox{Address: "ana@old.example"}}}},
		},
		{Trainer: id("ben"), Service: "exchange-online", Health: app.Failing, Failing: refused},
		{Trainer: id("cleo"), Service: "exchange-online", Health: app.Failing, Failing: refused, Proven: began},
		{Trainer: id("dev"), Service: "exchange-online", Health: app.Off},
	})
	golden(t, "status.txt", out.String())
}

// Every reason that reconcile may give has words.
func TestReasonsHaveWords(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "reconcile", "types.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, line := range strings.Split(string(source), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Reason") || fields[1] != "Reason" {
			continue
		}
		found++
		if reason := reconcile.Reason(strings.Trim(fields[3], `"`)); reasonWords[reason] == "" {
			t.Errorf("no words for %s", reason)
		}
	}
	if found == 0 {
		t.Error("no reasons found in the source")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsAreReported(t *testing.T) {
	if err := printRun(broken{}, sampleRun(), sampleNames(t)); err == nil {
		t.Error("a result that could not be printed went unnoticed")
	}
}

// What was pulled is listed by time, and the rest of a long series is counted.
func TestPulledIsListedByTime(t *testing.T) {
	day := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	var steps []store.RunStep
	for _, week := range []int{6, 2, 0, 4, 1, 5, 3} {
		start := day.AddDate(0, 0, 7*week)
		steps = append(steps, store.RunStep{
			Direction: store.Pull, Op: reconcile.OpCreate, Reason: reconcile.ReasonAppeared, Start: start, End: start.Add(time.Hour),
		})
	}
	steps = append(steps, store.RunStep{Direction: store.Pull, Op: reconcile.OpRemove, Reason: reconcile.ReasonVanished, Start: day, End: day.Add(time.Hour)})
	var out strings.Builder
	printPulled(&writer{out: &out}, "pulled  ", steps, time.UTC)
	want := `  pulled   + Mon 30 Nov 2026 09:00-10:00 UTC: appeared in the calendar
  pulled   + Mon 7 Dec 2026 09:00-10:00 UTC: appeared in the calendar
  pulled   + Mon 14 Dec 2026 09:00-10:00 UTC: appeared in the calendar
  pulled   + Mon 21 Dec 2026 09:00-10:00 UTC: appeared in the calendar
  pulled   + Mon 28 Dec 2026 09:00-10:00 UTC: appeared in the calendar
  pulled   + and 2 more until Mon 11 Jan 2027 09:00-10:00 UTC: appeared in the calendar
  pulled   - Mon 30 Nov 2026 09:00-10:00 UTC: deleted in the calendar
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// Trouble that several trainers of an account have is told in full once.
func TestTroubleIsToldOnce(t *testing.T) {
	var out strings.Builder
	away := &store.Failing{Code: string(sdk.CodeUnavailable), Message: "the server is away", Advice: "check the proxy"}
	told, w := said{}, &writer{out: &out}
	told.failing(w, "", "a/x", "ana", away)
	told.failing(w, "", "a/x", "ben", away)
	told.failing(w, "", "b/x", "cleo", away)
	want := `failing: the server is away (unavailable)
what to do: check the proxy
failing: the same as ana (unavailable)
failing: the server is away (unavailable)
what to do: check the proxy
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
