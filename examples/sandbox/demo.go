package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// runDemo schedules the week and keeps the gateway serving until interrupted.
func runDemo(ctx context.Context, o options, sim *exchangesim.Server) error {
	dir, err := os.MkdirTemp("", "sandbox-")
	if err != nil {
		return fmt.Errorf("make a folder for the gateway's state: %w", err)
	}
	defer os.RemoveAll(dir)
	g := newGateway(o, sim, filepath.Join(dir, "gateway.db"))
	g.env = append(g.env, "GATEWAY_INTERVAL=15s")
	file := filepath.Join(dir, "schedule.json")
	if err := writeSchedule(file, newSchedule(sim.World().Now())); err != nil {
		return err
	}
	if err := g.run(ctx, []int{0}, "import", file); err != nil {
		return err
	}
	say("Everybody's week: %s/", sim.URL())
	fmt.Println("   Edit a calendar there, or the schedule in", file, "and run gateway import: each is followed within 15 seconds.")
	fmt.Println("   Ctrl-C ends it.")
	if err := g.run(ctx, []int{0}, "serve"); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
