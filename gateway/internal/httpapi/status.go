package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

const tagStatus = "Status"

// Status is the state of the gateway.
type Status struct {
	Well     bool           `json:"well" doc:"Whether all is well: nothing needs an operator."`
	Needs    []Need         `json:"needs" nullable:"false" doc:"What needs an operator, the gravest first, as gateway status tells it."`
	Version  string         `json:"version" example:"0.3.0"`
	Since    time.Time      `json:"since" doc:"When this process started."`
	Engine   bool           `json:"engine" doc:"Whether runs start by themselves."`
	LogLevel string         `json:"log_level" doc:"From which level on the gateway logs." example:"info"`
	Feed     int64          `json:"feed" doc:"The newest position of the feed." minimum:"0"`
	Queue    Queue          `json:"queue" doc:"Who waits to be worked on."`
	Accounts []Account      `json:"accounts" nullable:"false" doc:"The master accounts, by name."`
	Trainers map[string]int `json:"trainers" doc:"How many trainers there are, by health."`
}

// Need is one thing that needs an operator.
type Need struct {
	Kind     string     `json:"kind" doc:"What sort of need it is; the operator's guide lists them." example:"credential"`
	About    string     `json:"about,omitempty" doc:"The account, the webhook or the file." example:"northwind/exchange-online"`
	Trainers []string   `json:"trainers,omitempty" doc:"Those concerned."`
	Since    *time.Time `json:"since,omitempty" doc:"When it began, as far as that is known."`
	Text     string     `json:"text" doc:"What is the matter."`
	Advice   string     `json:"advice" doc:"What to do."`
}

// Queue is who waits to be worked on.
type Queue struct {
	Waiting int        `json:"waiting" doc:"How many trainers are due and not worked on, of all providers." minimum:"0"`
	Since   *time.Time `json:"since,omitempty" doc:"When the first of them became due."`
}

// Account is how a master account stands.
type Account struct {
	Name     string     `json:"name" example:"northwind/exchange-online"`
	Failing  *Failing   `json:"failing,omitempty" doc:"What keeps the whole account from working."`
	Paused   *Paused    `json:"paused,omitempty"`
	Verified *time.Time `json:"verified,omitempty" doc:"When the account was last verified."`
	Passed   bool       `json:"passed" doc:"Whether each step of the last verification succeeded."`
	Expires  *time.Time `json:"credentials_expire,omitempty" doc:"When the account's credentials end, as far as the last verification tells."`
}

// Alive is the answer to a health check.
type Alive struct {
	Status string `json:"status" enum:"ok" example:"ok"`
}

type statusOut struct{ Body Status }

type aliveOut struct{ Body Alive }

func (s *Server) statusRoutes() {
	handle(s, route{
		id: "getStatus", method: http.MethodGet, path: "/v1/status", tag: tagStatus, scope: config.ScopeRead,
		summary: "Read the gateway's status", description: "Whether all is well: accounts, and trainers by health.",
	}, s.status)
	handle(s, route{
		id: "livez", method: http.MethodGet, path: "/livez", tag: tagStatus, summary: "Is the process alive",
		description: "Answers as long as the process does; a gateway that is not alive is to be restarted.",
	}, func(context.Context, *struct{}) (*aliveOut, error) { return &aliveOut{Alive{"ok"}}, nil })
	handle(s, route{
		id: "readyz", method: http.MethodGet, path: "/readyz", tag: tagStatus, summary: "Does it take requests",
		description: "503 while the gateway starts or stops, or cannot write its state.", errors: []int{http.StatusServiceUnavailable},
	}, s.ready)
}

func (s *Server) status(ctx context.Context, _ *struct{}) (*statusOut, error) {
	status, err := s.service.GatewayStatus(ctx, callerOf(ctx).providers())
	return &statusOut{status}, err
}

func (s *Server) ready(ctx context.Context, _ *struct{}) (*aliveOut, error) {
	if err := s.service.Ready(ctx); err != nil {
		p := problem(http.StatusServiceUnavailable, "The gateway does not take requests just now.").later(retryStore)
		p.cause = err
		return nil, p
	}
	return &aliveOut{Alive{"ok"}}, nil
}
