package login

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Lifetime is how long a token is valid.
const Lifetime = 3599 * time.Second

// Options are the tenant and its application.
type Options struct {
	// TenantID is the tenant's id, Domains are further names of it.
	TenantID string
	Domains  []string
	ClientID string
	// ClientSecret is the application's secret.
	ClientSecret string
	// Certificates are those of the app registration, Federation its federated identity
	// credential; nil for none.
	Certificates []*x509.Certificate
	Federation   *Federation
	// URL is the address below which the endpoint is served; the audience of assertions
	// begins with it.
	URL func() string
	Now func() time.Time
}

// Endpoint is the token endpoint.
type Endpoint struct {
	opts Options

	mu sync.Mutex
	// tokens holds what is known of each token, by its hash.
	tokens map[[sha256.Size]byte]issued
	// expired: the application's secret has ended.
	expired bool
	// demanded are the claims that a token's request must have passed on; empty for none.
	demanded string
}

// issued is what is known of a token.
type issued struct {
	end time.Time
	// claims are those that its request passed on.
	claims string
}

// New returns the endpoint.
func New(opts Options) *Endpoint {
	return &Endpoint{opts: opts, tokens: map[[sha256.Size]byte]issued{}}
}

// Valid reports whether a token was handed out here, has not expired, and has the
// claims that are demanded.
func (e *Endpoint) Valid(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, known := e.tokens[sha256.Sum256([]byte(token))]
	return known && e.opts.Now().Before(t.end) && (e.demanded == "" || t.claims == e.demanded)
}

// ExpireSecret ends the application's secret, or makes it good again. Tokens live on.
func (e *Endpoint) ExpireSecret(expired bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expired = expired
}

func (e *Endpoint) secretExpired() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.expired
}

// Revoke makes all tokens invalid, as an administrator does who revokes sessions. New
// ones are good without claims.
func (e *Endpoint) Revoke() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.tokens)
	e.demanded = ""
}

// Challenge demands new claims of all tokens, as Microsoft does when a token must not
// outlive a change of policy: those handed out before are no good any more, nor are
// later ones whose request did not pass the claims on.
func (e *Endpoint) Challenge() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.demanded = fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"},"sim":{"value":"%s"}}}`, e.opts.Now().Unix(), rand.Text())
}

// Claims are the claims that a token lacks, in JSON; empty if it was not handed out
// here or lacks none.
func (e *Endpoint) Claims(token string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, known := e.tokens[sha256.Sum256([]byte(token))]
	if !known || t.claims == e.demanded {
		return ""
	}
	return e.demanded
}

// ServeHTTP answers a token request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refusal := e.check(r); refusal != nil {
		e.refuse(w, refusal)
		return
	}
	e.write(w, http.StatusOK, map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(Lifetime / time.Second),
		"ext_expires_in": int(Lifetime / time.Second),
		"access_token":   e.issue(r.FormValue("claims")),
	})
}

func (e *Endpoint) issue(claims string) string {
	token := rand.Text() + rand.Text()
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.opts.Now()
	for hash, t := range e.tokens {
		if !now.Before(t.end) {
			delete(e.tokens, hash)
		}
	}
	e.tokens[sha256.Sum256([]byte(token))] = issued{end: now.Add(Lifetime), claims: claims}
	return token
}

// refusal is an error of the endpoint.
type refusal struct {
	status int
	code   string
	aadsts int
	text   string
}

// check finds what is wrong with a request, in the order in which the platform does:
// tenant, application, secret or assertion, grant, scope.
func (e *Endpoint) check(r *http.Request) *refusal {
	tenant, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	if !strings.EqualFold(rest, "oauth2/v2.0/token") || r.Method != http.MethodPost {
		return &refusal{http.StatusNotFound, "invalid_request", 900144, "The request is not a token request."}
	}
	form := r.FormValue
	id, secret := form("client_id"), form("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = user, pass
	}
	switch {
	case !e.isTenant(tenant):
		return &refusal{http.StatusBadRequest, "invalid_request", 90002, "Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
	case !strings.EqualFold(id, e.opts.ClientID):
		return &refusal{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" + id + "' was not found in the directory."}
	}
	if r := e.checkProof(r, secret); r != nil {
		return r
	}
	switch {
	case form("grant_type") != "client_credentials":
		return &refusal{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."}
	case !strings.HasSuffix(form("scope"), "/.default") || strings.Contains(form("scope"), " "):
		return &refusal{http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."}
	}
	return nil
}

// checkProof judges what the application proves itself with: an assertion or its secret.
func (e *Endpoint) checkProof(r *http.Request, secret string) *refusal {
	assertion := r.FormValue("client_assertion")
	switch {
	case assertion != "":
		return e.checkAssertion(r.FormValue("client_assertion_type"), assertion, e.opts.URL()+r.URL.Path)
	case secret == "":
		return &refusal{http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case subtle.ConstantTimeCompare([]byte(secret), []byte(e.opts.ClientSecret)) != 1:
		return &refusal{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."}
	case e.secretExpired():
		return &refusal{http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys are expired."}
	}
	return nil
}

func (e *Endpoint) isTenant(name string) bool {
	for _, own := range append(e.opts.Domains, e.opts.TenantID) {
		if strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

// refuse answers an error in the platform's form.
func (e *Endpoint) refuse(w http.ResponseWriter, r *refusal) {
	now, trace := e.opts.Now().UTC(), guid()
	e.write(w, r.status, map[string]any{
		"error": r.code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			r.aadsts, r.text, trace, trace, now.Format("2006-01-02 15:04:05Z")),
		"error_codes":    []int{r.aadsts},
		"timestamp":      now.Format("2006-01-02 15:04:05Z"),
		"trace_id":       trace,
		"correlation_id": trace,
		"error_uri":      fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", r.aadsts),
	})
}

func (e *Endpoint) write(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // into the recorder, which cannot fail
}

// guid makes a random id in the form of a GUID.
func guid() string {
	b := make([]byte, 16)
	rand.Read(b) //nolint:errcheck // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
