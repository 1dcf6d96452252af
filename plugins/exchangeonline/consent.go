package exchangeonline

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk"
)

// wanted are the application permissions that an API's calls need.
var wanted = map[string]string{apiGraph: "Calendars.ReadWrite", apiEWS: "full_access_as_app"}

// maxRoles bounds how many permissions of a token are told.
const maxRoles = 20

// verifyConsent tells what the token says of the application's permissions. It decides
// nothing: roles of RBAC for Applications are in no token, and a token is Microsoft's to
// read; that a call is allowed, only the call can tell.
func (c *connection) verifyConsent(ctx context.Context) sdk.Check {
	check := sdk.Check{Step: "consent", Outcome: sdk.Skipped}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return failed("", "consent", "asked for an access token", err)
	}
	roles, told := rolesOf(token)
	need := wanted[c.settings.api]
	has := slices.Contains(roles, need)
	others := slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == need })
	switch {
	case !told:
		check.Observed = "the token does not tell its permissions; the calls that follow do"
	case len(roles) == 0:
		check.Observed = "the token has no permissions for the whole tenant; roles of RBAC for Applications are in no token, so the calls that follow tell"
	case !has:
		check.Outcome = sdk.Warned
		check.Observed = "the application has other permissions than " + need + ": " + strings.Join(others, ", ")
		check.Advice = "grant the application permission " + need + " with admin consent if the calls that follow are refused, and remove what it does not need"
	case len(others) > 0:
		check.Outcome = sdk.Warned
		check.Observed = fmt.Sprintf("an administrator consented to %s, and to more than the gateway needs: %s", need, strings.Join(others, ", "))
		check.Advice = "remove the permissions that nothing else needs from the app registration"
	default:
		check.Outcome, check.Observed = sdk.Passed, "an administrator consented to "+need
	}
	return check
}

// rolesOf reads the permissions of an access token; told is false for one that cannot be
// read, or is no application's.
func rolesOf(token string) (roles []string, told bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	plain, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims struct {
		Roles []string `json:"roles"`
	}
	if json.Unmarshal(plain, &claims) != nil {
		return nil, false
	}
	for _, r := range claims.Roles[:min(len(claims.Roles), maxRoles)] {
		if shown := safeCode(r); shown != "" {
			roles = append(roles, shown)
		}
	}
	return roles, true
}
