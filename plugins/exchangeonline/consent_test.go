package exchangeonline

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// tokenWith is an access token that names permissions, as Microsoft's do; it is signed by
// nobody.
func tokenWith(roles ...string) string {
	claims, err := json.Marshal(map[string]any{"aud": "https://graph.microsoft.com", "roles": roles})
	if err != nil {
		panic(err)
	}
	return "eyJ0eXAiOiJKV1QifQ." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}

// What the token says of permissions is told, and decides nothing: roles of RBAC for
// Applications are in no token (trap 36).
func TestConsent(t *testing.T) {
	for name, test := range map[string]struct {
		token   string
		api     string
		outcome sdk.Outcome
		says    string
	}{
		"as it should be": {tokenWith("Calendars.ReadWrite"), apiGraph, sdk.Passed, "consented to Calendars.ReadWrite"},
		"over EWS":        {tokenWith("full_access_as_app"), apiEWS, sdk.Passed, "consented to full_access_as_app"},
		"of a role":       {tokenWith(), apiGraph, sdk.Skipped, "RBAC for Applications"},
		"to read only":    {tokenWith("Calendars.Read"), apiGraph, sdk.Warned, "other permissions than Calendars.ReadWrite: Calendars.Read"},
		"too much":        {tokenWith("Calendars.ReadWrite", "Mail.ReadWrite"), apiGraph, sdk.Warned, "more than the gateway needs: Mail.ReadWrite"},
		"hostile":         {tokenWith("Calendars.ReadWrite", "<script>"), apiGraph, sdk.Passed, "Calendars.ReadWrite"},
		"opaque":          {"EwBAA8l6BAAU", apiGraph, sdk.Skipped, "does not tell"},
		"not base64":      {"a.!.c", apiGraph, sdk.Skipped, "does not tell"},
		"not JSON":        {"a.eA.c", apiGraph, sdk.Skipped, "does not tell"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			f.token = func(int) reply {
				return ok(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": test.token})
			}
			a := f.account()
			a.settings.api = test.api
			c := a.verifyConsent(t.Context())
			if c.Step != "consent" || c.Outcome != test.outcome || !strings.Contains(c.Observed, test.says) {
				t.Errorf("consent = %+v, want %s that says %q", c, test.outcome, test.says)
			}
			if text := fmt.Sprint(c); strings.Contains(text, test.token) || strings.Contains(text, "<script>") {
				t.Errorf("consent gives away what it must not: %+v", c)
			}
			if c.Outcome == sdk.Warned && c.Advice == "" {
				t.Errorf("consent = %+v says not what to do", c)
			}
		})
	}
}

func FuzzRoles(f *testing.F) {
	f.Add(tokenWith("Calendars.ReadWrite"))
	f.Add("..")
	f.Add("a.e30.c")
	f.Fuzz(func(t *testing.T, token string) {
		roles, told := rolesOf(token)
		if len(roles) > maxRoles || !told && roles != nil {
			t.Errorf("roles %v, told %v", roles, told)
		}
		for _, r := range roles {
			if safeCode(r) != r || r == "" {
				t.Errorf("role %q", r)
			}
		}
	})
}
