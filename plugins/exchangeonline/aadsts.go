package exchangeonline

import (
	"fmt"

	"github.com/trainercal/trainercal/sdk"
)

// hint is what an error number of the sign-in service means to an operator.
type hint struct {
	code            sdk.Code
	message, advice string
}

// aadsts explains the numbers that a request with application credentials meets
// ("Microsoft Entra authentication and authorization error codes").
var aadsts = map[int]hint{
	7000215: {
		sdk.CodeCredentials, "the client secret is wrong",
		"set client_secret to the secret's value; the id beside it is not the secret",
	},
	7000222: {
		sdk.CodeCredentials, "the client secret has expired",
		"create a new client secret in the app registration and set client_secret to its value",
	},
	7000218: {
		sdk.CodeCredentials, "no client secret or assertion arrived",
		"check that client_secret, or the file that is used instead, is not empty",
	},
	700016: {
		sdk.CodeCredentials, "the application is not known in the tenant",
		"check client_id and tenant_id, and that the application was consented to in this tenant",
	},
	90002: {
		sdk.CodeCredentials, "the tenant is not known",
		"check tenant_id for a typing error, and cloud when the tenant lives in a national cloud",
	},
	900023: {sdk.CodeCredentials, "the tenant's id is malformed", "check tenant_id"},
	50049:  {sdk.CodeCredentials, "the sign-in address is not known", "check cloud and login_url"},
	90038:  {sdk.CodeCredentials, "the tenant lives in another national cloud", "set cloud to the tenant's cloud"},
	65001: {
		sdk.CodeCredentials, "nobody has consented to the application",
		"let an administrator grant admin consent for the application permission Calendars.ReadWrite",
	},
	500011: {
		sdk.CodeCredentials, "Microsoft Graph is not known in the tenant",
		"check cloud, and that the tenant has Exchange Online",
	},
	70011:  {sdk.CodeCredentials, "the requested scope is not valid", "check cloud"},
	700022: {sdk.CodeCredentials, "the requested scope is not valid", "check cloud"},
	50012: {
		sdk.CodeCredentials, "the sign-in failed",
		"check client_secret; with certificate_file, that its certificate is in the app registration",
	},
	700027: {
		sdk.CodeCredentials, "the certificate's signature cannot be verified",
		"add the certificate of certificate_file to the app registration, or put the one that is there into the file",
	},
	700024: {
		sdk.CodeCredentials, "the signed proof is not valid at this time",
		"set the gateway's clock (NTP); with federated_token_file, check that its token is renewed",
	},
	50048: {
		sdk.CodeCredentials, "the signed proof is of another application",
		"check client_id; with federated_token_file, the subject and issuer of the federated credential",
	},
	700030: {
		sdk.CodeCredentials, "the certificate's subject is not allowed",
		"use a certificate that the app registration names",
	},
	70021:  {sdk.CodeCredentials, "no federated credential matches the token", matchFederated},
	700213: {sdk.CodeCredentials, "no federated credential matches the token", matchFederated},
	700229: {
		sdk.CodeCredentials, "the federated token is not one of an application",
		"let the other identity provider issue a token for a workload, not for a person",
	},
	7000112: {
		sdk.CodeAccountBlocked, "the application is disabled",
		"let an administrator enable sign-in for the enterprise application",
	},
	70001: {
		sdk.CodeAccountBlocked, "the application is disabled or not known",
		"check client_id, and that the enterprise application may sign in",
	},
	650056: {
		sdk.CodeCredentials, "the app registration is misconfigured",
		"add the application permission Calendars.ReadWrite and grant admin consent",
	},
	650057: {
		sdk.CodeCredentials, "Microsoft Graph is not among the application's permissions",
		"add the application permission Calendars.ReadWrite and grant admin consent",
	},
	53003: {
		sdk.CodeAccountBlocked, "Conditional Access blocks the application",
		"let an administrator exempt the application from the policy, or allow the gateway's address",
	},
	50196: {
		sdk.CodeThrottled, "the sign-in service sees too many requests from this application",
		"check that no other program signs in with the same client_id in a loop",
	},
	90055: {sdk.CodeThrottled, "the tenant is being throttled by the sign-in service", signInLater},
	9001023: {
		sdk.CodeCredentials, "application credentials do not work for all tenants at once",
		"set tenant_id to one tenant's id or domain",
	},
	50126: {sdk.CodeCredentials, "the sign-in service speaks of a wrong user name or password", noPassword},
	50053: {sdk.CodeCredentials, "the sign-in service speaks of a locked user", noPassword},
	50055: {sdk.CodeCredentials, "the sign-in service speaks of an expired password", noPassword},
	50057: {sdk.CodeCredentials, "the sign-in service speaks of a disabled user", noPassword},
	50076: {sdk.CodeCredentials, "the sign-in service wants a second factor of a user", noPassword},
}

// noPassword is what to do about refusals of a user's sign-in: the gateway signs in as
// an application and sends no password, so something in between does, or the
// registration is a user's.
const noPassword = "the gateway signs in as an application and needs no user: check that client_id is an app registration's, and that login_url leads to Microsoft and not to a service that signs in as a user"

// matchFederated is what to do where a federated token fits no credential.
const matchFederated = "make issuer, subject and audience of the app registration's federated credential equal those of the token, letter case included"

// explainAADSTS turns a refused token request into an error that says what to do.
func explainAADSTS(answer tokenAnswer) *sdk.Error {
	for _, number := range answer.Codes {
		if h, known := aadsts[number]; known {
			return h.code.New("%s", h.message).WithAdvice("%s", h.advice).
				WithDetail(answer.support(fmt.Sprintf("AADSTS%d", number)))
		}
	}
	detail := safeCode(answer.Error)
	if len(answer.Codes) > 0 {
		detail = fmt.Sprintf("AADSTS%d", answer.Codes[0])
	}
	return sdk.CodeCredentials.New("the sign-in service refused the application").WithDetail(answer.support(detail)).
		WithAdvice("look the code up in the sign-in logs of the enterprise application, and check tenant_id, client_id and client_secret, or what is used instead of it")
}
