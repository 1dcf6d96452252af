package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// programs is the folder of the gateway's and the plugins' binaries.
var programs string

// checked is the folder of a gateway whose JSON is checked, see [runChecked].
var checked string

func TestMain(m *testing.M) {
	if program := os.Getenv(realGateway); program != "" {
		os.Exit(runChecked(program))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gateway-programs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := buildPrograms(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	programs = dir
	if checked, err = checkedDir(dir); err != nil {
		panic(err)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// buildPrograms builds the real binaries. The build cache makes all but the first time
// quick.
func buildPrograms(dir string) error {
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator),
		"../..", "../../../plugins/exchangeonline/cmd/...", "../../../plugins/exchangeonprem/cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// TestScripts runs testdata/script/*.txtar against the real binaries and a simulated
// Exchange in this process. What a command prints with --json must conform to its schema
// in gateway/schemas. Commands of ours:
//
//	exits CODE COMMAND...    run a command that ends with exactly this exit code
//	sim                      start Exchange with the mailboxes of testdata/gateway.hcl
//	add MAILBOX WHEN SUBJECT [private|free|allday]
//	                         an appointment of the trainer's own; WHEN is +DAYS, at 09:00 for an hour
//	calendar MAILBOX         print the calendar, one line an item, by start
//	edit MAILBOX SUBJECT NEW change an item's subject
//	remove MAILBOX SUBJECT   delete an item
//	items MAILBOX            print the items' ids, whatever they say
//	schedule ID NAME +DAYS TRAINER...
//	                         write ID.json, an import of a course of northwind, at 09:00 for an hour
//	holds FILE TEXT          a file, which need not be text itself, holds a text
//	hosted MAILBOX STATE     say where a mailbox is hosted: ok, onPremises or moved
//	password SECRET          change the master account's password on the server
//	fault JSON               make requests fail; see exchangesim.Fault
//	nofaults                 and no longer
//	nomail                   no mail was sent to anybody
//	served                   wait until gateway serve takes commands
//	verified ACCOUNT         wait until it has verified an account by itself
//	terminate                send it SIGTERM
//	masked stdout|stderr     print what was printed last, without what differs each time
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", strings.Join([]string{checked, programs, os.Getenv("PATH")}, string(filepath.ListSeparator)))
			env.Setenv(realGateway, filepath.Join(programs, "gateway"))
			return copyFixtures(env.WorkDir)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "sim": startSim, "add": addItem, "calendar": showCalendar, "edit": editItem, "remove": removeItem,
			"password": changePassword, "fault": addFault, "nofaults": clearFaults, "nomail": checkNoMail,
			"items": showItems, "hosted": setState, "schedule": scheduleCourse, "holds": fileHolds, "verified": waitForVerified,
			"served": waitForServe, "begun": waitForRun, "terminate": terminate, "masked": printMasked,
		},
	})
}

// copyFixtures puts the shared configuration and data into a script's folder. Files of
// the same name that the script brings are there already, and stay.
func copyFixtures(dir string) error {
	for _, name := range []string{"gateway.hcl", "courses.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// The simulated Exchange's secrets, which must appear nowhere.
const (
	simSecret   = "sim-client-secret-8f14e45f"
	simPassword = "sim-password-c9f0f895"
)

// mailboxes are those of testdata/gateway.hcl.
var mailboxes = []string{"ana@northwind.example", "ben@northwind.example", "ida@lakeside.example", "jonas@lakeside.example"}

// newSim starts Exchange; its addresses are in the variables returned.
func newSim(observe func(exchangesim.Exchange)) (*exchangesim.Server, []string, error) {
	sim, err := exchangesim.Start(exchangesim.Options{
		ClientSecret: simSecret, EWSUser: "calendar@lakeside.example", EWSPassword: simPassword, Observe: observe,
	})
	if err != nil {
		return nil, nil, err
	}
	for _, address := range mailboxes {
		if _, err := sim.World().AddMailbox(world.Profile{SMTP: address, Zone: "Europe/London"}); err != nil {
			return nil, nil, errors.Join(err, sim.Close())
		}
	}
	return sim, []string{
		"GRAPH_URL=" + strings.TrimSuffix(sim.GraphURL(), "/v1.0"), "LOGIN_URL=" + sim.LoginURL(), "EWS_URL=" + sim.EWSURL(),
		"CLIENT_SECRET=" + simSecret, "EWS_PASSWORD=" + simPassword,
	}, nil
}

// sims are the simulators by the script's folder.
var sims sync.Map

func simOf(ts *testscript.TestScript) *exchangesim.Server {
	sim, ok := sims.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("start the simulator first: sim")
	}
	return sim.(*exchangesim.Server)
}

// exits runs a command, whose output can be looked at like that of exec.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 2, "exits CODE COMMAND...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d\n%s%s", strings.Join(args[1:], " "), got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func startSim(ts *testscript.TestScript, _ bool, _ []string) {
	sim, env, err := newSim(nil)
	ts.Check(err)
	ts.Defer(func() { _ = sim.Close() })
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		ts.Setenv(name, value)
	}
	sims.Store(ts.Getenv("WORK"), sim)
	ts.Defer(func() { sims.Delete(ts.Getenv("WORK")) })
}

