package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// yesFlag adds the flag that answers the question before it is asked.
func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do not ask")
}

// errNotConfirmed ends a command that asked and was not told to go on.
var errNotConfirmed = errors.New("not confirmed; nothing was changed. With --yes it does not ask")

// confirm asks on stderr and reads the answer.
func (c *cli) confirm(question string) error {
	fmt.Fprintf(c.Stderr, "%s [y/N] ", question)
	if c.Stdin == nil {
		return errNotConfirmed
	}
	line, err := bufio.NewReader(io.LimitReader(c.Stdin, 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}

// errNobodyToAsk refuses to mix a question into a document.
var errNobodyToAsk = errors.New("with --json nobody is asked: add --yes")

// question is what is asked before work is done on calendars.
type question struct {
	// nothing is said when a plan finds nothing to do, ask is asked otherwise.
	nothing, ask string
}

// doWork shows what work would do, asks, has it done and shows the run.
func (c *cli) doWork(w app.Work, yes bool, q question) (err error) {
	if c.json && !yes {
		return errNobodyToAsk
	}
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	if !yes {
		agreed, err := c.preview(a, w, q)
		if err != nil || agreed == nil {
			return err
		}
		w = *agreed
	}
	return c.watched(a, func(watch app.Watcher) (store.Run, error) { return a.DoWork(c.Abort, w, watch) })
}

// preview shows a plan and asks, and returns the work as it was shown; nil when there is
// nothing to do.
func (c *cli) preview(a *app.App, w app.Work, q question) (*app.Work, error) {
	plans, err := a.PlanWork(c.Drain, w)
	if err != nil {
		return nil, err
	}
	shown, n, err := c.planned(a, plans)
	if err != nil {
		return nil, err
	}
	if err := c.printPlan(shown, n); err != nil {
		return nil, err
	}
	switch {
	case planCode(shown) == exitOK:
		_, err := fmt.Fprintln(c.Stdout, q.nothing)
		return nil, err
	case changesOf(shown) == 0:
		c.code = exitError // every trainer with something to do is failing
		return nil, nil
	}
	w = w.Shown(plans)
	return &w, c.confirm(q.ask)
}

// watched makes a run with progress and shows its record.
func (c *cli) watched(a *app.App, do func(app.Watcher) (store.Run, error)) error {
	if c.Drain.Err() != nil {
		return errors.New("interrupted before the run began; nothing was changed")
	}
	shown := newProgress(c.Stderr)
	defer c.sayInterrupted()()
	run, err := do(app.Watcher{
		Begun:   shown.begin,
		Trainer: func(store.RunTrainer) { shown.step() },
		Handed:  func() { fmt.Fprintln(c.Stderr, "the running gateway serve makes this run") },
	})
	shown.clear()
	if run.ID == "" {
		return err
	}
	return errors.Join(c.showRun(a, run), err)
}
