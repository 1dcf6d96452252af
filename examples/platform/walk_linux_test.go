package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// walk is a reader of the README who executes its second chapter in one shell, with the
// real programs, in a folder of their own. Only the ports are others.
type walk struct {
	t   *testing.T
	dir string
	// ports are the README's addresses and those used instead.
	ports  *strings.Replacer
	client *client
	// sandbox is the address of the sandbox.
	sandbox string
	shell   interface{ Write([]byte) (int, error) }
	blocks  []block
	marks   int
}

// block is a block of code of the README.
type block struct{ language, text string }

// patience bounds what is waited for; the test fails then, and never goes on.
const patience = time.Minute

// TestREADME executes the README's chapter on platforms: a course of the API's appears in
// the calendar (push-1), an edit there arrives in the feed (pull-1), a webhook is believed,
// availability is shown (avail-1), and a follower that is killed loses nothing (pull-10).
func TestREADME(t *testing.T) {
	w := newWalk(t)
	w.next() // the sandbox
	w.until("the sandbox is ready", func() bool { return strings.Contains(w.read("sandbox.json"), "control_url") })
	w.next() // the gateway
	w.until("the gateway is ready", w.shown("gateway .* is ready"))
	w.next() // a course
	w.until("the course is with the gateway", w.shown("course P-1 is with the gateway"))
	w.until("the course is in the calendar", func() bool { return slices.Contains(w.subjects(), "Training: Working at Height") })
	w.next() // the calendar
	w.until("the calendar is shown", w.shown(`"subject": .*Working at Height`))
	w.next() // the feed
	w.until("the follower has begun", func() bool { return w.read("feed.json") != "" })
	w.next() // the optician
	w.until("the edit arrives", w.follows("Optician"))
	w.until("a line tells of it", w.shown(`\d+ create northwind/ana `))
	w.next() // who is free
	w.until("availability is shown", w.shown(w.busy("09:00", "16:30")))
	w.until("availability is shown", w.shown(w.busy("17:00", "18:00")))
	w.configure()
	w.next() // webhooks
	w.until("the configuration is in force", w.shown("The configuration is in force"))
	w.until("the webhook tells", w.shown(`\w+ \{.*feed\.advanced`))
	w.until("the edit arrives", w.follows("Violin lesson"))
	w.next() // killed
	w.until("what was missed arrives", w.follows("Haircut"))
	if len(w.blocks) > 0 {
		t.Errorf("not executed: %+v", w.blocks)
	}
	w.killAgain()
}

// killAgain kills followers at other moments: when they have just begun, when there is
// something to take over, and when it was taken over. In the end the memory is what
// somebody knows who starts now.
func (w *walk) killAgain() {
	w.t.Helper()
	subjects := []string{"Bank", "Choir", "Garage", "Vet"}
	w.run("kill -9 $! 2>/dev/null")
	for i, subject := range subjects {
		w.run("bin/platform follow feed.json & follower=$!")
		w.book(i, subject)
		if i%2 == 1 {
			w.until("the edit arrives", w.follows(subject))
		}
		w.run("kill -9 $follower")
	}
	fresh := memory{}
	w.until("the gateway knows all", func() bool {
		fresh = w.knows(filepath.Join(w.t.TempDir(), "fresh.json"))
		return !slices.ContainsFunc(subjects, func(s string) bool { return !holds(fresh, s) })
	})
	if diff := cmp.Diff(versions(fresh), versions(w.knows(filepath.Join(w.dir, "feed.json")))); diff != "" {
		w.t.Errorf("a follower that was killed knows something else (-fresh +killed):\n%s", diff)
	}
}

// knows is what a follower knows who goes on with a memory until it is up to date.
func (w *walk) knows(file string) memory {
	w.t.Helper()
	return followed(w.t, w.client, file)
}

func holds(m memory, text string) bool {
	for _, e := range m.Busy {
		if strings.Contains(string(e.Is), text) {
			return true
		}
	}
	return false
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	w := &walk{t: t, dir: t.TempDir(), sandbox: freeAddress(t)}
	gateway, hooks := freeAddress(t), freeAddress(t)
	w.ports = strings.NewReplacer("127.0.0.1:18080", w.sandbox, "127.0.0.1:9000", hooks)
	w.client = &client{url: "http://" + gateway, token: "sandbox-platform-token", provider: "northwind", http: http.DefaultClient}
	w.blocks = chapter(t)
	build := exec.Command("go", "build", "-o", filepath.Join(w.dir, "bin")+"/",
		"./gateway", "./plugins/exchangeonline/cmd/...", "./plugins/exchangeonprem/cmd/...", "./examples/sandbox", "./examples/platform")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	config, err := os.ReadFile("../../gateway.hcl")
	if err != nil {
		t.Fatal(err)
	}
	w.write("gateway.hcl", string(config))
	w.open([]string{
		"GATEWAY_LISTEN=" + gateway, "GATEWAY_PUBLIC_URL=http://" + gateway, "GATEWAY_URL=http://" + gateway,
		"NORTHWIND_GRAPH_URL=http://" + w.sandbox + "/graph", "NORTHWIND_LOGIN_URL=http://" + w.sandbox + "/login",
		"LAKESIDE_EWS_URL=http://" + w.sandbox + "/EWS/Exchange.asmx",
	})
	return w
}

