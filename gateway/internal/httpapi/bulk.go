package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

const (
	// maxBulkLines is how many lines a bulk request has.
	maxBulkLines = 10_000
	// maxSnapshotLines is how many a snapshot has, which cannot be sent in parts.
	maxSnapshotLines = 100_000
	// batchLines is how many lines are stored in one transaction.
	batchLines = 500
)

// BulkResult says what became of the lines of a request.
type BulkResult struct {
	Lines     int `json:"lines" doc:"How many lines there were." example:"3"`
	Created   int `json:"created" example:"1"`
	Updated   int `json:"updated" example:"1"`
	Unchanged int `json:"unchanged" example:"0"`
	Deleted   int `json:"deleted" example:"0"`
	Missing   int `json:"missing" doc:"Deletions of what was not there." example:"0"`
	// Errors has an entry for each line that was not taken in.
	Errors []LineError `json:"errors" nullable:"false" doc:"One entry for each line that was not taken in, in their order; all others were."`
}

// LineError is why a line was not taken in.
type LineError struct {
	Line   int           `json:"line" doc:"The number of the line, from 1." example:"2" minimum:"1"`
	Reason string        `json:"reason" enum:"invalid,stale" doc:"invalid: see errors; stale: the stored object has a newer version, or the object was deleted at this version or a newer one." example:"invalid"`
	Errors []ProblemItem `json:"errors" nullable:"false"`
}

// The reasons of a [LineError].
const (
	reasonInvalid = "invalid"
	reasonStale   = "stale"
)

// maxLineItems bounds what is said of one line.
const maxLineItems = 10

func (r *BulkResult) wrong(line int, reason string, mistakes platform.ImportErrors) {
	e := LineError{Line: line, Reason: reason, Errors: []ProblemItem{}}
	for _, m := range mistakes[:min(len(mistakes), maxLineItems)] {
		e.Errors = append(e.Errors, ProblemItem{m.Path, m.Message})
	}
	r.Errors = append(r.Errors, e)
}

func (r *BulkResult) count(result store.ChangeResult) {
	switch result {
	case store.ChangeCreated:
		r.Created++
	case store.ChangeUpdated:
		r.Updated++
	case store.ChangeUnchanged:
		r.Unchanged++
	case store.ChangeDeleted:
		r.Deleted++
	case store.ChangeMissing:
		r.Missing++
	}
}

// intake takes in the lines of a request, in their order, a batch in a transaction.
type intake struct {
	server   *Server
	provider string
	options  platform.OneOptions
	lines    *lineReader
	// ops: lines say what to do with their objects. max is how many lines there may be.
	ops bool
	max int
	// seen hears of each object that a line holds, and may refuse it; nil for nobody.
	seen func(store.Change) error
	// apply stores the changes of the lines with these numbers.
	apply func(ctx context.Context, batch []store.Change, numbers []int) ([]store.Outcome, error)

	result  BulkResult
	batch   []store.Change
	numbers []int
}

func (s *Server) intake(ctx context.Context, provider string, body io.Reader) *intake {
	limit := callerOf(ctx).cfg.API.MaxBodyBytes
	return &intake{
		server: s, provider: provider, options: optionsOf(ctx, provider, ""), lines: newLineReader(body, limit),
		result: BulkResult{Errors: []LineError{}},
		apply: func(ctx context.Context, batch []store.Change, _ []int) ([]store.Outcome, error) {
			return s.service.Apply(ctx, batch)
		},
	}
}

// run takes in all lines. A *Problem says that the body was not whole or too long; what
// came before was taken in.
func (t *intake) run(ctx context.Context) error {
	buffer := make([]byte, 0, 4<<10)
	for {
		line, err := t.lines.next(buffer)
		switch {
		case errors.Is(err, io.EOF):
			return t.store(ctx)
		case t.result.Lines == t.max && (err == nil || errors.Is(err, errLongLine)):
			if err := t.store(ctx); err != nil {
				return err
			}
			return problem(http.StatusRequestEntityTooLarge, "A request has at most %d lines; those were taken in. Send the rest in another one.", t.max)
		case errors.Is(err, errLongLine):
			t.result.Lines++
			t.result.wrong(t.lines.n, reasonInvalid, platform.ImportErrors{{Message: errLongLine.Error()}})
			continue
		case err != nil:
			if stored := t.store(ctx); stored != nil {
				return stored
			}
			return endOf(err, callerOf(ctx).cfg.API.MaxBodyBytes)
		}
		buffer = line
		if err := t.take(ctx, line); err != nil {
			return err
		}
	}
}

