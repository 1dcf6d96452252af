package ntlmserver

import (
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"sync"
)

// Protection is IIS's Extended Protection.
type Protection string

// What a server does with channel bindings: nothing, refuse wrong ones, or refuse wrong
// and missing ones.
const (
	Off     Protection = "off"
	Allow   Protection = "allow"
	Require Protection = "require"
)

// Server checks who signs in.
type Server struct {
	// Password is the password of the account that is signed in with by that name,
	// DOMAIN\user or a principal name.
	Password func(name string) (password string, known bool)
	// Protection says what is done with channel bindings; Binding is the right one.
	Protection Protection
	Binding    []byte
}

// Session is what the server knows of a connection. The zero Session is a new one's.
type Session struct {
	mu        sync.Mutex
	challenge []byte
	user      string
}

// User is who signed in on the connection; empty for nobody.
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}

// errRefused: the proof is wrong, or does not belong to the connection.
var errRefused = errors.New("the sign-in is refused")

// Step takes the client's next message on a connection: it answers a challenge to the
// first and nothing to the second, after which the session has a user.
func (v *Server) Step(s *Session, message []byte) (challenge []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user = ""
	kind, err := kindOf(message)
	if err != nil {
		return nil, err
	}
	if kind == negotiateType {
		s.challenge = make([]byte, 8)
		if _, err := rand.Read(s.challenge); err != nil {
			return nil, err
		}
		return challengeMessage(flagsOf(message), s.challenge), nil
	}
	asked := s.challenge
	s.challenge = nil
	if kind != authenticateType || asked == nil {
		return nil, errRefused
	}
	s.user, err = v.check(asked, message)
	return nil, err
}

// check finds out who sent an AUTHENTICATE message.
func (v *Server) check(challenge, message []byte) (user string, err error) {
	a, err := readAuthenticate(message)
	if err != nil {
		return "", err
	}
	password, known := v.Password(a.name())
	if !known || !hmac.Equal(a.proof, proofOf(a, password, challenge)) {
		return "", errRefused
	}
	sent, present := a.pairs[channelBindings]
	switch {
	case v.Protection == Require && !present,
		v.Protection == Allow && present && !hmac.Equal(sent, v.Binding),
		v.Protection == Require && !hmac.Equal(sent, v.Binding):
		return "", errRefused
	}
	return a.name(), nil
}
