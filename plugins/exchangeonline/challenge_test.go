package exchangeonline

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const wantedClaims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`

// challenged is the header of a 401 that wants claims.
func challenged(claims string) string {
	return `Bearer realm="", authorization_uri="https://login.test/common/oauth2/authorize", error="insufficient_claims", claims="` + claims + `"`
}

func encoded(claims string) string { return base64.StdEncoding.EncodeToString([]byte(claims)) }

// Claims are found in whatever header they are written, and nothing else is taken for
// claims ("Claims challenges, claims requests and client capabilities").
func TestChallenge(t *testing.T) {
	for name, test := range map[string]struct {
		headers []string
		want    string
	}{
		"usual":            {[]string{challenged(encoded(wantedClaims))}, wantedClaims},
		"second header":    {[]string{"Negotiate", challenged(encoded(wantedClaims))}, wantedClaims},
		"other alphabet":   {[]string{challenged(base64.RawURLEncoding.EncodeToString([]byte(`{"a":"ÿÿÿ?>"}`)))}, `{"a":"ÿÿÿ?>"}`},
		"unquoted":         {[]string{"bearer error=x, claims=" + base64.RawURLEncoding.EncodeToString([]byte(wantedClaims))}, wantedClaims},
		"quoted comma":     {[]string{`Bearer error_description="no, \"claims=x\"", claims="` + encoded(wantedClaims) + `"`}, wantedClaims},
		"none":             {[]string{`Bearer realm="", error="invalid_token"`}, ""},
		"other scheme":     {[]string{`Basic claims="` + encoded(wantedClaims) + `"`}, ""},
		"no header":        {nil, ""},
		"not base64":       {[]string{challenged("!!!!")}, ""},
		"not JSON":         {[]string{challenged(encoded("claims"))}, ""},
		"no object":        {[]string{challenged(encoded(`"x"`))}, ""},
		"an empty object":  {[]string{challenged(encoded(`{}`))}, ""},
		"too long":         {[]string{challenged(encoded(`{"a":"` + strings.Repeat("x", maxClaims) + `"}`))}, ""},
		"quotes unclosed":  {[]string{`Bearer claims="` + encoded(wantedClaims)}, ""},
		"ends in a escape": {[]string{`Bearer claims="x\`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := challenge(http.Header{"Www-Authenticate": test.headers}); got != test.want {
				t.Errorf("challenge = %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(challenged(encoded(wantedClaims)))
	f.Add(`Bearer a="\\`)
	f.Add("Bearer claims=,claims=")
	f.Fuzz(func(t *testing.T, header string) {
		claims := challenge(http.Header{"Www-Authenticate": {header}})
		if claims != "" && (!json.Valid([]byte(claims)) || len(claims) > maxClaims) {
			t.Errorf("claims %q", claims)
		}
	})
}

// claimsFake refuses tokens until one was asked for with the claims it wants; the nth
// token request's claims are recorded.
func claimsFake(t *testing.T, inBatch bool) (*fake, *[]string) {
	f := newFake(t, nil)
	var asked []string
	good := ""
	f.signedIn = func(n int, form url.Values) {
		asked = append(asked, form.Get("claims"))
		if form.Get("claims") == wantedClaims {
			good = grantedToken(n)
		}
	}
	f.answer = func(c call) reply {
		if token := strings.TrimPrefix(c.header.Get("Authorization"), "Bearer "); !c.inBatch && token != good {
			rep := refuse(401, "InvalidAuthenticationToken")
			rep.header = map[string]string{"WWW-Authenticate": challenged(encoded(wantedClaims))}
			return rep
		}
		if inBatch && c.inBatch && good == "" {
			rep := refuse(401, "InvalidAuthenticationToken")
			rep.header = map[string]string{"WWW-Authenticate": challenged(encoded(wantedClaims))}
			return rep
		}
		return ok(lastPage("d1"))
	}
	return f, &asked
}

// A token that no longer has what a server wants is replaced by one that was asked for
// with the server's claims: once, and then the claims are done with.
func TestClaimsChallenge(t *testing.T) {
	f, asked := claimsFake(t, false)
	if p := readOne(t, f.account(), readRequest(ana)); p.Err != nil || p.Complete == nil {
		t.Errorf("read = %+v, want it complete", p)
	}
	if got := strings.Join(*asked, "|"); got != "|"+wantedClaims {
		t.Errorf("token requests with claims %q, want none, then the server's", got)
	}
}

// The same inside a batch that was accepted as a whole.
func TestClaimsChallengeInBatch(t *testing.T) {
	f, asked := claimsFake(t, true)
	a := f.account()
	req := readRequest(ana)
	req.Cursor = newCursor(req, "/users/"+ana+"/calendarView/delta?$deltatoken=d0").bytes()
	if p := readOne(t, a, req); p.Err != nil || p.Complete == nil {
		t.Errorf("read = %+v, want it complete", p)
	}
	if got := strings.Join(*asked, "|"); got != "|"+wantedClaims {
		t.Errorf("token requests with claims %q, want none, then the server's", got)
	}
}

// A server that is never content is not asked for ever: one more token, and the account
// is stopped.
func TestClaimsChallengeForEver(t *testing.T) {
	f := newFake(t, func(call) reply {
		rep := refuse(401, "InvalidAuthenticationToken")
		rep.header = map[string]string{"WWW-Authenticate": challenged(encoded(wantedClaims))}
		return rep
	})
	a := f.account()
	_, _, err := a.graph.send(t.Context(), request{operation: "test", method: http.MethodGet, url: a.graph.link("/x")})
	if codeOf(err) != "credentials_refused" || f.tokens != 2 || len(f.calls) != 2 {
		t.Errorf("err = %v after %d requests with %d tokens, want credentials refused after two with two", err, len(f.calls), f.tokens)
	}
}
