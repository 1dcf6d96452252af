package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/sdk"
)

// backends are the plugins that judge the settings of the examples.
var backends = map[string]sdk.Backend{
	"exchange-online": exchangeonline.New(),
	"exchange-onprem": exchangeonprem.New(),
}

// validate loads a configuration and has the plugins look at its accounts.
func validate(t *testing.T, path string, env func(string) (string, bool)) *config.Config {
	t.Helper()
	cfg, diags := config.Load(path, config.Options{
		Now:       func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		LookupEnv: env,
	})
	for _, p := range cfg.Providers {
		for _, a := range p.Accounts {
			diags = append(diags, validateAccount(t, a, cfg.EvalContext)...)
		}
	}
	if len(diags) > 0 {
		var text strings.Builder
		if err := config.WriteDiagnostics(&text, diags, cfg.Files, config.Style{}); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s is not valid:\n%s", path, text.String())
	}
	return cfg
}

func validateAccount(t *testing.T, a config.Account, eval *hcl.EvalContext) hcl.Diagnostics {
	t.Helper()
	backend, ok := backends[a.Service]
	if !ok {
		t.Fatalf("no plugin of %s", a.Service)
	}
	settings, diags := config.DecodeSettings(a.Settings, a.SettingsRange, backend.Describe().Settings, eval)
	if diags.HasErrors() {
		return diags
	}
	account, err := backend.Open(t.Context(), sdk.OpenRequest{Name: a.Name(), MasterAccount: a.MasterAccount, Settings: settings})
	if err != nil {
		t.Errorf("%s: %v", a.Name(), err)
		return diags
	}
	if err := account.Close(); err != nil {
		t.Errorf("%s: %v", a.Name(), err)
	}
	return diags
}

// TestRootConfiguration: the configuration beside the README works as it stands, uses
// both plugins, and has trainers of every direction.
func TestRootConfiguration(t *testing.T) {
	cfg := validate(t, "../../../gateway.hcl", func(string) (string, bool) { return "", false })
	services, directions := map[string]bool{}, map[config.Direction]bool{}
	active := 0
	for _, p := range cfg.Providers {
		for _, tr := range p.Trainers {
			services[tr.Service], directions[tr.Direction] = true, true
			if tr.Active() {
				active++
			}
		}
	}
	if len(cfg.Providers) != 2 || len(services) != 2 || len(directions) != 4 || active < 12 {
		t.Errorf("%d providers, services %v, directions %v, %d active trainers; want 2, 2, 4 and at least 12",
			len(cfg.Providers), services, directions, active)
	}
}

// TestExamples: every example is valid as it stands, with the variables it names set.
func TestExamples(t *testing.T) {
	paths, err := filepath.Glob("../../../examples/*.hcl")
	if err != nil || len(paths) < 5 {
		t.Fatalf("examples %v: %v", paths, err)
	}
	for _, path := range append(paths, "../../../examples/one-file-per-provider") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			secrets := func(name string) (string, bool) { return "set", !strings.HasPrefix(name, "OTEL_") }
			validate(t, withoutSecretFiles(t, path), secrets)
		})
	}
}

// withoutSecretFiles copies an example and makes the secrets that it reads from files
// outside of it.
func withoutSecretFiles(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	source := path
	if filepath.Ext(path) == ".hcl" {
		source = filepath.Dir(path)
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{".hcl", ".csv"}, filepath.Ext(e.Name())) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(source, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.ReplaceAll(string(text), `file("/run/secrets/`, `file("secret-`)
		if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secret-lakeside_password"), []byte("set\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if source == path {
		return dir
	}
	return filepath.Join(dir, filepath.Base(path))
}
