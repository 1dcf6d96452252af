package pluginhost

import (
	"context"
	"slices"
	"sync"
)

// Installed is what is known of a service's plugin.
type Installed struct {
	Service string `json:"service"`
	// Program is the path of the plugin's program; empty when it was not found.
	Program      string   `json:"program,omitempty"`
	Version      string   `json:"version,omitempty"`
	Summary      string   `json:"summary,omitempty"`
	Capabilities []string `json:"capabilities,omitempty"`
	// Problem says why the plugin cannot be used; empty when it can.
	Problem string `json:"problem,omitempty"`
}

// Installed returns the plugins of the configuration and those beside the gateway,
// by service. Each is started to ask what it is.
func (h *Host) Installed(ctx context.Context, l Launcher) ([]Installed, error) {
	services, err := l.Services()
	if err != nil {
		return nil, err
	}
	out := make([]Installed, len(services))
	var wg sync.WaitGroup
	for i, service := range services {
		wg.Go(func() { out[i] = h.installed(ctx, l, service) })
	}
	wg.Wait()
	return out, nil
}

func (h *Host) installed(ctx context.Context, l Launcher, service string) Installed {
	out := Installed{Service: service}
	program, err := l.Finder.Find(l.plugin(service))
	if err != nil {
		out.Problem = err.Error()
		return out
	}
	out.Program = program
	d, err := h.Describe(ctx, service)
	if err != nil {
		out.Problem = err.Error()
		return out
	}
	out.Version, out.Summary, out.Capabilities = d.Version, d.Summary, d.Capabilities
	return out
}

// Services returns the services of the configuration's plugins and of those beside
// the gateway, by name.
func (l Launcher) Services() ([]string, error) {
	services, err := l.Finder.Services()
	if err != nil {
		return nil, err
	}
	for _, p := range l.Plugins {
		services = append(services, p.Service)
	}
	slices.Sort(services)
	return slices.Compact(services), nil
}
