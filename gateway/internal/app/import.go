package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Imported is what an import did.
type Imported struct {
	store.ImportResult
	// Unmapped are trainers that courses name and that have no active mapping: the
	// courses are kept, and pushed when they get one (map-10).
	Unmapped []platform.TrainerID
}

// ErrReplacesNothing: an import that is to replace speaks for no provider, so that it
// would delete nothing, whatever it lacks.
var ErrReplacesNothing = errors.New(`with --replace nothing would be deleted: the files name no provider. ` +
	`Write "provider": "NAME" beside the lists, also beside empty ones`)

// ReadImport reads import files by the configuration's providers and zones. Mistakes in
// them are a [platform.ImportErrors].
func ReadImport(cfg *config.Config, names []string, table platform.TableOptions) (platform.Import, error) {
	opts := platform.ImportOptions{Providers: map[string]*time.Location{}, Table: table}
	for _, p := range cfg.Providers {
		opts.Providers[p.Name] = p.TimeZone
		for _, t := range p.Trainers {
			opts.Trainers = append(opts.Trainers, platform.TrainerName{ID: t.ID, Name: t.Name, Email: t.Email})
		}
	}
	if len(cfg.Providers) == 1 {
		opts.Provider = cfg.Providers[0].Name
	}
	files := make([]platform.File, len(names))
	for i, name := range names {
		data, err := readBounded(name)
		if err != nil {
			return platform.Import{}, fmt.Errorf("read the import file: %w", err)
		}
		files[i] = platform.File{Name: name, Data: data}
	}
	return platform.Decode(files, opts)
}

// readBounded reads a file as far as an import file may be long, and one byte more, so
// that the decoder refuses a longer one.
func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read from
	return io.ReadAll(io.LimitReader(file, platform.MaxImportBytes+1))
}

// Import stores courses and unavailability, here or in the running serve. With
// replace, absence of an object means its deletion, within what the import speaks for.
func (a *App) Import(ctx context.Context, data platform.Import, replace bool) (Imported, error) {
	if replace && len(data.CoursesOf) == 0 && len(data.UnavailabilityOf) == 0 {
		return Imported{}, ErrReplacesNothing
	}
	batch := store.Batch{Import: data, Replace: replace}
	out := Imported{Unmapped: a.Config().Unmapped(data.Courses)}
	err := a.change(ctx, request{Operation: opImport, Import: &batch}, Watcher{},
		func() (err error) {
			out.ImportResult, err = a.store(ctx, batch)
			return err
		},
		func(r reply) { out.ImportResult = *r.Imported })
	return out, err
}

// store stores a batch in this process, which owns the state. What counts as a
// trigger is this process's configuration.
func (a *App) store(ctx context.Context, batch store.Batch) (store.ImportResult, error) {
	state, err := a.own(ctx)
	if err != nil {
		return store.ImportResult{}, err
	}
	batch.RepushOn, batch.Sweeps = map[string][]string{}, map[string]store.Sweep{}
	for _, p := range a.Config().Providers {
		batch.RepushOn[p.Name] = p.Push.Triggers()
		batch.Sweeps[p.Name] = httpapi.SweepOf(p, a.opts.Now())
	}
	defer a.Poke()
	return state.Import(ctx, batch)
}
