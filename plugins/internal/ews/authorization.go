package ews

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/trainercal/trainercal/sdk"
)

// Authorization adds credentials to a request.
type Authorization struct {
	// Scheme is the HTTP scheme, compared with what a refusing server offers; Also are
	// others under which the same credentials are taken.
	Scheme string
	Also   []string
	// Authorize sets the header. Its error, one of the contract's, ends the request
	// before it is sent.
	Authorize func(context.Context, http.Header) error
	// Refused is told of a 401 to a request with these headers when there may be other
	// credentials for a second attempt; nil for credentials that stay as they are.
	Refused func(sent, answer http.Header)
}

// Basic is a user name and a password in the clear, for TLS only (RFC 7617, UTF-8).
func Basic(username, password string) Authorization {
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
	return Authorization{Scheme: "Basic", Authorize: func(_ context.Context, h http.Header) error {
		h.Set("Authorization", value)
		return nil
	}}
}

// NTLM is for a transport whose connections sign in by themselves; see package ntlm.
func NTLM() Authorization {
	return Authorization{
		Scheme: "NTLM", Also: []string{"Negotiate"},
		Authorize: func(context.Context, http.Header) error { return nil },
	}
}

// Bearer is an access token, for Exchange Online: token brings one that is good, and
// refused is told of one that a server did not take, with the answer's header, so that
// the next is another.
func Bearer(token func(context.Context) (string, *sdk.Error), refused func(token string, answer http.Header)) Authorization {
	const prefix = "Bearer "
	return Authorization{
		Scheme: "Bearer",
		Authorize: func(ctx context.Context, h http.Header) error {
			value, err := token(ctx)
			if err != nil {
				return err
			}
			h.Set("Authorization", prefix+value)
			return nil
		},
		Refused: func(sent, answer http.Header) {
			refused(sent.Get("Authorization")[len(prefix):], answer)
		},
	}
}
