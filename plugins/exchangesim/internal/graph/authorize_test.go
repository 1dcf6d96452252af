package graph_test

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

var claimsIn = regexp.MustCompile(`error="insufficient_claims", claims="([^"]+)"`)

// A challenged token stays refused, and so does a new one, until a token is asked for
// with the claims that the challenge names.
func TestClaimsChallenge(t *testing.T) {
	r := newRig(t, simtest.Config{})
	if _, err := r.server.AddFault(exchangesim.Fault{Protocol: "graph", Kind: "GetCalendar", Mode: exchangesim.FaultClaims, Times: 1}); err != nil {
		t.Fatal(err)
	}
	claims := r.challenged()
	r.token = r.signIn()
	if again := r.challenged(); again != claims {
		t.Errorf("a token without the claims is challenged for %q, want %q", again, claims)
	}
	r.token = r.signInWith(url.Values{"claims": {claims}})
	r.want(200, "GET", anasCalendar, nil)
	r.server.ChallengeTokens()
	if next := r.challenged(); next == claims {
		t.Error("a second challenge demands the claims of the first")
	}
}

// challenged asks for Ana's calendar, must be challenged, and answers the claims.
func (r *rig) challenged() string {
	r.t.Helper()
	resp, _ := r.do("GET", anasCalendar, nil)
	m := claimsIn.FindStringSubmatch(resp.Header.Get("WWW-Authenticate"))
	if resp.StatusCode != 401 || m == nil {
		r.t.Fatalf("%d %q, want a challenge", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	claims, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		r.t.Fatal(err)
	}
	return string(claims)
}

// A refused token that lacks no claims is not challenged.
func TestRevokedIsNoChallenge(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.server.RevokeTokens()
	resp, _ := r.do("GET", anasCalendar, nil)
	if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 401 || claimsIn.MatchString(got) {
		t.Errorf("%d %q, want a refusal without claims", resp.StatusCode, got)
	}
}

// An application that is limited to some mailboxes is refused at the others, by
// whatever address it names them.
func TestLimitedApplication(t *testing.T) {
	r := newRig(t, simtest.Config{})
	bob := r.mailbox("bob@x.example")
	r.server.World().LimitApplication("ANA@x.example")
	r.want(200, "GET", "/users/"+r.ana.UserID()+"/calendar", nil)
	r.refused(403, "ErrorAccessDenied", "GET", "/users/"+bob.UserID()+"/calendar", nil)
	r.server.World().LimitApplication()
	r.want(200, "GET", "/users/bob@x.example/calendar", nil)
}

// A mailbox on premises is unknown to Graph until it is moved.
func TestMailboxOnPremises(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.ana.SetState(world.OnPremises)
	r.refused(404, "MailboxNotEnabledForRESTAPI", "GET", anasCalendar, nil)
	r.ana.SetState(world.OK)
	r.want(200, "GET", anasCalendar, nil)
}
