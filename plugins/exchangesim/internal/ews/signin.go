package ews

import (
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/ntlmserver"
)

// BasicScheme and BearerScheme are challenges of a server that allows passwords, and
// of one that allows tokens.
const (
	BasicScheme  = `Basic realm="exchange.example"`
	BearerScheme = `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*"`
)

// SignIn finds out who calls with a password, or refuses with 401 and the schemes on
// offer, for what else an Exchange server serves besides EWS.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request) bool {
	_, ok := h.authenticate(w, r)
	return ok
}

// authenticate finds out who calls, or refuses with 401 and the schemes on offer.
func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request) (caller, bool) {
	if user, password, ok := r.BasicAuth(); ok && h.offers("Basic") {
		if account, known := h.opts.World.Authenticate(user, password); known {
			return caller{account: &account}, true
		}
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if bearer && h.offers("Bearer") {
		if h.opts.Token != nil && h.opts.Token(token) {
			return caller{}, true
		}
		w.Header().Set("x-ms-diagnostics", `2000001;reason="There was an error processing the request token.";error_category="invalid_token"`)
	}
	schemes := h.opts.Schemes
	if h.offersHandshake(r) {
		user, reply := h.ntlm().SignIn(r)
		if account, known := h.opts.World.Account(user); known {
			return caller{account: &account}, true
		}
		if reply != "" {
			schemes = []string{reply}
		}
	}
	for _, scheme := range schemes {
		w.Header().Add("WWW-Authenticate", scheme)
	}
	w.WriteHeader(http.StatusUnauthorized)
	return caller{}, false
}

// ntlm is the server of the handshakes that a connection is signed in with. Kerberos,
// which Negotiate stands for too, is not simulated.
func (h *Handler) ntlm() *ntlmserver.Server {
	return &ntlmserver.Server{
		Protection: h.opts.Protection, Binding: h.opts.Binding,
		Password: func(name string) (string, bool) {
			account, known := h.opts.World.Account(name)
			return account.Password, known
		},
	}
}

// offersHandshake reports whether the request's scheme, or the one its connection was
// signed in with, is on offer.
func (h *Handler) offersHandshake(r *http.Request) bool {
	if scheme, _, sent := strings.Cut(r.Header.Get("Authorization"), " "); sent {
		return h.offers(scheme)
	}
	return h.offers("NTLM") || h.offers("Negotiate")
}

func (h *Handler) offers(scheme string) bool {
	for _, s := range h.opts.Schemes {
		if name, _, _ := strings.Cut(s, " "); strings.EqualFold(name, scheme) {
			return true
		}
	}
	return false
}
