package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

const tagOperate = "Operating"

func (s *Server) operateRoutes() {
	const trainer = "/v1/trainers/{provider}/{trainer}"
	clash := []int{http.StatusNotFound, http.StatusConflict}
	op := func(id, method, path, summary, description string, status int, errors ...int) route {
		return route{
			id: id, method: method, path: path, tag: tagOperate, scope: config.ScopeOperate,
			summary: summary, description: description, status: status, errors: errors,
		}
	}
	handle(s, op("sync", http.MethodPost, "/v1/sync", "Make a run", "Begins a run now; empty lists pick everything. The answer does not wait for it: see Location.", http.StatusAccepted, clash...), s.sync)
	handle(s, op("resync", http.MethodPost, "/v1/resync", "Build afresh",
		"Deletes what the gateway pushed and pulled, and builds it afresh from what is scheduled now; with in_place by difference. The guard does not hold it.", http.StatusAccepted, clash...), s.resync)
	handle(s, op("plan", http.MethodPost, "/v1/plan", "Plan a run", "What a run would do, and why. Reads calendars, for up to a minute, and changes nothing.", 0, clash...), s.plan)
	handle(s, op("listHeld", http.MethodGet, trainer+"/held", "List held removals", "What waits for approval, with the digest that approves just that.", 0), s.held)
	handle(s, op("approve", http.MethodPost, trainer+"/approve", "Approve held removals", "Lets just those removals go that the digest is of.", http.StatusAccepted, clash...), s.approve)
	handle(s, op("pause", http.MethodPost, trainer+"/pause", "Pause a trainer", "Nothing is read or written until it is resumed.", 0), s.pause)
	handle(s, op("resume", http.MethodPost, trainer+"/resume", "End a pause", "Ends the trainer's own pause; that of the whole provider goes on.", http.StatusNoContent, clash...), s.resume)
	handle(s, op("retry", http.MethodPost, trainer+"/retry", "Try again", "Ends the trainer's pause, and begins a run in which everything that backs off is tried.", http.StatusAccepted), s.retry)
}

// Selected picks trainers.
type Selected struct {
	Providers []string `json:"providers,omitempty" nullable:"false" doc:"All that the token sees, when left out." maxItems:"1000"`
	Services  []string `json:"services,omitempty" nullable:"false" doc:"Kinds of calendars." maxItems:"100"`
	Trainers  []string `json:"trainers,omitempty" nullable:"false" doc:"provider/label." maxItems:"10000"`
}

// selection is what the caller picks, of what it sees.
func (w Selected) selection(ctx context.Context) (Selection, error) {
	who := callerOf(ctx)
	out := Selection{Providers: who.providers(), Services: w.Services}
	if len(w.Providers) > 0 {
		out.Providers = w.Providers
	}
	for i, name := range w.Providers {
		if !who.sees(name) {
			return out, problem(http.StatusNotFound, "There is no such provider.").add(fmt.Sprintf("body.providers[%d]", i), "is not known")
		}
	}
	for i, name := range w.Trainers {
		id, err := named(ctx, name, fmt.Sprintf("body.trainers[%d]", i))
		if err != nil {
			return out, err
		}
		out.Trainers = append(out.Trainers, id)
	}
	for i, name := range w.Services {
		if !slices.ContainsFunc(who.cfg.Plugins, func(p config.Plugin) bool { return p.Service == name }) {
			return out, problem(http.StatusNotFound, "There is no such service in the configuration.").add(fmt.Sprintf("body.services[%d]", i), "is not known")
		}
	}
	return out, nil
}

// Begun names the run that a request began.
type Begun struct {
	Run string `json:"run,omitempty" doc:"The run's id; absent where there was nothing to run." example:"9f2c41d07ab3e65c"`
}

type begunOut struct {
	Location string `header:"Location" doc:"Where the run is."`
	Body     Begun
}

func begun(run string, err error) (*begunOut, error) {
	out := &begunOut{Body: Begun{run}}
	if run != "" {
		out.Location = "/v1/runs/" + run
	}
	return out, err
}

type selectIn struct{ Body Selected }

func (s *Server) sync(ctx context.Context, in *selectIn) (*begunOut, error) {
	which, err := in.Body.selection(ctx)
	if err != nil {
		return nil, err
	}
	return begun(s.service.Sync(ctx, which))
}

