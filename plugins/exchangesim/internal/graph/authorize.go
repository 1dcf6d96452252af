package graph

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
)

// authorize refuses requests without a valid token.
func (h *Handler) authorize(r *http.Request) *faults.Answer {
	token, found := bearer(r)
	if found && h.opts.Valid(token) {
		return nil
	}
	return h.unauthorized(token, found)
}

func bearer(r *http.Request) (token string, found bool) {
	return strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// unauthorized says what is wrong with a token. Where it lacks claims, they are in the
// challenge, for the client to pass on to the token endpoint ("Claims challenges,
// claims requests, and client capabilities").
func (h *Handler) unauthorized(token string, found bool) *faults.Answer {
	message, challenge := "Access token is empty.", `error="invalid_token"`
	if found {
		message = "Access token has expired or is not yet valid."
	}
	if claims := h.lacking(token); found && claims != "" {
		message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp"
		challenge = fmt.Sprintf(`error="insufficient_claims", claims=%q`, base64.StdEncoding.EncodeToString([]byte(claims)))
	}
	answer := h.failure(fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", message))
	answer.Header.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", `+challenge)
	return answer
}

func (h *Handler) lacking(token string) string {
	if h.opts.Claims == nil {
		return ""
	}
	return h.opts.Claims(token)
}

// challenge demands new claims of all tokens, and refuses a request for them.
func (h *Handler) challenge(r *request) *faults.Answer {
	if h.opts.Challenge != nil {
		h.opts.Challenge()
	}
	return h.unauthorized(bearer(r.Request))
}
