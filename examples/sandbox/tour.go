package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// tour is the story that --tour tells.
type tour struct {
	sim      *exchangesim.Server
	gateway  *gateway
	schedule schedule
	file     string
	// seen is each calendar's place in its change log when it was last looked at.
	seen changes
}

// takeTour runs the gateway through a week's story and checks it from the calendars'
// side: what the gateway says of itself is only shown.
func takeTour(ctx context.Context, o options, sim *exchangesim.Server) error {
	dir, err := os.MkdirTemp("", "sandbox-")
	if err != nil {
		return fmt.Errorf("make a folder for the gateway's state: %w", err)
	}
	defer os.RemoveAll(dir)
	t := &tour{
		sim: sim, gateway: newGateway(o, sim, filepath.Join(dir, "gateway.db")),
		schedule: newSchedule(sim.World().Now()), file: filepath.Join(dir, "schedule.json"),
	}
	for _, step := range []func(context.Context) error{t.check, t.firstSync, t.secondSync, t.theDayGoesOn, t.look} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// say is the tour's own voice, apart from the gateway's output.
func say(format string, args ...any) { fmt.Printf("\n── "+format+"\n", args...) }

func (t *tour) check(ctx context.Context) error {
	say("Two Exchange worlds are up, with %d mailboxes between them: Microsoft Graph at %s and EWS at %s.",
		len(t.sim.World().Mailboxes()), t.sim.GraphURL(), t.sim.EWSURL())
	say("Is the configuration sound, and can every calendar be reached?")
	if err := t.gateway.run(ctx, []int{0}, "validate"); err != nil {
		return err
	}
	return t.gateway.run(ctx, []int{0}, "verify")
}

func (t *tour) firstSync(ctx context.Context) error {
	say("The training platform schedules a week of courses.")
	if err := t.importSchedule(ctx); err != nil {
		return err
	}
	before := look(t.sim.World())
	say("The first run writes the courses into the calendars and reads the trainers' own time.")
	if err := t.gateway.run(ctx, []int{0}, "sync"); err != nil {
		return err
	}
	if err := expectItems(t.sim.World(), t.schedule); err != nil {
		return err
	}
	if err := before.expectUntouched(t.sim.World(), inactive); err != nil {
		return err
	}
	t.seen = look(t.sim.World())
	return nil
}

func (t *tour) secondSync(ctx context.Context) error {
	say("Nothing has changed, so a second run writes nothing.")
	if err := t.gateway.run(ctx, []int{0}, "sync"); err != nil {
		return err
	}
	if err := t.seen.expectUntouched(t.sim.World(), nil); err != nil {
		return err
	}
	say("Checked in the calendars: no item was written.")
	return nil
}

func (t *tour) theDayGoesOn(ctx context.Context) error {
	say("The day goes on. In the calendars: Ana deletes the forklift course, Jonas drags the crane course to another hour,")
	fmt.Println("   Ben adds a private appointment, Ida cancels the dentist.")
	fmt.Println("   On the platform: First Aid is cancelled, and Mira takes the webinar over from Ida.")
	if err := editCalendars(t.sim.World()); err != nil {
		return err
	}
	t.schedule.change()
	if err := t.importSchedule(ctx); err != nil {
		return err
	}
	say("The plan says what a run would do, and why; it writes nothing.")
	if err := t.gateway.run(ctx, []int{2}, "plan"); err != nil {
		return err
	}
	if err := t.gateway.run(ctx, []int{0}, "sync"); err != nil {
		return err
	}
	return expectItems(t.sim.World(), t.schedule)
}

// look shows what is left to read, and makes sure that nobody was mailed.
func (t *tour) look(ctx context.Context) error {
	id, err := t.lastRun(ctx)
	if err != nil {
		return err
	}
	say("One run is one trace across the gateway, the plugins and their requests.")
	if err := t.gateway.run(ctx, []int{0}, "trace", id); err != nil {
		return err
	}
	// 2: on a tour no gateway serve runs, which status says needs somebody.
	if err := t.gateway.run(ctx, []int{2}, "status"); err != nil {
		return err
	}
	if mails := t.sim.World().Outbox(); len(mails) > 0 {
		return fmt.Errorf("the calendars sent %d mails, the first a %s", len(mails), mails[0].Kind)
	}
	say("Checked in the calendars: every course is there once, nobody was mailed. `make demo` keeps it all running to play with.")
	return nil
}

func (t *tour) importSchedule(ctx context.Context) error {
	if err := writeSchedule(t.file, t.schedule); err != nil {
		return err
	}
	return t.gateway.run(ctx, []int{0}, "import", t.file)
}

// lastRun is the id of the newest run.
func (t *tour) lastRun(ctx context.Context) (string, error) {
	out, err := t.gateway.output(ctx, "runs", "--json")
	if err != nil {
		return "", err
	}
	var runs []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(out, &runs); err != nil {
		return "", fmt.Errorf("read what gateway runs --json printed: %w", err)
	}
	if len(runs) == 0 {
		return "", errors.New("gateway runs --json named no run")
	}
	return runs[0].ID, nil
}
