package exchangeonline

import (
	"slices"

	"github.com/trainercal/trainercal/sdk"
)

// neededEWS names the permission exactly as the administration pages call it.
const neededEWS = "grant the application permission full_access_as_app of Office 365 Exchange Online with admin consent, or assign the " +
	"RBAC for Applications role \"Application EWS.AccessAsApp\" with a scope that holds this mailbox (a new assignment can take two hours to work)"

// onPremises is what to do about a mailbox that lives on a server of the organisation's
// own. The standing exclusion rule keeps a provider from using both services at once.
const onPremises = "when the mailbox lives on a server of your own, set the trainer's service to exchange-onprem (its items are found again there), " +
	"and while others stay in Exchange Online, set allow_until in the exclusion rule exchange-online-or-onprem"

// onlineHints are the response codes of EWS that mean something else to the administrator
// of Exchange Online than to that of a server.
var onlineHints = []struct {
	codes []string
	hint
}{
	{
		[]string{"ErrorImpersonateUserDenied", "ErrorImpersonationDenied", "ErrorImpersonationFailed", "ErrorAccessDenied", "ErrorCreateItemAccessDenied", "ErrorFolderNotFound"},
		hint{sdk.CodeAccessDenied, "no permission on the mailbox", neededEWS},
	},
	{
		[]string{"ErrorNonExistentMailbox", "ErrorMissingEmailAddress"},
		hint{sdk.CodeMailboxNotFound, "Exchange Online has no mailbox of this address", "check the trainer's email address; " + onPremises},
	},
	{
		[]string{"ErrorServerBusy", "ErrorExceededConnectionCount", "ErrorExceededFindCountLimit"},
		hint{sdk.CodeThrottled, "Exchange Online asks to wait", "nothing at first: it is tried again by itself; if it goes on, set concurrency lower, or move the account to api = \"graph\", whose limits are each mailbox's own"},
	},
	{
		[]string{"HTTP 401"},
		hint{sdk.CodeCredentials, "Exchange Online refuses the access token", "check tenant_id and cloud, and that the application has the permission full_access_as_app or the role \"Application EWS.AccessAsApp\""},
	},
}

// online is an error of EWS in the words of Exchange Online. One that means the same
// everywhere stays as it is.
func online(err *sdk.Error) *sdk.Error {
	for _, known := range onlineHints {
		if !slices.Contains(known.codes, err.Detail) {
			continue
		}
		said := known.code.Wrap(err, "%s", known.message)
		if err.Code == sdk.CodeOutcomeUnknown {
			said = err.Code.Wrap(err, "%s", err.Message)
		}
		said.Advice, said.Detail, said.RetryAfter = known.advice, err.Detail, err.RetryAfter
		return said
	}
	return err
}