// chapter is the code of the README's chapter, in its order. What make builds was built.
func chapter(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## Connect your platform")
	rest, _, ends := strings.Cut(rest, "\n## ")
	if !found || !ends {
		t.Fatal("the README has no chapter on platforms")
	}
	var out []block
	for _, m := range regexp.MustCompile("(?s)\n```(sh|hcl)\n(.*?)```").FindAllStringSubmatch(rest, -1) {
		out = append(out, block{m[1], strings.TrimPrefix(m[2], "make build\n")})
	}
	return out
}

// freeAddress is an address on this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// open starts the shell, and ends it and everything that it started in the end.
func (w *walk) open(env []string) {
	w.t.Helper()
	screen, err := os.Create(filepath.Join(w.dir, "screen"))
	if err != nil {
		w.t.Fatal(err)
	}
	shell := exec.Command("sh", "-e")
	shell.Dir, shell.Env, shell.Stdout, shell.Stderr = w.dir, append(os.Environ(), env...), screen, screen
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := shell.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.shell = stdin
	w.t.Cleanup(func() {
		w.end(shell)
		_ = screen.Close() // only written to by the shell
		if w.t.Failed() {
			w.t.Logf("the screen:\n%s\nthe gateway's log:\n%s", w.read("screen"), w.read("gateway.log"))
		}
	})
}

// end asks the shell's group of processes to end, and waits until it has.
func (w *walk) end(shell *exec.Cmd) {
	group := -shell.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended
	_ = shell.Wait()                         // by the signal
	for until := time.Now().Add(patience); syscall.Kill(group, 0) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			w.t.Error("the programs do not end when asked to")
			_ = syscall.Kill(group, syscall.SIGKILL)
			return
		}
	}
}

// next executes the next block of the README.
func (w *walk) next() {
	w.t.Helper()
	w.run(w.take("sh"))
}

func (w *walk) take(language string) string {
	w.t.Helper()
	if len(w.blocks) == 0 || w.blocks[0].language != language {
		w.t.Fatalf("the README goes on in another way: want %s, left are %+v", language, w.blocks)
	}
	text := w.blocks[0].text
	w.blocks = w.blocks[1:]
	return w.ports.Replace(text)
}

// run has the shell execute commands, and waits until it has. One that fails ends the
// shell.
func (w *walk) run(commands string) {
	w.t.Helper()
	w.marks++
	mark := fmt.Sprintf("done-%d", w.marks)
	if _, err := fmt.Fprintf(w.shell, "%s\n: > %s\n", commands, mark); err != nil {
		w.t.Fatalf("the shell has ended: %v", err)
	}
	w.until("executed: "+commands, func() bool {
		_, err := os.Stat(filepath.Join(w.dir, mark))
		return err == nil
	})
}

// configure puts the README's next block of HCL into the block "api".
func (w *walk) configure() {
	w.t.Helper()
	before := w.read("gateway.hcl")
	after := strings.Replace(before, "\napi {\n", "\napi {\n"+w.take("hcl"), 1)
	if after == before {
		w.t.Fatal("gateway.hcl has no block api")
	}
	w.write("gateway.hcl", after)
}

// until waits for something to become true.
func (w *walk) until(what string, true_ func() bool) {
	w.t.Helper()
	for until := time.Now().Add(patience); !true_(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			w.t.Fatalf("it did not come true: %s", what)
		}
	}
}

// shown is whether the screen shows what matches a pattern.
func (w *walk) shown(pattern string) func() bool {
	re := regexp.MustCompile(`(?m)` + pattern)
	return func() bool { return re.MatchString(w.read("screen")) }
}

// follows is whether the follower knows of an appointment.
func (w *walk) follows(text string) func() bool {
	return func() bool {
		m, err := load(filepath.Join(w.dir, "feed.json"))
		return err == nil && holds(m, text)
	}
}

// busy is the line that shows a time in London, on the README's day, as busy.
func (w *walk) busy(from, to string) string {
	w.t.Helper()
	at := func(clock, layout string) string {
		london, err := time.LoadLocation("Europe/London")
		if err != nil {
			w.t.Fatal(err)
		}
		instant, err := time.ParseInLocation("2006-01-02T15:04", w.day()+"T"+clock, london)
		if err != nil {
			w.t.Fatal(err)
		}
		return instant.UTC().Format(layout)
	}
	return regexp.QuoteMeta(fmt.Sprintf("northwind/ana  %s - %s  busy", at(from, "2006-01-02 15:04"), at(to, "2006-01-02 15:04 MST")))
}

// day is the README's, as it is in the course.
func (w *walk) day() string {
	w.t.Helper()
	var course struct{ Start string }
	if err := json.Unmarshal([]byte(w.read("course.json")), &course); err != nil {
		w.t.Fatal(err)
	}
	day, _, _ := strings.Cut(course.Start, "T")
	return day
}

func (w *walk) items() string {
	return "http://" + w.sandbox + "/control/mailboxes/ana@northwind.example/items"
}

// subjects are those of Ana's calendar.
func (w *walk) subjects() []string {
	w.t.Helper()
	answer, err := http.Get(w.items())
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct{ Items []struct{ Subject string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, i := range list.Items {
		out = append(out, i.Subject)
	}
	return out
}

// book makes an appointment in Ana's calendar, at an hour of the README's day before the
// course.
func (w *walk) book(hour int, subject string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"subject": %q, "start": "%sT%02d:00", "end": "%sT%02d:30"}`, subject, w.day(), hour+3, w.day(), hour+3)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.items(), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		w.t.Fatalf("book %s: %s", subject, answer.Status)
	}
}

// read returns a file of the folder, empty while there is none.
func (w *walk) read(name string) string {
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return string(data)
}

func (w *walk) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}
