package pluginhost

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
	"github.com/trainercal/trainercal/sdk/serve"
)

// asPlugin makes the test program a plugin.
const asPlugin = "PLUGINHOST_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		serve.Main(fakeBackend{})
		return
	}
	goleak.VerifyTestMain(m)
}

var fakeDescription = sdk.Description{
	Service: "caldav", Version: "1.2.3", Summary: "a test", Capabilities: []string{"watch"},
	Settings: schema.Schema{Attributes: []schema.Attribute{
		{Name: "url", Type: schema.String, Required: true, Help: "Where the server is."},
		{Name: "password", Type: schema.String, Sensitive: true},
	}},
}

// fakeBackend is the plugin of the test program.
type fakeBackend struct{}

func (fakeBackend) Describe() sdk.Description { return fakeDescription }

func (fakeBackend) Open(context.Context, sdk.OpenRequest) (sdk.Account, error) {
	return &fakeAccount{}, nil
}

// fakeProcess is a plugin without a process.
type fakeProcess struct {
	world *world
	done  chan struct{}
	once  sync.Once
}

func (p *fakeProcess) Describe(ctx context.Context) (sdk.Description, error) {
	return p.world.describe(ctx)
}

func (p *fakeProcess) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	a := &fakeAccount{name: req.Name, world: p.world, settings: string(req.Settings)}
	if err := p.world.open(ctx, a); err != nil {
		return nil, err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.world.accounts = append(p.world.accounts, a)
	return a, nil
}

func (p *fakeProcess) Flush(context.Context) error {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.world.flushed++
	return nil
}

func (p *fakeProcess) Done() <-chan struct{} { return p.done }

func (p *fakeProcess) Kill() { p.once.Do(func() { close(p.done) }) }

// fakeAccount answers every call as its world says.
type fakeAccount struct {
	name, settings string
	world          *world
	closed         bool
}

func (a *fakeAccount) called(ctx context.Context) (*sdk.Error, error) {
	if a.world == nil {
		return nil, nil
	}
	return a.world.call(ctx, a)
}

func (a *fakeAccount) Verify(ctx context.Context, _ []sdk.Mailbox, emit func(sdk.Check) error) error {
	mailboxErr, err := a.called(ctx)
	if err != nil {
		return err
	}
	outcome := sdk.Passed
	if mailboxErr != nil {
		outcome = sdk.Failed
	}
	return emit(sdk.Check{Step: "credentials", Outcome: outcome})
}

func (a *fakeAccount) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	for _, r := range reqs {
		mailboxErr, err := a.called(ctx)
		if err != nil {
			return err
		}
		page := sdk.ReadPage{Mailbox: r.Mailbox.Address, Err: mailboxErr}
		if mailboxErr == nil {
			page.Complete = &sdk.Complete{Full: true, Covered: r.Window}
		}
		if err := emit(page); err != nil {
			return err
		}
	}
	return nil
}

func (a *fakeAccount) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	mailboxErr, err := a.called(ctx)
	if err != nil {
		return err
	}
	return emit(sdk.GetPage{Mailbox: reqs[0].Mailbox.Address, Err: mailboxErr, Done: mailboxErr == nil})
}

func (a *fakeAccount) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	mailboxErr, err := a.called(ctx)
	if err != nil {
		return err
	}
	return emit(sdk.WriteResult{Mailbox: reqs[0].Mailbox.Address, Operation: "1", Err: mailboxErr})
}

func (a *fakeAccount) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	mailboxErr, err := a.called(ctx)
	if err != nil {
		return err
	}
	return emit(sdk.FindPage{Mailbox: reqs[0].Mailbox.Address, Err: mailboxErr, Done: mailboxErr == nil})
}

func (a *fakeAccount) Close() error {
	if a.world != nil {
		a.world.mu.Lock()
		defer a.world.mu.Unlock()
	}
	a.closed = true
	return nil
}

// world decides what the fakes do and remembers what they did. A nil function
// stands for success.
type world struct {
	onLaunch   func(ctx context.Context, service string) error
	onDescribe func(ctx context.Context) (sdk.Description, error)
	onOpen     func(ctx context.Context, a *fakeAccount) error
	// onCall answers with an error of the mailbox, or of the whole call.
	onCall func(ctx context.Context, a *fakeAccount) (*sdk.Error, error)

	mu        sync.Mutex
	processes []*fakeProcess
	accounts  []*fakeAccount
	calls     int
	flushed   int
}

func (w *world) launch(ctx context.Context, service string) (Process, error) {
	if w.onLaunch != nil {
		if err := w.onLaunch(ctx, service); err != nil {
			return nil, err
		}
	}
	p := &fakeProcess{world: w, done: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.processes = append(w.processes, p)
	return p, nil
}

func (w *world) describe(ctx context.Context) (sdk.Description, error) {
	if w.onDescribe != nil {
		return w.onDescribe(ctx)
	}
	return fakeDescription, nil
}

func (w *world) open(ctx context.Context, a *fakeAccount) error {
	if w.onOpen != nil {
		return w.onOpen(ctx, a)
	}
	return nil
}

func (w *world) call(ctx context.Context, a *fakeAccount) (*sdk.Error, error) {
	w.mu.Lock()
	w.calls++
	w.mu.Unlock()
	if w.onCall != nil {
		return w.onCall(ctx, a)
	}
	return nil, nil
}

// process returns the newest process.
func (w *world) process() *fakeProcess {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.processes[len(w.processes)-1]
}

func (w *world) count() (processes, accounts, calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.processes), len(w.accounts), w.calls
}

// twoAccounts is a configuration with the accounts a/caldav and b/caldav.
const twoAccounts = `installation = "x"
provider "a" {
  timezone = "Europe/London"
  account "caldav" {
    master_account = "c@a.example"
    settings {
      url      = "https://a.example"
      password = env("A")
    }
  }
}
provider "b" {
  timezone = "Europe/London"
  account "caldav" {
    master_account = "c@b.example"
    settings {
      url      = "https://b.example"
      password = "hunter2"
    }
  }
}
`

// load reads a configuration.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	path := t.TempDir() + "/gateway.hcl"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, diags := config.Load(path, config.Options{LookupEnv: func(name string) (string, bool) { return "from " + name, true }})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return cfg
}

func specs(cfg *config.Config) []Spec {
	var out []Spec
	for _, p := range cfg.Providers {
		for _, a := range p.Accounts {
			out = append(out, SpecOf(a))
		}
	}
	return out
}

// newHost makes a host of the configuration's accounts in the world, closed at the
// end of the test.
func newHost(t *testing.T, w *world, text string) *Host {
	t.Helper()
	cfg := load(t, text)
	h := New(Options{Setup: Setup{Launch: w.launch, Accounts: specs(cfg), Eval: cfg.EvalContext}})
	t.Cleanup(h.Close)
	return h
}

// says writes diagnostics as "line:column severity: summary".
func says(diags hcl.Diagnostics) []string {
	var out []string
	for _, d := range config.Explain(diags, nil) {
		out = append(out, fmt.Sprintf("%d:%d %s: %s", d.Place.Line, d.Place.Column, d.Severity, d.Summary))
	}
	return out
}
