package pluginhost

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// TestValidate: what the schema and the plugin say comes back with its place, for
// every account, and nothing stays open.
func TestValidate(t *testing.T) {
	text := strings.Replace(twoAccounts, `url      = "https://a.example"`, `adress   = "https://a.example"`, 1)
	cfg := load(t, text)
	w := &world{onOpen: func(_ context.Context, a *fakeAccount) error {
		return &sdk.SettingsError{Diagnostics: []schema.Diagnostic{
			{Severity: schema.Error, Summary: "no such server", Path: []string{"url"}},
			{Severity: schema.Warning, Summary: "weak", Path: []string{"password"}},
			{Severity: schema.Error, Summary: "all of it"},
		}}
	}}
	h := New(Options{Setup: Setup{Launch: w.launch, Accounts: specs(cfg), Eval: cfg.EvalContext}})
	defer h.Close()
	diags := h.Validate(t.Context())
	want := []string{
		"6:5 error: Missing required argument", "7:7 error: Unsupported argument",
		"16:5 error: all of it", "17:18 error: no such server",
		"18:7 warning: Secret in the configuration", "18:18 warning: weak",
	}
	if diff := cmp.Diff(want, says(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	var shown strings.Builder
	if err := config.WriteDiagnostics(&shown, diags, cfg.Files, config.Style{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), "hunter2") {
		t.Errorf("a secret is shown:\n%s", shown.String())
	}
}

// TestValidateLeavesAccountsAlone: it closes what it opens, and what runs use stays.
func TestValidateLeavesAccountsAlone(t *testing.T) {
	w := &world{}
	h := newHost(t, w, twoAccounts)
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Fatal(err)
	}
	if diags := h.Validate(t.Context()); diags.HasErrors() {
		t.Fatal(diags)
	}
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Fatal(err)
	}
	var closed []bool
	for _, a := range w.accounts {
		closed = append(closed, a.closed)
	}
	if diff := cmp.Diff([]bool{false, true, true}, closed); diff != "" {
		t.Errorf("closed (-want +got):\n%s", diff)
	}
}

// TestValidateWithoutPlugin: said once for all accounts of the service; a program
// that is not there was reported when the configuration was loaded.
func TestValidateWithoutPlugin(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"does not start", sdk.CodePluginDied.New("no handshake"), []string{"4:3 error: Plugin cannot be used"}},
		{"is not there", sdk.CodeInvalidSettings.Wrap(fmt.Errorf("%w: gone", ErrNoProgram), "gone"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{onLaunch: func(context.Context, string) error { return c.err }}
			h := newHost(t, w, twoAccounts)
			if diff := cmp.Diff(c.want, says(h.Validate(t.Context()))); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnusableSettings: a run says where to look.
func TestUnusableSettings(t *testing.T) {
	w := &world{}
	h := newHost(t, w, strings.Replace(twoAccounts, `url      = "https://a.example"`, "", 1))
	err := readOne(t, h, "a/caldav")
	if err == nil || !strings.Contains(err.Error(), "gateway validate") {
		t.Errorf("got %v, want advice to validate", err)
	}
}
