package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
)

// maxAttempts is how often a trainer is taken up in one run: after the plugin died,
// or after the calendar changed between reading and writing.
const maxAttempts = 4

// boxesAtOnce and itemsAtOnce bound what a pass holds in memory between reading and
// writing: enough mailboxes to fill a backend's batches, and never many items.
const (
	boxesAtOnce = 20
	itemsAtOnce = 2 * sdk.MaxItems
)

// pass is the work on one batch.
type pass struct {
	*Runner
	job    Job
	batch  Batch
	record *record
	// dry, when set, receives plans, and nothing is written anywhere.
	dry func(TrainerPlan)
	// last says that the attempt is the last one; again are the trainers to be taken
	// up once more, and died counts those whose plugin ended.
	last  bool
	again []Target
	died  int
	// number counts the attempts, from 1.
	number int
	// schedules are the courses of the batch's providers.
	schedules map[string]schedule
	// cleared are the trainers that a re-sync has cleared.
	cleared map[platform.TrainerID]bool
	// conflicted are those for whom an item had changed between reading and writing.
	conflicted map[platform.TrainerID]bool
	// accountErr is what stopped the account; reached says that a calendar was read.
	accountErr *sdk.Error
	reached    bool
	// behind is the phase that a trainer has had in this run, where another one follows.
	behind map[platform.TrainerID]phase
}

func (r *Runner) newPass(job Job, b Batch, rec *record, dry func(TrainerPlan)) *pass {
	return &pass{
		Runner: r, job: job, batch: b, record: rec, dry: dry,
		schedules: map[string]schedule{}, cleared: map[platform.TrainerID]bool{}, behind: map[platform.TrainerID]phase{},
		conflicted: map[platform.TrainerID]bool{},
	}
}

// run takes the batch's trainers through as many attempts as they need.
func (p *pass) run(ctx context.Context) {
	ctx, span := p.Tracer.Start(ctx, telemetry.SpanBatch, trace.WithAttributes(
		telemetry.Account.String(p.batch.Account), telemetry.MailboxCount.Int(len(p.batch.Targets))))
	defer span.End()
	targets := p.batch.Targets
	for attempt := 1; len(targets) > 0; attempt++ {
		last := attempt == maxAttempts || ctx.Err() != nil
		p.number = attempt
		targets = p.attempt(ctx, targets, last)
	}
	p.keepAccount(ctx)
}

// attempt takes targets up once and returns those to be taken up again.
func (p *pass) attempt(ctx context.Context, targets []Target, last bool) []Target {
	p.again, p.last = nil, last
	boxes := p.withdraw(ctx, p.open(ctx, targets))
	if len(boxes) == 0 {
		return p.again
	}
	account, err := p.Accounts.Account(ctx, p.batch.Account)
	if err != nil {
		p.failAccount(ctx, boxes, asError(err))
		return p.again
	}
	p.accountErr = nil
	for _, b := range boxes {
		b.binding = digest(account.Identity, strings.ToLower(b.target.Mailbox.Address))
		p.begin(b)
	}
	p.cycle(ctx, account, good(boxes))
	p.settleAll(ctx, boxes) // those that never came to be read
	p.noteRestart()
	return p.again
}

// good returns the boxes that nothing has stopped.
func good(boxes []*box) []*box {
	var rest []*box
	for _, b := range boxes {
		if b.err == nil {
			rest = append(rest, b)
		}
	}
	return rest
}

// trouble is what stopped the trainer, or the first step that failed and is to be tried
// again soon. What fails lastingly for one item is no trouble of the trainer's calendar;
// it is owed.
func (b *box) trouble() *sdk.Error {
	if b.err != nil {
		return b.err
	}
	for _, d := range b.done {
		if d.err != nil && (b.kind == Adopt || !lasting(d.err)) {
			return d.err
		}
	}
	return nil
}

// retry reports whether taking the trainer up again in this run can help: the
// plugin died, the calendar changed between reading and writing (L5), or the answer
// to a write was lost, and a search will tell (B1).
func retry(err *sdk.Error, reading bool) bool {
	switch err.Code {
	case sdk.CodePluginDied, sdk.CodeUnknownAccount:
		return true
	case sdk.CodeConflict, sdk.CodeItemNotFound, sdk.CodeOutcomeUnknown:
		return !reading
	}
	return false
}

// settleAll stores the boxes' results, and keeps those to be taken up again.
func (p *pass) settleAll(ctx context.Context, boxes []*box) {
	for _, b := range boxes {
		if b.settled {
			continue
		}
		err := b.trouble()
		again := !p.last && ctx.Err() == nil
		if err != nil {
			again = again && retry(err, b.err != nil)
			p.conflicted[b.target.ID] = err.Code == sdk.CodeConflict
		} else {
			again = again && p.another(b)
		}
		if again {
			p.again = append(p.again, b.target)
		}
		p.noteTrouble(err)
		p.reached = p.reached || b.read.Complete
		if err == nil && b.target.clearsUp() && !b.target.Pilot && len(b.memory.Left) > 0 {
			p.record.noteMoved(b.target)
		}
		p.settle(ctx, b, !again)
		// A settled box holds nothing any more: a run has many.
		*b = box{target: b.target, settled: true}
	}
}