// Resync is a wish to build afresh.
type Resync struct {
	Selected
	InPlace bool `json:"in_place,omitempty" doc:"Converge by difference instead of deleting and creating."`
	Confirm bool `json:"confirm" doc:"Must be true: appointments are deleted and made anew." example:"true"`
}

type resyncIn struct{ Body Resync }

func (s *Server) resync(ctx context.Context, in *resyncIn) (*begunOut, error) {
	if !in.Body.Confirm {
		return nil, problem(http.StatusUnprocessableEntity, "A re-sync deletes appointments and makes them anew: confirm it.").add("body.confirm", "want true")
	}
	which, err := in.Body.selection(ctx)
	if err != nil {
		return nil, err
	}
	return begun(s.service.Resync(ctx, which, in.Body.InPlace))
}

// Plans are what a run would do.
type Plans struct {
	Changes  int           `json:"changes" doc:"How many steps there are in all." example:"0"`
	Trainers []TrainerPlan `json:"trainers" nullable:"false" doc:"By trainer."`
}

type planOut struct{ Body Plans }

func (s *Server) plan(ctx context.Context, in *selectIn) (*planOut, error) {
	which, err := in.Body.selection(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := withCalendars(ctx, func(ctx context.Context) ([]TrainerPlan, error) { return s.service.Plan(ctx, which) })
	if err != nil {
		return nil, err
	}
	out := &planOut{Body: Plans{Trainers: append([]TrainerPlan{}, plans...)}}
	for _, p := range plans {
		out.Body.Changes += len(p.Steps)
	}
	return out, nil
}

// HeldRemovals are removals that wait for approval (hold-1).
type HeldRemovals struct {
	Digest   string `json:"digest,omitempty" doc:"What to approve: of just these removals. Absent when nothing is held."`
	Removals []Held `json:"removals" nullable:"false"`
}

// Held is one of them, without its text.
type Held struct {
	ID    string    `json:"id" example:"cal-0123456789abcdef01234567"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type heldOut struct{ Body HeldRemovals }

func (s *Server) held(ctx context.Context, in *TrainerPath) (*heldOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	removals, err := s.service.Held(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &heldOut{Body: HeldRemovals{Digest: digestOf(removals), Removals: []Held{}}}
	for _, r := range removals {
		start, end := r.When.Span(r.Zone)
		out.Body.Removals = append(out.Body.Removals, Held{r.ID, start.UTC(), end.UTC()})
	}
	return out, nil
}

// digestOf names a set of removals: another set has another digest.
func digestOf(removals []HeldRemoval) string {
	if len(removals) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(idsOf(removals), "\n")))
	return hex.EncodeToString(sum[:])
}

func idsOf(removals []HeldRemoval) []string {
	ids := make([]string, len(removals))
	for i, r := range removals {
		ids[i] = r.ID
	}
	slices.Sort(ids)
	return ids
}

// Approval lets held removals go.
type Approval struct {
	Of string `json:"of" doc:"The digest of the removals that were shown." example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" minLength:"64" maxLength:"64"`
}

type approveIn struct {
	TrainerPath
	Body Approval
}

func (s *Server) approve(ctx context.Context, in *approveIn) (*begunOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	removals, err := s.service.Held(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Body.Of != digestOf(removals) {
		return nil, problemOf(ErrChanged, "trainer")
	}
	return begun(s.service.Approve(ctx, id, idsOf(removals)))
}

// PauseReason says why a trainer is paused.
type PauseReason struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For whoever wonders; shown by status." example:"on sabbatical"`
}

type pauseIn struct {
	TrainerPath
	Body PauseReason
}

type pauseOut struct{ Body Paused }

func (s *Server) pause(ctx context.Context, in *pauseIn) (*pauseOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.service.PauseTrainer(ctx, id, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &pauseOut{*PausedOf(&p)}, nil
}

func (s *Server) resume(ctx context.Context, in *TrainerPath) (*struct{}, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	was, err := s.service.ResumeTrainer(ctx, id)
	if err == nil && !was {
		err = problem(http.StatusConflict, "The trainer is not paused; a pause of the whole provider is ended with gateway retry PROVIDER.")
	}
	return nil, err
}

func (s *Server) retry(ctx context.Context, in *TrainerPath) (*begunOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	return begun(s.service.Retry(ctx, id))
}