func mailbox(ts *testscript.TestScript, address string) *world.Mailbox {
	m, err := simOf(ts).World().Mailbox(address)
	ts.Check(err)
	return m
}

func usage(ts *testscript.TestScript, args []string, want int, form string) {
	if len(args) < want {
		ts.Fatalf("usage: %s", form)
	}
}

func addItem(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 3, "add MAILBOX +DAYS SUBJECT [private|free|allday]...")
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	_, err = mailbox(ts, args[0]).Create(ownItem(days, args[2], args[3:]), world.SendNone)
	ts.Check(err)
}

// ownItem is an appointment of a trainer's own, so many days from now.
func ownItem(days int, subject string, kinds []string) world.Appointment {
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days)
	a := world.Appointment{
		Subject: subject, Body: world.Body{Content: subject + " body"}, Location: subject + " place",
		Start: day.Add(9 * time.Hour), End: day.Add(10 * time.Hour),
	}
	if slices.Contains(kinds, "private") {
		a.Sensitivity = world.Private
	}
	if slices.Contains(kinds, "free") {
		a.ShowAs = world.Free
	}
	if slices.Contains(kinds, "allday") {
		a.AllDay, a.Start, a.End = true, day, day.AddDate(0, 0, 1)
	}
	return a
}

func showCalendar(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "calendar MAILBOX")
	items := mailbox(ts, args[0]).Items(world.Calendar)
	if len(items) == 0 {
		fmt.Fprintln(ts.Stdout(), "nothing")
	}
	slices.SortFunc(items, func(a, b world.Item) int { return a.Start.Compare(b.Start) })
	for _, it := range items {
		fmt.Fprintf(ts.Stdout(), "%s %s %s\n", it.Start.UTC().Format("2006-01-02T15:04Z"), it.ShowAs, it.Subject)
	}
}

// scheduleCourse writes an import file with a course so many days from now.
func scheduleCourse(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 4, "schedule ID NAME +DAYS TRAINER...")
	days, err := strconv.Atoi(args[2])
	ts.Check(err)
	item := ownItem(days, args[1], nil)
	trainers := []map[string]string{}
	for _, t := range args[3:] {
		trainers = append(trainers, map[string]string{"id": t})
	}
	data, err := json.Marshal(map[string]any{"provider": "northwind", "courses": []any{map[string]any{
		"id": args[0], "name": args[1], "kind": "class", "status": "confirmed", "start": item.Start, "end": item.End, "trainers": trainers,
	}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".json"), data, 0o600))
}

// fileHolds looks for a text in a file of any kind; one that is not there holds nothing.
func fileHolds(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, args, 2, "holds FILE TEXT")
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	if holds := strings.Contains(string(data), args[1]); holds == neg {
		ts.Fatalf("%s holds %q: %v", args[0], args[1], holds)
	}
}

// showItems prints the ids, by which an item is known to be the same.
func showItems(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "items MAILBOX")
	for _, it := range mailbox(ts, args[0]).Items(world.Calendar) {
		fmt.Fprintln(ts.Stdout(), it.Item)
	}
}

func setState(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 2, "hosted MAILBOX STATE")
	mailbox(ts, args[0]).SetState(world.State(args[1]))
}

