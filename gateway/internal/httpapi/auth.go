package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// caller is who asks, by the token of the request.
type caller struct {
	token config.Token
	// cfg is the configuration that the whole request goes by.
	cfg *config.Config
}

type callerKey struct{}

// callerOf is who asks. Every handler behind [Server.authenticate] has one.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// sees reports whether a provider exists for the caller.
func (c caller) sees(provider string) bool { return c.provider(provider) != nil }

// provider is the configuration of a provider; nil for one that does not exist for the
// caller.
func (c caller) provider(name string) *config.Provider {
	if c.cfg == nil || (c.token.Providers != nil && !slices.Contains(c.token.Providers, name)) {
		return nil
	}
	for i := range c.cfg.Providers {
		if c.cfg.Providers[i].Name == name {
			return &c.cfg.Providers[i]
		}
	}
	return nil
}

// providers are those that exist for the caller.
func (c caller) providers() []string {
	var all []string
	for _, p := range c.cfg.Providers {
		if c.sees(p.Name) {
			all = append(all, p.Name)
		}
	}
	return all
}

// only narrows the providers of the caller to one; an empty name narrows nothing.
func (c caller) only(name string) ([]string, error) {
	switch {
	case name == "":
		return c.providers(), nil
	case !c.sees(name):
		return nil, problem(http.StatusNotFound, "There is no such provider.").add("query.provider", "is not known")
	}
	return []string{name}, nil
}

// tokenOf finds the token with a secret. It compares with all tokens, each in constant
// time, so that how long it takes tells nothing about them.
func tokenOf(tokens []config.Token, secret string) (found config.Token, ok bool) {
	hash := sha256.Sum256([]byte(secret))
	for _, t := range tokens {
		if subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1 {
			found, ok = t, true
		}
	}
	return found, ok
}

// authenticate lets a request pass whose token may do what the operation is for, and
// within its limits. What belongs to a provider that is not the token's does not exist
// for it.
func (s *Server) authenticate(ctx huma.Context, next func(huma.Context)) {
	scope, _ := ctx.Operation().Metadata[scopeKey].(config.Scope)
	if scope == "" { // health and the document
		next(ctx)
		return
	}
	cfg := s.service.Config()
	token, refused := s.admit(cfg, ctx.Header("Authorization"), ctx.RemoteAddr())
	note(ctx.Context(), token.Name)
	who := caller{token, cfg}
	switch {
	case refused != nil:
	case !slices.Contains(token.Scopes, scope):
		refused = problem(http.StatusForbidden, "The token does not have the scope %q that this needs.", scope)
	case ctx.Param("provider") != "" && !who.sees(ctx.Param("provider")):
		refused = problem(http.StatusNotFound, "There is no such provider.").add("path.provider", "is not known")
	}
	if refused != nil {
		s.refuse(ctx, refused)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, who))
}

// admit finds the token of a request and takes the request off its allowance.
func (s *Server) admit(cfg *config.Config, authorization, address string) (config.Token, *Problem) {
	secret, bearer := bearerOf(authorization)
	token, known := tokenOf(cfg.API.Tokens, secret)
	if !bearer || !known {
		if !s.limits.failed(address) {
			return token, problem(http.StatusTooManyRequests, "Too many requests without a valid token come from this address.").later(failedEvery * 10)
		}
		return token, problem(http.StatusUnauthorized, "A valid token is required, as Authorization: Bearer TOKEN.")
	}
	if wait := s.limits.take(token.Name, cfg.API.RateLimit); wait > 0 {
		return token, problem(http.StatusTooManyRequests, "The token makes more requests than it may.").later(wait)
	}
	return token, nil
}

func bearerOf(header string) (secret string, ok bool) {
	scheme, secret, found := strings.Cut(header, " ")
	return strings.TrimSpace(secret), found && strings.EqualFold(scheme, "Bearer")
}

// How often an address may ask without a valid token.
const (
	failedEvery = time.Second
	failedBurst = 20
	// maxAddresses bounds how many addresses are remembered; then all are forgotten.
	maxAddresses = 10_000
)

// limits are the allowances of tokens and addresses.
type limits struct {
	mu        sync.Mutex
	tokens    map[string]*rate.Limiter
	addresses map[string]*rate.Limiter
	now       func() time.Time
}

// take takes a request off a token's allowance, and says how long to wait when there is
// none left. The limit may change with the configuration.
func (l *limits) take(token string, limit config.RateLimit) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	limiter := l.tokens[token]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
		l.tokens[token] = limiter
	}
	if limiter.Limit() != rate.Limit(limit.PerSecond) || limiter.Burst() != limit.Burst {
		limiter.SetLimitAt(now, rate.Limit(limit.PerSecond))
		limiter.SetBurstAt(now, limit.Burst)
	}
	reserved := limiter.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

// hostOf is the address of a sender without the port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// failed counts a request without a valid token, and reports whether the address may
// have made it.
func (l *limits) failed(address string) bool {
	host := hostOf(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.addresses[host]
	if limiter == nil {
		if len(l.addresses) >= maxAddresses {
			clear(l.addresses)
		}
		limiter = rate.NewLimiter(rate.Every(failedEvery), failedBurst)
		l.addresses[host] = limiter
	}
	return limiter.AllowN(l.now(), 1)
}
