package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

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
	fmt.Print(g.hints(sim, file))
	if err := g.run(ctx, []int{0}, "serve"); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// hints says what to try, in commands for another terminal.
func (g *gateway) hints(sim *exchangesim.Server, schedule string) string {
	tomorrow := sim.World().Now().AddDate(0, 0, 1).Format(time.DateOnly)
	return fmt.Sprintf(`   Each of these is followed within 15 seconds; try them in another terminal.
   Book something in Ana's calendar:
     curl %s/mailboxes/ana@northwind.example/items -d '{"subject": "Dentist", "start": "%sT15:00", "end": "%sT16:00"}'
   Edit the schedule, and import it:
     %s=sqlite://%s %s import --config %s %s
   Look at what was done: the same with "status" or "runs last" instead of the import.
   Ctrl-C ends it.
`, sim.ControlURL(), tomorrow, tomorrow, stateVariable, g.state, g.program, g.config, schedule)
}
