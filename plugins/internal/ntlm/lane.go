package ntlm

import (
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	ntlmssp "github.com/Azure/go-ntlmssp"
)

// maxDrained is how much of a 401's page is read to keep its connection; one that says
// more loses it.
const maxDrained = 256 << 10

// The schemes under which servers take NTLM messages: those that offer Negotiate alone
// take them too.
const (
	schemeNTLM      = "NTLM"
	schemeNegotiate = "Negotiate"
)

// lane is a connection to a server, which may break and be made anew. It carries one
// request at a time.
type lane struct {
	owner  *Transport
	server string
	http   *http.Transport
	// signedIn: the user was proven on it, if it has not been made anew since.
	signedIn bool
}

func (l *lane) close() { l.http.CloseIdleConnections() }

// exchange sends a request, signing the connection in first where that is needed.
func (l *lane) exchange(r *http.Request, body []byte) (*http.Response, error) {
	before := l.owner.seen()
	if l.signedIn {
		resp, _, err := l.send(r, body, "")
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		// The connection was lost meanwhile, or the server forgot who is on it.
		drain(resp)
		l.signedIn = false
	}
	return l.signIn(r, body, before)
}

// signIn proves the user to the connection with a handshake whose last message carries
// the request.
func (l *lane) signIn(r *http.Request, body []byte, before int) (*http.Response, error) {
	if err := l.owner.attempts.Acquire(r.Context(), 1); err != nil {
		return nil, err
	}
	// Refusals come at once: an answer that takes long is that to the request, and holds up
	// nobody's handshake.
	done := sync.OnceFunc(func() { l.owner.attempts.Release(1) })
	defer done()
	defer time.AfterFunc(attemptTime, done).Stop()
	if resp := l.owner.refusedSince(before, r); resp != nil {
		return resp, nil
	}
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return nil, &Error{Reason: "the first message could not be written", cause: err}
	}
	asked, scheme, on, err := l.hello(r, hello)
	if err != nil || asked.StatusCode != http.StatusUnauthorized || scheme == "" {
		return asked, err
	}
	proof, err := l.prove(asked, scheme)
	drain(asked)
	if err != nil {
		return nil, err
	}
	return l.finish(r, body, scheme+" "+proof, on)
}

// hello sends the first message, without the request's body, by the first scheme under
// which the server answers a challenge. No scheme means that the server has none, and
// that its answer is the one to go by.
func (l *lane) hello(r *http.Request, message []byte) (resp *http.Response, scheme string, on net.Conn, err error) {
	for _, scheme = range []string{schemeNTLM, schemeNegotiate} {
		resp, on, err = l.send(r, nil, scheme+" "+base64.StdEncoding.EncodeToString(message))
		if err != nil || resp.StatusCode != http.StatusUnauthorized || tokenIn(resp.Header, scheme) != "" {
			return resp, scheme, on, err
		}
		if offers(resp.Header, scheme) {
			drain(resp)
			return nil, "", nil, &Error{Reason: "the server offers " + scheme + " but answers no challenge: something in between does not pass the handshake on"}
		}
		if scheme == schemeNTLM && offers(resp.Header, schemeNegotiate) {
			drain(resp)
			continue
		}
		break
	}
	return resp, "", on, nil
}

// prove answers the challenge, in base64.
func (l *lane) prove(asked *http.Response, scheme string) (string, error) {
	token := tokenIn(asked.Header, scheme)
	if base64.StdEncoding.DecodedLen(len(token)) > maxChallenge {
		return "", &Error{Reason: errChallenge.Error()}
	}
	challenge, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return "", &Error{Reason: errChallenge.Error()}
	}
	var binding []byte
	if t := asked.TLS; t != nil && len(t.PeerCertificates) > 0 && !l.owner.opts.NoChannelBinding {
		binding = Binding(t.PeerCertificates[0])
	}
	answer, err := respond(challenge, binding, l.owner.opts.Username, l.owner.opts.Password)
	if err != nil {
		return "", &Error{Reason: errChallenge.Error(), cause: err}
	}
	return base64.StdEncoding.EncodeToString(answer), nil
}

// respond makes the message that proves the user.
func respond(challenge, binding []byte, username, password string) ([]byte, error) {
	bound, err := bind(challenge, binding)
	if err != nil {
		return nil, err
	}
	return ntlmssp.NewAuthenticateMessage(bound, username, password, nil)
}

// finish sends the request with the proof; on is the connection that was challenged.
func (l *lane) finish(r *http.Request, body []byte, authorization string, on net.Conn) (*http.Response, error) {
	resp, proven, err := l.send(r, body, authorization)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusUnauthorized:
		l.signedIn = true
		return resp, nil
	case proven != on:
		drain(resp)
		return nil, &Error{Reason: "the connection did not stay open during the handshake: something in between does not keep connections apart"}
	}
	l.owner.noteRefusal(resp)
	return resp, nil
}

// send sends the request once, with another body, and says over which connection.
func (l *lane) send(r *http.Request, body []byte, authorization string) (*http.Response, net.Conn, error) {
	var on net.Conn
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { on = i.Conn }}
	out := r.Clone(httptrace.WithClientTrace(r.Context(), trace))
	out.ContentLength, out.Body, out.GetBody = int64(len(body)), http.NoBody, nil
	if len(body) > 0 {
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.Body, _ = out.GetBody()
	}
	out.Header.Del("Authorization")
	if authorization != "" {
		out.Header.Set("Authorization", authorization)
	}
	resp, err := l.http.RoundTrip(out)
	return resp, on, err
}

// drain reads an answer to its end, so that its connection can be used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrained)
	_ = resp.Body.Close()
}

// tokenIn is the message that a 401 carries under the scheme; empty for none.
func tokenIn(h http.Header, scheme string) string {
	for _, v := range h.Values("WWW-Authenticate") {
		name, token, _ := strings.Cut(strings.TrimSpace(v), " ")
		if strings.EqualFold(name, scheme) {
			if token = strings.TrimSpace(token); token != "" {
				return token
			}
		}
	}
	return ""
}

// offers reports whether a 401 names the scheme.
func offers(h http.Header, scheme string) bool {
	for _, v := range h.Values("WWW-Authenticate") {
		if name, _, _ := strings.Cut(strings.TrimSpace(v), " "); strings.EqualFold(name, scheme) {
			return true
		}
	}
	return false
}