// noteTrouble tells the run, once, what stopped an account or ended a plugin.
func (p *pass) noteTrouble(err *sdk.Error) {
	if err == nil {
		return
	}
	if accountWide[err.Code] {
		p.accountErr = err
	}
	switch err.Code {
	case sdk.CodePluginDied, sdk.CodeUnknownAccount:
		p.died++
	case sdk.CodeCredentials, sdk.CodeMethodNotOffered, sdk.CodeAccountBlocked:
		p.record.event(fmt.Sprintf("%s: %s", p.batch.Account, err.Error()))
	}
}

// noteRestart says that the plugin ended and how much work that touched.
func (p *pass) noteRestart() {
	if p.died > 0 {
		p.record.event(fmt.Sprintf("%s: the plugin ended during the run with %d trainers in work; %d trainers were taken up again; "+
			"what it had not sent of the trace is lost", p.batch.Account, p.died, len(p.again)))
		if p.record.span != nil {
			spansLost(p.record.span, string(sdk.CodePluginDied))
		}
		p.died = 0
	}
}

// open loads what is remembered and wanted of each target.
func (p *pass) open(ctx context.Context, targets []Target) []*box {
	boxes := make([]*box, len(targets))
	for i, t := range targets {
		b := p.newBox(t)
		b.impatient, b.conflicted = p.job.Impatient, p.conflicted[t.ID]
		if err := p.recall(ctx, b); err != nil {
			b.err = stateError(err, "the gateway could not read its own state",
				"check the disk and the state file; the gateway's log has the database's own words")
		}
		boxes[i] = b
	}
	return boxes
}

// stateError is a failure of the store, unless the run was stopped.
func stateError(err error, message, advice string) *sdk.Error {
	if errors.Is(err, context.Canceled) {
		return asError(err)
	}
	return sdk.CodeInternal.Wrap(err, "%s", message).WithAdvice("%s", advice)
}

func (p *pass) recall(ctx context.Context, b *box) error {
	var err error
	if b.memory, err = p.Memory.Trainer(ctx, b.target.ID); err != nil {
		return fmt.Errorf("load the memory of %s: %w", b.target.ID, err)
	}
	provider := b.target.ID.Provider
	if _, loaded := p.schedules[provider]; !loaded {
		if p.schedules[provider], err = p.loadSchedule(ctx, provider); err != nil {
			return err
		}
	}
	err = p.want(ctx, b, p.schedules[provider])
	b.recalled = err == nil
	return err
}

// cycle reads all boxes and, as they come in, plans and writes them in groups.
func (p *pass) cycle(ctx context.Context, account sdk.Account, boxes []*box) {
	boxes = p.find(ctx, account, boxes)
	ready := make(chan *box)
	var group errgroup.Group
	group.Go(func() error {
		defer close(ready)
		p.readAll(ctx, account, boxes, ready)
		return nil
	})
	for chunk := range chunks(ready) {
		p.work(ctx, account, chunk)
		p.settleAll(ctx, chunk)
	}
	_ = group.Wait() // reading reports its failures in the boxes
}

// chunks groups boxes: as many as fit the bounds, or as there are.
func chunks(ready <-chan *box) func(yield func([]*box) bool) {
	return func(yield func([]*box) bool) {
		var chunk []*box
		items := 0
		for b := range ready {
			chunk = append(chunk, b)
			items += len(b.read.Changes)
			if len(chunk) >= boxesAtOnce || items >= itemsAtOnce {
				if !yield(chunk) {
					return
				}
				chunk, items = nil, 0
			}
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
	}
}

// work takes boxes that were read through questions, plan, and writes.
func (p *pass) work(ctx context.Context, account sdk.Account, chunk []*box) {
	p.ask(ctx, account, chunk)
	p.clear(ctx, account, chunk)
	var planned []*box
	for _, b := range chunk {
		if b.err != nil || b.half {
			continue // it failed, or a re-sync could not clear it
		}
		p.planBox(b)
		planned = append(planned, b)
	}
	if p.dry != nil {
		return
	}
	planned = slices.DeleteFunc(planned, func(b *box) bool { return b.target.Pilot })
	p.write(ctx, account, planned)
	p.readBack(ctx, account, planned)
}

// callTimeout bounds one plugin call: no call is ever without an end. Reading
// waits for the writes of what it read, so it is generous.
const callTimeout = 20 * time.Minute

// call runs one plugin call under a span, and lets the boxes it serves link to it.
func (p *pass) call(ctx context.Context, name string, boxes []*box, do func(context.Context) error) error {
	ctx, span := p.Tracer.Start(ctx, telemetry.SpanCall+" "+name, trace.WithAttributes(
		telemetry.Account.String(p.batch.Account), telemetry.MailboxCount.Int(len(boxes))))
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, b := range boxes {
		b.calls = append(b.calls, span.SpanContext())
	}
	err := do(ctx)
	if err != nil {
		span.SetAttributes(telemetry.ErrorCode.String(string(asError(err).Code)))
		span.SetStatus(codes.Error, string(asError(err).Code))
	}
	return err
}
