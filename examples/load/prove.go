package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// proof is one run of the program.
type proof struct {
	options options
	out     io.Writer
	site    *site
	gateway *process
	client  *client
	figures *figures
	writers []*writer
	person  *person
	// follower reads the feed from its beginning; known and from are the snapshot that
	// was taken in the middle and the position that it leads to.
	follower *follower
	known    []entry
	from     string
	// wrote is how long writes took, settled how long calendars were not true afterwards.
	wrote, settled time.Duration
}

// prove runs everything, prints figures and a verdict, and fails unless all is proven.
func prove(ctx context.Context, o options, out io.Writer) error {
	fmt.Fprintf(out, "load        seed %d: %d trainers, %d writes/s and %d calendar edits/s for %s, latency %s, interval %s, kill %t\n",
		o.seed, o.trainers, o.rate, o.edits, o.length, o.latency, o.interval, o.kill)
	monday := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2)
	s, err := newSite(o, monday)
	if err != nil {
		return err
	}
	defer s.close()
	p := newProof(o, out, s, monday)
	if p.gateway, err = s.serve(ctx, o.programs); err != nil {
		return fmt.Errorf("%w; see %s", err, s.dir)
	}
	err = p.run(ctx)
	if stopped := p.gateway.stop(); stopped != nil {
		p.figures.fail("%v", stopped)
	}
	p.client.http.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("%w; see %s", err, s.dir)
	}
	if err := p.figures.verdict(out); err != nil {
		return fmt.Errorf("%w; the gateway's state and log are in %s", err, s.dir)
	}
	return os.RemoveAll(s.dir)
}

func newProof(o options, out io.Writer, s *site, monday time.Time) *proof {
	f := newFigures()
	p := &proof{options: o, out: out, site: s, figures: f, client: newClient("http://"+s.listen, token, f, o.kill)}
	p.follower = &follower{client: p.client}
	p.person = newPerson(s.boxes, o, monday, f)
	for n := range writers {
		p.writers = append(p.writers, newWriter(n, p.client, o, monday, int(o.length.Seconds()*float64(o.rate))/writers+2))
	}
	return p
}

// run plays the load, waits until calendars are true, and checks everything.
func (p *proof) run(ctx context.Context) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	var watchers sync.WaitGroup
	watchers.Go(func() {
		if err := p.follower.run(following); err != nil {
			p.figures.fail("the follower of the feed: %v", err)
		}
	})
	watchers.Go(func() { watchTwins(following, p.site.boxes, p.figures) })
	err := p.load(ctx)
	if err == nil {
		p.figures.print(p.out, p.wrote)
		err = p.settle(ctx)
	}
	stop()
	watchers.Wait()
	if err != nil {
		return err
	}
	if err := p.check(ctx); err != nil {
		return err
	}
	return p.tell(ctx)
}

// load writes and edits for the time that was asked for, and does in the middle what is
// to be done there.
func (p *proof) load(ctx context.Context) error {
	began := time.Now()
	var writing, editing sync.WaitGroup
	for _, w := range p.writers {
		writing.Go(func() { w.run(ctx) })
	}
	edits, stop := context.WithTimeout(ctx, p.options.length)
	defer stop()
	editing.Go(func() { p.person.run(edits, p.options.edits) })
	var middle error
	editing.Go(func() {
		rest(ctx, p.options.length/2)
		middle = p.middle(ctx)
	})
	p.pace(ctx, began)
	writing.Wait()
	p.wrote = time.Since(began)
	editing.Wait()
	if middle != nil {
		return middle
	}
	return ctx.Err()
}

// pace says to the writers in turn when writes are due. It never waits for them.
func (p *proof) pace(ctx context.Context, began time.Time) {
	every := time.Second / time.Duration(p.options.rate)
	for n := range int(p.options.length / every) {
		due := began.Add(time.Duration(n) * every)
		rest(ctx, time.Until(due))
		if ctx.Err() != nil {
			break
		}
		p.writers[n%writers].due <- due
	}
	for _, w := range p.writers {
		close(w.due)
	}
}

// middle kills the gateway and starts it again, if that was asked for, and begins to
// follow the feed from a snapshot.
func (p *proof) middle(ctx context.Context) error {
	if p.options.kill {
		began := time.Now()
		p.gateway.kill()
		next, err := p.site.serve(ctx, p.options.programs)
		if err != nil {
			return fmt.Errorf("after the kill: %w", err)
		}
		p.gateway = next
		fmt.Fprintf(p.out, "kill        the gateway was killed and ready again after %s\n", time.Since(began).Round(time.Millisecond))
	}
	var err error
	p.known, p.from, err = p.client.snapshot(ctx)
	return err
}
