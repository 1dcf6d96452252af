package exchangeonline

import (
	"context"
	"errors"
	"net/http"
	"net/url"
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
	// troubleMemory is how long a sign-in service that fails is not asked again, so that
	// the mailboxes of a call do not wait for it one after the other.
	troubleMemory = 10 * time.Second
	// busyMemory is how long a sign-in service that fails is left alone while there is
	// a token that is still good.
	busyMemory = 30 * time.Second
	// tokenUse is what a token must still be good for to be sent.
	tokenUse = 30 * time.Second
)

// tokens hands out an application's access token: one request an hour, whoever asks.
type tokens struct {
	proof proof
	scope string
	http  *http.Client
	now   func() time.Time

	// turn is held by the one who asks the token endpoint; a channel, so that
	// waiting for it ends with the waiter's context.
	turn chan struct{}
	mu   sync.Mutex
	// current is the last token, refused the last refusal, which stands until
	// refusedUntil.
	current      *oauth2.Token
	refused      *sdk.Error
	refusedUntil time.Time
	// fresh is when the current token is to be replaced.
	fresh time.Time
	// claims are what a server wants the next token to be made with.
	claims string
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
	if t.refused != nil && now.Before(t.refusedUntil) {
		return "", t.refused, true
	}
	if t.current != nil && now.Before(t.fresh) {
		return t.current.AccessToken, nil, true
	}
	return "", nil, false
}

func (t *tokens) ask(ctx context.Context) (string, *sdk.Error) {
	asked := t.now()
	t.mu.Lock()
	claims := t.claims
	t.claims = "" // a challenge is answered once, whatever comes of it
	t.mu.Unlock()
	got, refusal := t.request(ctx, asked, claims)
	t.mu.Lock()
	defer t.mu.Unlock()
	if refusal != nil {
		return t.without(ctx, asked, refusal)
	}
	// oauth2 counts from the machine's clock; ours is injected.
	got.Expiry = asked.Add(lifetime(got))
	t.current, t.fresh, t.refused = got, got.Expiry.Add(-tokenMargin), nil
	return got.AccessToken, nil
}

// without goes on when there is no new token: with the old one for as long as it is
// good, if the service merely fails. Otherwise the refusal stands for a while, for
// everybody. Whoever calls it holds mu.
func (t *tokens) without(ctx context.Context, asked time.Time, refusal *sdk.Error) (string, *sdk.Error) {
	remote := refusal.Code.Fault() == sdk.FaultRemote
	if remote && t.current != nil && asked.Before(t.current.Expiry.Add(-tokenUse)) {
		t.fresh = asked.Add(min(busyMemory, t.current.Expiry.Add(-tokenUse).Sub(asked)))
		return t.current.AccessToken, nil
	}
	if ctx.Err() != nil {
		return "", refusal // it is the caller's trouble, and nobody else's
	}
	memory := refusalMemory
	if remote && refusal.Code != sdk.CodeThrottled {
		memory = troubleMemory
	}
	t.refused, t.refusedUntil = refusal, asked.Add(max(memory, refusal.RetryAfter))
	return "", refusal
}

// request asks the token endpoint.
func (t *tokens) request(ctx context.Context, now time.Time, claims string) (*oauth2.Token, *sdk.Error) {
	parameters, refused := t.proof.parameters(now)
	if refused != nil {
		return nil, refused
	}
	if claims != "" {
		if parameters == nil {
			parameters = url.Values{}
		}
		parameters.Set("claims", claims)
	}
	config := clientcredentials.Config{
		ClientID: t.proof.clientID, ClientSecret: t.proof.secret,
		TokenURL: t.proof.tokenURL, Scopes: []string{t.scope},
		AuthStyle: oauth2.AuthStyleInParams, EndpointParams: parameters,
	}
	got, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return nil, t.failed(err)
	}
	return got, nil
}

// failed turns what oauth2 returned into one of the contract's errors.
func (t *tokens) failed(err error) *sdk.Error {
	var sent *transport.Error
	if errors.As(err, &sent) {
		return unreachable(sent)
	}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return sdk.CodeBadAnswer.Wrap(err, "the sign-in service answered something that is not a token").
			WithAdvice("%s", notSignIn)
	}
	return refusal(refused.Response, refused.Body, t.now())
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

// drop forgets a token that a server refused, unless a newer one is here. claims are
// what the server wants the next one to be made with, empty for nothing.
func (t *tokens) drop(token, claims string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil || t.current.AccessToken != token {
		return
	}
	t.current, t.claims = nil, claims
}

// forget makes the next get ask the server whatever is remembered.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.refused = nil, nil
}
