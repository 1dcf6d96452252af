package host_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/host"
)

func TestLaunchDescribeKill(t *testing.T) {
	p := launch(t, options(t))
	d, err := p.Describe(t.Context())
	if err != nil || d.Service != "fake" || d.Settings.Attributes[0].Default != int64(1<<60) {
		t.Fatalf("Describe: %+v, %v", d, err)
	}
	if _, err := p.Open(t.Context(), sdk.OpenRequest{Name: "locked"}); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("Open: %v, want ErrCredentials", err)
	}
	var refused *sdk.SettingsError
	if _, err := p.Open(t.Context(), sdk.OpenRequest{Name: "refused"}); !errors.As(err, &refused) || refused.Diagnostics[0].Path[0] != "limit" {
		t.Errorf("Open: %v, want a SettingsError that names limit", err)
	}
	if err := read(t, p, "plain"); err != nil {
		t.Errorf("Read: %v", err)
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Errorf("Flush: %v", err)
	}
	p.Kill()
	<-p.Done()
	if _, err := p.Describe(t.Context()); !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("Describe after Kill: %v, want ErrPluginDied", err)
	}
	p.Kill() // a second time is harmless
}

// read opens the account and reads a mailbox.
func read(t *testing.T, p *host.Process, name string) error {
	t.Helper()
	return readFrom(t, opened(t, p, name))
}

func opened(t *testing.T, p *host.Process, name string) sdk.Account {
	t.Helper()
	a, err := p.Open(t.Context(), sdk.OpenRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readFrom(t *testing.T, a sdk.Account) error {
	t.Helper()
	return readIn(t.Context(), a)
}

func readIn(ctx context.Context, a sdk.Account) error {
	start := time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC)
	req := sdk.ReadRequest{
		Mailbox: sdk.Mailbox{Address: "ana@northwind.example"}, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
		Window: calendar.Window{Start: start, End: start.AddDate(0, 1, 0)},
	}
	return a.Read(ctx, []sdk.ReadRequest{req}, func(p sdk.ReadPage) error {
		if p.Err != nil {
			return p.Err
		}
		return nil
	})
}

// TestPluginThatDies is L3: a plugin that ends is told as such, and no call hangs on it.
func TestPluginThatDies(t *testing.T) {
	for _, how := range []string{"dies", "spawns"} {
		p := launch(t, options(t))
		if err := read(t, p, how); !errors.Is(err, sdk.ErrPluginDied) {
			t.Errorf("%s: %v, want ErrPluginDied", how, err)
		}
		<-p.Done()
		if _, err := p.Open(t.Context(), sdk.OpenRequest{}); !errors.Is(err, sdk.ErrPluginDied) {
			t.Errorf("Open in a dead plugin: %v, want ErrPluginDied", err)
		}
	}
}

func TestPluginThatPanics(t *testing.T) {
	p := launch(t, options(t))
	if err := read(t, p, "panics"); !errors.Is(err, sdk.ErrInternal) || strings.Contains(err.Error(), "Biopsy") {
		t.Errorf("a panic: %v, want ErrInternal without its value", err)
	}
	if err := read(t, p, "plain"); err != nil {
		t.Errorf("the call after: %v", err)
	}
}

// A plugin gets the short list, and what the operator added; no secret of the host.
func TestEnvironment(t *testing.T) {
	t.Setenv("GATEWAY_TOKEN", "t0p")
	t.Setenv("https_proxy", "")
	t.Setenv("SSL_CERT_DIR", "/certificates")
	o := options(t)
	o.Env = []string{"ADDED=1"}
	p := launch(t, o)
	a, err := p.Open(t.Context(), sdk.OpenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := a.Verify(t.Context(), nil, func(c sdk.Check) error { names = append(names, c.Step); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PATH", "https_proxy", "SSL_CERT_DIR", "ADDED"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if slices.Contains(names, "GATEWAY_TOKEN") {
		t.Error("the host's GATEWAY_TOKEN reached the plugin")
	}
}

func TestPinnedChecksum(t *testing.T) {
	o := options(t)
	program, err := os.ReadFile(o.Command)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	o.SHA256 = hex.EncodeToString(sum[:])
	launch(t, o)
	sum[0]++
	for _, wrong := range []string{hex.EncodeToString(sum[:]), "abc", "zz"} {
		o.SHA256 = wrong
		if _, err := host.Launch(t.Context(), o); !errors.Is(err, sdk.ErrInvalidSettings) {
			t.Errorf("checksum %q: %v, want ErrInvalidSettings", wrong, err)
		}
	}
}

func TestLaunchFails(t *testing.T) {
	given, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		bend func(*host.Options)
		want error
	}{
		"no program":         {t.Context(), func(o *host.Options) { o.Command = filepath.Join(o.RunDir, "none") }, sdk.ErrPluginDied},
		"another program":    {t.Context(), func(o *host.Options) { o.Args = []string{"stranger"} }, sdk.ErrPluginDied},
		"no handshake":       {t.Context(), func(o *host.Options) { o.Args, o.StartTimeout = []string{"mute"}, 100*time.Millisecond }, sdk.ErrPluginDied},
		"given up":           {given, func(o *host.Options) { o.Args = []string{"mute"} }, context.Canceled},
		"run dir for all":    {t.Context(), func(o *host.Options) { _ = os.Chmod(o.RunDir, 0o755) }, sdk.ErrInvalidSettings},
		"run dir a link":     {t.Context(), func(o *host.Options) { o.RunDir = linkTo(t, o.RunDir) }, sdk.ErrInvalidSettings},
		"run dir too long":   {t.Context(), func(o *host.Options) { o.RunDir = "/tmp/" + strings.Repeat("x", 100) }, sdk.ErrInvalidSettings},
		"run dir unspecific": {t.Context(), func(o *host.Options) { o.RunDir = "run" }, sdk.ErrInvalidSettings},
	} {
		o := options(t)
		c.bend(&o)
		p, err := host.Launch(c.ctx, o)
		if !errors.Is(err, c.want) || p != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "t0p") {
			t.Errorf("%s: the program's output is repeated with its token: %v", name, err)
		}
	}
}

// What the plugin logs and prints reaches the host's log without its free text.
func TestLogOfAPlugin(t *testing.T) {
	var log syncBuffer
	o := options(t)
	o.Logger = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug})
	p := launch(t, o)
	if err := read(t, p, "plain"); err != nil {
		t.Fatal(err)
	}
	p.Kill() // ends the reading of the log
	if strings.Contains(log.String(), "Biopsy") {
		t.Errorf("a free field reached the log:\n%s", log.String())
	}
	if !strings.Contains(log.String(), "read: plugin=host.test mailboxes=1") {
		t.Errorf("a listed field did not reach the log:\n%s", log.String())
	}
}

// linkTo is a link to a folder.
func linkTo(t *testing.T, dir string) string {
	t.Helper()
	link := filepath.Join(runDir(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	return link
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
