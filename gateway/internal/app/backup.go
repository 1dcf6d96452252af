package app

import (
	"context"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
)

// checkState refuses to serve a state that does not hold together: what is written into
// such a one may be lost.
func (a *App) checkState(ctx context.Context) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	checked, can := state.(interface {
		Check(ctx context.Context) error
	})
	if !can {
		return nil // a database server looks after itself
	}
	began := time.Now()
	if err := checked.Check(ctx); err != nil {
		return fmt.Errorf("check the state before it is served: %w", err)
	}
	a.noted(func(u *Upkeep) { u.Checked = a.opts.Now().UTC() })
	a.opts.Log.Debug("the state holds together", "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// Backup copies the state into a new file and returns its size, also while a serve
// changes it; see [sqlite.Backup]. Status tells of it afterwards.
func (a *App) Backup(ctx context.Context, file string) (int64, error) {
	size, err := sqlite.Backup(ctx, a.Config().State.Path, file)
	if err == nil {
		a.noted(func(u *Upkeep) { u.Backup = &BackupNote{At: a.opts.Now().UTC(), File: file, Bytes: size} })
	}
	return size, err
}
