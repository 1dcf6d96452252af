package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Problem is why a request was refused (RFC 9457). It repeats no value of the request.
type Problem struct {
	Title  string        `json:"title" doc:"The kind of problem, in words that do not change." example:"Unprocessable Entity"`
	Status int           `json:"status" doc:"The HTTP status." example:"422" minimum:"400" maximum:"599"`
	Detail string        `json:"detail,omitempty" doc:"What happened, and what to do." example:"The course was not taken in."`
	Errors []ProblemItem `json:"errors,omitempty" nullable:"false" doc:"What is wrong with which field."`

	retry time.Duration
	cause error
}

// ProblemItem is one thing that is wrong.
type ProblemItem struct {
	Location string `json:"location,omitempty" doc:"The field: body.start, query.limit, path.id; in a request of many lines line[3].course.start." example:"body.start"`
	Message  string `json:"message" doc:"A short reason." example:"is missing"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap is what the problem was made of; it is never sent.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements [huma.StatusError].
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements [huma.ContentTypeFilter].
func (*Problem) ContentType(string) string { return problemType }

// GetHeaders implements [huma.HeadersError].
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retry+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="trainercal"`)
	}
	return h
}

const problemType = "application/problem+json"

// problem makes one of a status.
func problem(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// maxProblemItems bounds what is said of one request.
const maxProblemItems = 100

func (p *Problem) add(location, message string) *Problem {
	if len(p.Errors) < maxProblemItems {
		p.Errors = append(p.Errors, ProblemItem{location, message})
	}
	return p
}

// huma makes its errors by a variable of its own package. Ours leave values out, and the
// text of errors that are not about the request.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := problem(status, "%s", message)
		if status >= http.StatusInternalServerError {
			p.Detail = unexpected
			p.cause = errors.Join(errs...)
			return p
		}
		for _, err := range errs {
			if detailed, ok := err.(huma.ErrorDetailer); ok {
				d := detailed.ErrorDetail()
				p.add(d.Location, d.Message)
			}
		}
		return p
	}
}

// unexpected is all that is said of a defect.
const unexpected = "Something went wrong in the gateway; its log says more."

// statusLeft is the status of a request whose client went away before the answer: nobody
// gets it, but logs and metrics should not take it for a failure of the gateway.
const statusLeft = 499

// problemIn is [problemOf] for a request: whoever has hung up is not kept waiting by
// anything here.
func problemIn(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Canceled) {
		return &Problem{Title: "Client Closed Request", Status: statusLeft, Detail: "The client went away before the answer."}
	}
	return problemOf(err, "such object")
}

// deletedSince is what is wrong with a version that a deletion outlives.
const deletedSince = "is not newer than the deletion's"

// retryStore is when to come back to a state that cannot be written just now.
const retryStore = 10 * time.Second

// problemOf says what became of a request by an error of the gateway. What is not
// expected is a defect: its text goes to the log, not into the answer.
func problemOf(err error, what string) error {
	var mistakes platform.ImportErrors
	var own *Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.As(err, &mistakes):
		return mistakesIn(mistakes, "body")
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "There is no %s.", what)
	case errors.Is(err, store.ErrDeleted):
		return problem(http.StatusConflict, "The %s was deleted at this version or a newer one: an upsert of a newer version, or of none, makes it anew.", what).
			add("body.version", deletedSince)
	case errors.Is(err, store.ErrStale):
		return problem(http.StatusConflict, "The %s that is stored has a newer version.", what).add("body.version", "is older than the stored one")
	case errors.Is(err, store.ErrPrecondition):
		return problem(http.StatusPreconditionFailed, "The %s has changed since it was read, is there already, or is not there: read it again.", what)
	case errors.Is(err, ErrNothingToDo):
		return problem(http.StatusConflict, "No active trainer matches: check what is selected, and calendar and direction in the configuration.")
	case errors.Is(err, ErrChanged):
		return problem(http.StatusConflict, "What is held has changed since it was shown: read it again.")
	case errors.Is(err, errSlowCalendars):
		return problem(http.StatusServiceUnavailable, "The calendars took longer than %s to answer; ask again, or for fewer trainers.", calendarPatience).later(retryStore)
	case errors.Is(err, context.DeadlineExceeded):
		p := problem(http.StatusServiceUnavailable, "The gateway's state took too long; try again.").later(retryStore)
		p.cause = err
		return p
	case errors.Is(err, context.Canceled):
		return problem(http.StatusServiceUnavailable, "The request ended before it was answered.").later(retryStore)
	case errors.Is(err, store.ErrDiskFull), errors.Is(err, store.ErrDiskReadOnly):
		p := problem(http.StatusServiceUnavailable, "The disk of the gateway's state is full or cannot be written to: its operator has to mend that; nothing was lost, try again.").later(retryStore)
		p.cause = err
		return p
	case errors.Is(err, ErrStopping), errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrReadOnly):
		p := problem(http.StatusServiceUnavailable, "The gateway cannot take this in just now; nothing was lost, try again.").later(retryStore)
		p.cause = err
		return p
	}
	p := problem(http.StatusInternalServerError, unexpected)
	p.cause = err
	return p
}

func (p *Problem) later(after time.Duration) *Problem {
	p.retry = after
	return p
}

// mistakesIn says which fields of an object are wrong.
func mistakesIn(mistakes platform.ImportErrors, where string) *Problem {
	p := problem(http.StatusUnprocessableEntity, "It was not taken in: see errors.")
	for _, m := range mistakes {
		p.add(strings.TrimSuffix(where+"."+m.Path, "."), m.Message)
	}
	return p
}
