package app

import (
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// What only a start can change is refused by a reload, and not ignored.
func TestReloadRefusesWhatOnlyAStartCanChange(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"installation": func(c *config.Config) { c.Installation = "other" },
		"state":        func(c *config.Config) { c.State.Path = "/elsewhere.db" },
		"telemetry":    func(c *config.Config) { c.Telemetry.TracesEndpoint = "http://127.0.0.1:4318" },
		"listen":       func(c *config.Config) { c.API.Listen = "127.0.0.1:1" },
		"certificate":  func(c *config.Config) { c.API.CertFile = "/other.crt" },
	} {
		next := twoProviders()
		change(next)
		if diags := fixed(twoProviders(), next); len(diags) != 1 || !diags.HasErrors() {
			t.Errorf("%s: %v", name, diags)
		}
	}
	next := twoProviders()
	next.Telemetry.KeepRuns++
	next.Sync.Interval++
	if diags := fixed(twoProviders(), next); len(diags) != 0 {
		t.Errorf("what can be changed: %v", diags)
	}
}