// take decodes a line, and stores the batch when it is full.
func (t *intake) take(ctx context.Context, line []byte) error {
	t.result.Lines++
	change, err := decodeLine(line, t.ops, t.options)
	if err == nil && t.seen != nil {
		err = t.seen(change)
	}
	var mistakes platform.ImportErrors
	switch {
	case errors.As(err, &mistakes):
		t.result.wrong(t.lines.n, reasonInvalid, mistakes)
		return nil
	case err != nil:
		return err
	}
	t.batch = append(t.batch, attributed(ctx, t.provider, change))
	t.numbers = append(t.numbers, t.lines.n)
	if len(t.batch) < batchLines {
		return nil
	}
	return t.store(ctx)
}

// store stores what was decoded so far.
func (t *intake) store(ctx context.Context) error {
	if len(t.batch) == 0 {
		return nil
	}
	outcomes, err := t.apply(ctx, t.batch, t.numbers)
	if err != nil {
		return fmt.Errorf("store lines %d to %d: %w", t.numbers[0], t.numbers[len(t.numbers)-1], err)
	}
	t.tell(outcomes, t.numbers)
	t.batch, t.numbers = t.batch[:0], t.numbers[:0]
	return nil
}

// tell adds what became of lines to the result, whose errors stay in their order.
func (t *intake) tell(outcomes []store.Outcome, numbers []int) {
	for i, o := range outcomes {
		t.result.count(o.Result)
		if o.Err != nil {
			t.result.wrong(numbers[i], reasonStale, platform.ImportErrors{{Path: "version", Message: whyStale(o.Err)}})
		}
	}
	slices.SortStableFunc(t.result.Errors, func(a, b LineError) int { return a.Line - b.Line })
}

func whyStale(err error) string {
	if errors.Is(err, store.ErrDeleted) {
		return deletedSince
	}
	return "is older than the stored one"
}

type bulkIn struct {
	ProviderPath
	Incoming
}

type bulkOut struct{ Body BulkResult }

const tagMany = "Many objects"

func (s *Server) manyRoutes() {
	refusals := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}
	handle(s, route{
		id: "bulk", method: http.MethodPost, path: "/v1/providers/{provider}/bulk", tag: tagMany, scope: config.ScopeSchedule, errors: refusals,
		summary: "Change many objects",
		description: fmt.Sprintf("One change a line (NDJSON), at most %d lines of %d KiB: `{\"op\":\"upsert\",\"course\":{…}}`, "+
			"`{\"op\":\"upsert\",\"unavailability\":{…}}`, `{\"op\":\"delete\",\"course\":{\"id\":…}}`. They are made in their order. "+
			"A line that is wrong is left out and told of; all others are kept.", maxBulkLines, maxLine>>10),
	}, s.bulk)
	handle(s, route{
		id: "putSnapshot", method: http.MethodPut, path: "/v1/providers/{provider}/snapshot", tag: tagMany, scope: config.ScopeSchedule,
		errors: append(refusals, http.StatusConflict), summary: "Replace everything",
		description: fmt.Sprintf("All objects of the provider, one a line (NDJSON), at most %d: `{\"course\":{…}}`, `{\"unavailability\":{…}}`. "+
			"What is stored, is not over, and is not among them is removed. When that is more than both limits of the guard (`max_removals`, and `max_fraction` of "+
			"what is stored and not over), nothing is removed, the objects are taken in, and the answer is 409 with the ids that would go; repeat the request with "+
			"`allow_removals` to remove them. Nothing is removed either when any line is wrong (422), or the body is not whole: then nothing at all is taken in.", maxSnapshotLines),
	}, s.snapshot)
}

func (s *Server) bulk(ctx context.Context, in *bulkIn) (*bulkOut, error) {
	t := s.intake(ctx, in.Provider, in.reader)
	t.ops, t.max = true, maxBulkLines
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return &bulkOut{t.result}, nil
}
