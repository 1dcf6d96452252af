package ntlmserver

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
)

type sessionKey struct{}

// ConnContext gives each connection a session; it is for http.Server's field of that name.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, sessionKey{}, &Session{})
}

// SessionOf is the session of the connection that a request came over. Without
// [ConnContext] every request has one of its own.
func SessionOf(r *http.Request) *Session {
	if s, ok := r.Context().Value(sessionKey{}).(*Session); ok {
		return s
	}
	return &Session{}
}

// maxToken bounds the base64 of a message.
const maxToken = 64 << 10

// SignIn finds out who sends a request: the user whom its connection is signed in as,
// or whom its Authorization header proves. Otherwise reply is the WWW-Authenticate header
// of the 401 that goes on with the handshake, empty when there is none to go on with.
func (v *Server) SignIn(r *http.Request) (user, reply string) {
	session := SessionOf(r)
	scheme, token, sent := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "NTLM") && !strings.EqualFold(scheme, "Negotiate") {
		if scheme != "" {
			return "", ""
		}
		return session.User(), ""
	}
	message, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if !sent || len(token) > maxToken || err != nil {
		return "", ""
	}
	challenge, err := v.Step(session, message)
	if err != nil {
		return "", ""
	}
	if challenge != nil {
		return "", scheme + " " + base64.StdEncoding.EncodeToString(challenge)
	}
	return session.User(), ""
}