// find is the item with a subject.
func find(ts *testscript.TestScript, m *world.Mailbox, subject string) world.Item {
	for _, it := range m.Items(world.Calendar) {
		if it.Subject == subject {
			return it
		}
	}
	ts.Fatalf("no item %q in the calendar", subject)
	return world.Item{}
}

func editItem(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 3, "edit MAILBOX SUBJECT NEW")
	m := mailbox(ts, args[0])
	_, err := m.Update(find(ts, m, args[1]).Ref, world.Write{}, func(a *world.Appointment) error {
		a.Subject = args[2]
		return nil
	})
	ts.Check(err)
}

func removeItem(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 2, "remove MAILBOX SUBJECT")
	m := mailbox(ts, args[0])
	ts.Check(m.Delete(find(ts, m, args[1]).Ref, world.Gone, world.Write{}))
}

func changePassword(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "password SECRET")
	simOf(ts).World().SetAccount(world.Account{
		User: "calendar@lakeside.example", Password: args[0], Default: world.Access{Full: true, ViewPrivate: true},
	})
}

func addFault(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "fault JSON")
	var fault exchangesim.Fault
	ts.Check(json.Unmarshal([]byte(args[0]), &fault))
	_, err := simOf(ts).AddFault(fault)
	ts.Check(err)
}

func clearFaults(ts *testscript.TestScript, _ bool, _ []string) { simOf(ts).ClearFaults() }

// checkNoMail checks that nobody got an invitation or a cancellation (push-11).
func checkNoMail(ts *testscript.TestScript, _ bool, _ []string) {
	if mails := simOf(ts).Outbox(); len(mails) > 0 {
		ts.Fatalf("%d mails were sent, for example %+v", len(mails), mails[0])
	}
}

// state is what the scripts look at of gateway status.
type state struct {
	Serving  *struct{ PID int }
	Accounts []struct{ Account, Verified string }
}

// stateOf asks the gateway for its status.
func stateOf(ts *testscript.TestScript) state {
	status := exec.Command(filepath.Join(programs, "gateway"), "status", "--json", "--config", ts.MkAbs("gateway.hcl"))
	status.Env = []string{"PATH=" + ts.Getenv("PATH")}
	for _, name := range []string{"GRAPH_URL", "LOGIN_URL", "EWS_URL", "CLIENT_SECRET", "EWS_PASSWORD"} {
		status.Env = append(status.Env, name+"="+ts.Getenv(name))
	}
	var stderr strings.Builder
	status.Stderr = &stderr
	out, err := status.Output()
	if err != nil && status.ProcessState.ExitCode() != exitNeeds {
		ts.Fatalf("gateway status: %v\n%s", err, stderr.String())
	}
	var answer state
	ts.Check(json.Unmarshal(out, &answer))
	return answer
}

// serving is who serves; nil for nobody.
func serving(ts *testscript.TestScript) *struct{ PID int } { return stateOf(ts).Serving }

// waitForVerified waits until an account was verified by itself.
func waitForVerified(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "verified ACCOUNT")
	for until := time.Now().Add(patience); ; {
		for _, a := range stateOf(ts).Accounts {
			if a.Account == args[0] && a.Verified != "" {
				return
			}
		}
		if time.Now().After(until) {
			ts.Fatalf("%s was not verified", args[0])
		}
	}
}

// patience bounds what a script waits for; it fails then, and never goes on.
const patience = time.Minute

func waitForServe(ts *testscript.TestScript, _ bool, _ []string) {
	for until := time.Now().Add(patience); serving(ts) == nil; {
		if time.Now().After(until) {
			ts.Fatalf("gateway serve did not get ready")
		}
	}
}

// waitForRun waits until a run has begun.
func waitForRun(ts *testscript.TestScript, _ bool, _ []string) {
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err := ts.Exec("gateway", "runs", "--json"); err == nil && strings.Contains(ts.ReadFile("stdout"), `"id"`) {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("no run began")
		}
	}
}

func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	s := serving(ts)
	if s == nil {
		ts.Fatalf("nobody serves")
	}
	ts.Check(syscall.Kill(s.PID, syscall.SIGTERM))
}
