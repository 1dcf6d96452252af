package exchangeonline

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// tokenMargin is how long before its end a token is replaced.
	tokenMargin = 5 * time.Minute
	// refusalMemory is how long refused credentials are not tried again: one sync
	// run makes hundreds of requests, and the token endpoint blocks clients that
	// insist (AADSTS50196).
	refusalMemory = time.Minute
)

// tokens hands out the account's access token: one request an hour, whoever asks.
type tokens struct {
	proof proof
	scope string
	http  *http.Client
	now   func() time.Time

	// turn is held by the one who asks the token endpoint; a channel, so that
	// waiting for it ends with the waiter's context.
	turn chan struct{}
	mu   sync.Mutex
	// current is the last token, refused the last refusal and when it came.
	current   *oauth2.Token
	refused   *sdk.Error
	refusedAt time.Time
}

func newTokens(client *transport.Client, set settings, now func() time.Time) *tokens {
	meta := transport.Meta{Operation: "token", Idempotent: true}
	return &tokens{
		proof: set.proof, scope: set.scope,
		http: &http.Client{
			Transport: client.RoundTripper(meta),
			// The secret goes where the operator said, and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now:  now,
		turn: make(chan struct{}, 1),
	}
}

// get returns a token that is valid for some minutes.
func (t *tokens) get(ctx context.Context) (string, *sdk.Error) {
	if tok, err, known := t.remembered(); known {
		return tok, err
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", sdk.CodeUnavailable.Wrap(ctx.Err(), "gave up waiting for an access token")
	}
	// Whoever had the turn before has usually brought it.
	if tok, err, known := t.remembered(); known {
		return tok, err
	}
	return t.ask(ctx)
}

func (t *tokens) remembered() (token string, err *sdk.Error, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.refused != nil && now.Before(t.refusedAt.Add(refusalMemory)) {
		return "", t.refused, true
	}
	if t.current != nil && now.Before(t.current.Expiry.Add(-tokenMargin)) {
		return t.current.AccessToken, nil, true
	}
	return "", nil, false
}

func (t *tokens) ask(ctx context.Context) (string, *sdk.Error) {
	asked := t.now()
	got, refusal := t.request(ctx, asked)
	t.mu.Lock()
	defer t.mu.Unlock()
	if refusal != nil {
		if refusal.Code.Fault() == sdk.FaultCredentials || refusal.Code == sdk.CodeThrottled {
			t.refused, t.refusedAt = refusal, asked
		}
		return "", refusal
	}
	// oauth2 counts from the machine's clock; ours is injected.
	got.Expiry = asked.Add(lifetime(got))
	t.current, t.refused = got, nil
	return got.AccessToken, nil
}

// request asks the token endpoint.
func (t *tokens) request(ctx context.Context, now time.Time) (*oauth2.Token, *sdk.Error) {
	parameters, refusal := t.proof.parameters(now)
	if refusal != nil {
		return nil, refusal
	}
	config := clientcredentials.Config{
		ClientID: t.proof.clientID, ClientSecret: t.proof.secret,
		TokenURL: t.proof.tokenURL, Scopes: []string{t.scope},
		AuthStyle: oauth2.AuthStyleInParams, EndpointParams: parameters,
	}
	got, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return nil, tokenError(err)
	}
	return got, nil
}

// lifetime is what the server promised, and long enough that a server which
// promises nothing is not asked for every request. The promise is read from the
// answer itself: oauth2 fills Token.ExpiresIn for other flows only.
func lifetime(tok *oauth2.Token) time.Duration {
	seconds, promised := tok.Extra("expires_in").(float64)
	if !promised || seconds <= 0 {
		return 2 * tokenMargin
	}
	promisedTime := time.Duration(min(seconds, 24*time.Hour.Seconds())) * time.Second
	return max(promisedTime, tokenMargin+time.Minute)
}

// drop forgets a token that the server refused, unless a newer one is here.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil && t.current.AccessToken == token {
		t.current = nil
	}
}

// forget makes the next get ask the server whatever is remembered.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.refused = nil, nil
}

// tokenError turns what oauth2 returned into one of the contract's errors.
func tokenError(err error) *sdk.Error {
	var sent *transport.Error
	if errors.As(err, &sent) {
		return unreachable(sent)
	}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return sdk.CodeBadAnswer.Wrap(err, "the sign-in service answered something that is not a token").
			WithAdvice("check login_url")
	}
	return refusal(refused.Response, refused.Body)
}

// tokenAnswer is the body of a refused token request.
type tokenAnswer struct {
	Error string `json:"error"`
	Codes []int  `json:"error_codes"`
}

// refusal reads a refused token request. Logic goes by status and `error`; the
// AADSTS number only chooses the words for the operator, as Microsoft asks.
func refusal(resp *http.Response, body []byte) *sdk.Error {
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		wait, _ := transport.RetryAfter(resp.Header, time.Now())
		return sdk.CodeUnavailable.New("the sign-in service is busy").
			WithDetail(statusDetail(resp.StatusCode)).WithRetryAfter(wait)
	}
	var answer tokenAnswer
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error == "" {
		return sdk.CodeBadAnswer.New("the sign-in service answered something that is not its protocol").
			WithDetail(statusDetail(resp.StatusCode)).WithAdvice("check login_url and the proxy")
	}
	if answer.Error == "temporarily_unavailable" {
		return sdk.CodeUnavailable.New("the sign-in service is unavailable for now").WithDetail(safeCode(answer.Error))
	}
	return explainAADSTS(answer)
}
