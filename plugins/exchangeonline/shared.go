package exchangeonline

import (
	"net/http"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
)

// poolSize bounds the requests in flight of all accounts of the process. At 20 parts a
// request and a tenth of a second each, that is just below the 130,000 requests in ten
// seconds that Graph takes from an application over all its tenants.
const poolSize = 64

// shared is what the accounts of a process have in common: the budget for requests, and
// the access tokens of those that are the same application in the same tenant.
type shared struct {
	pool *transport.Pool

	mu      sync.Mutex
	signIns map[signInKey]*signIn
}

// signInKey tells token requests apart.
type signInKey struct {
	proof proof
	scope string
}

// signIn is an application's tokens, with those who use them.
type signIn struct {
	tokens *tokens
	client *transport.Client
	users  int
}

func newShared() *shared {
	return &shared{pool: transport.NewPool(poolSize), signIns: map[signInKey]*signIn{}}
}

// signIn returns the tokens of the settings' application, whoever else uses them. done
// gives them back.
func (s *shared) signIn(set settings, base http.RoundTripper, now func() time.Time) (shared *tokens, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := signInKey{set.proof, set.scope}
	in := s.signIns[key]
	if in == nil {
		// Their requests wait for no calendar's: an account's slots may all be taken.
		client := transport.New(transport.Options{Base: base, UserAgent: userAgent, Now: now})
		in = &signIn{tokens: newTokens(client, set, now), client: client}
		s.signIns[key] = in
	}
	in.users++
	return in.tokens, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if in.users--; in.users == 0 {
			delete(s.signIns, key)
			in.client.Close()
		}
	})
}
