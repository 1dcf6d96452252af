package app

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
)

// GatewayStatus implements [httpapi.Service]: what gateway status tells, as far as it is of
// the providers or of the gateway as a whole.
func (s *apiService) GatewayStatus(ctx context.Context, providers []string) (httpapi.Status, error) {
	serving := s.app.servingNow(s.began)
	out := httpapi.Status{
		Version: serving.Version, Since: s.began.UTC(), Engine: serving.Engine, LogLevel: serving.LogLevel,
		Needs: []httpapi.Need{}, Accounts: []httpapi.Account{}, Trainers: map[string]int{},
	}
	trainers, err := s.Trainers(ctx, providers)
	if err != nil {
		return out, err
	}
	for _, t := range trainers {
		out.Trainers[t.Health]++
	}
	o, err := s.app.overview(ctx, s, &serving)
	if err != nil {
		return out, err
	}
	o.Certificate = serving.Certificate
	o = o.Of(s.Config(), providers)
	for _, n := range o.Needs() {
		out.Needs = append(out.Needs, httpapi.Need{
			Kind: string(n.Kind), About: n.About, Trainers: n.Trainers, Since: httpapi.Moment(n.Since), Text: n.Text, Advice: n.Advice,
		})
	}
	out.Well, out.Feed = len(out.Needs) == 0, o.Feed
	out.Queue = httpapi.Queue{Waiting: o.Queue.Waiting, Since: httpapi.Moment(o.Queue.Since)}
	for _, a := range o.Accounts {
		out.Accounts = append(out.Accounts, accountOf(a))
	}
	return out, nil
}

func accountOf(a AccountStatus) httpapi.Account {
	return httpapi.Account{
		Name: a.Name, Failing: httpapi.FailingOf(a.Failing), Paused: httpapi.PausedOf(a.Paused), Verified: httpapi.Moment(a.Verified),
		Passed: !a.Verified.IsZero() && !anyFailed(a.Checks), Expires: httpapi.Moment(a.Expires()),
	}
}
