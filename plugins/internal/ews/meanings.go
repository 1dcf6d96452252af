package ews

import "github.com/trainercal/trainercal/sdk"

// meaning is what a response code means to the gateway, and to an operator.
type meaning struct {
	code            sdk.Code
	message, advice string
}

// What an operator can do, where it is the same for several codes.
const (
	rightsAdvice   = "give the master account full access to the mailbox (Add-MailboxPermission -AccessRights FullAccess), or editor rights on its calendar with private items visible"
	roleAdvice     = "give the master account the role ApplicationImpersonation for the mailbox (New-ManagementRoleAssignment -Role ApplicationImpersonation -User ACCOUNT -CustomRecipientWriteScope SCOPE), check that the scope holds the mailbox, and that the trainer's email is its primary address; or set access = \"full\""
	versionAdvice  = "check that the server is Exchange 2013 SP1 or newer, and that the mailbox lives on it"
	waitAdvice     = "nothing at first: it is tried again by itself; if it stays so, look into the server's event log and its health (Test-ServiceHealth)"
	policyAdvice   = "nothing at first: it is tried again by itself; if it goes on, give the account a throttling policy of its own (New-ThrottlingPolicy, Set-ThrottlingPolicyAssociation), or set connections lower"
	directAdvice   = "nothing at first: it is tried again by itself; if it stays so, check that the server reaches a domain controller (Test-ServiceHealth, Get-ExchangeServer -Status)"
	anewAdvice     = "nothing: the gateway starts anew by itself"
	goneAdvice     = "nothing: the gateway finds out by itself what became of it"
	againAdvice    = "nothing: the gateway reads the item again and decides anew"
	timesAdvice    = "check the times on the platform"
	ourBugAdvice   = "this is a defect of the plugin; report it with the code"
	unknownAdvice  = "look the code up in the documentation of Exchange Web Services; if it stays so, report it with the code"
	movedAdvice    = "if the mailbox was moved to Exchange Online, set the trainer's service to exchange-online (its items are found again there), and while others stay here, set allow_until in the exclusion rule exchange-online-or-onprem"
	passwordAdvice = "set a new password, and put it into password"
)

// meanings explains the response codes a calendar client meets ("ResponseCode" in the
// EWS reference). Codes that say where one mailbox lives stop that mailbox and never the
// account (auth-4).
var meanings = join(waitMeanings, resetMeanings, itemMeanings, mailboxMeanings, accountMeanings, contentMeanings)

// waitMeanings are the codes that a later attempt may not meet.
var waitMeanings = map[string]meaning{
	CodeServerBusy:                          {sdk.CodeThrottled, "the server asks to wait", policyAdvice},
	"ErrorExceededConnectionCount":          {sdk.CodeThrottled, "the account has too many requests open", "nothing at first: fewer are sent by itself; if it goes on, set connections lower, or raise EwsMaxConcurrency in the account's throttling policy"},
	"ErrorExceededFindCountLimit":           {sdk.CodeThrottled, "the account searches too much at a time", "nothing at first: fewer are sent by itself; if it goes on, raise EwsFindCountLimit in the account's throttling policy"},
	"ErrorInternalServerTransientError":     {sdk.CodeUnavailable, "the server fails for a moment", waitAdvice},
	CodeInternalServer:                      {sdk.CodeUnavailable, "the server fails", waitAdvice},
	"ErrorMailboxFailover":                  {sdk.CodeUnavailable, "the mailbox's database moves to another server", waitAdvice},
	"ErrorMailboxStoreUnavailable":          {sdk.CodeUnavailable, "the mailbox's database is not available", "nothing at first: it is tried again by itself; if it stays so, check that the database is mounted (Get-MailboxDatabase -Status)"},
	"ErrorMailboxMoveInProgress":            {sdk.CodeUnavailable, "the mailbox is being moved", "wait for the move; " + movedAdvice},
	"ErrorADUnavailable":                    {sdk.CodeUnavailable, "the server does not reach Active Directory", directAdvice},
	"ErrorADOperation":                      {sdk.CodeUnavailable, "the server's request to Active Directory failed", directAdvice},
	"ErrorConnectionFailed":                 {sdk.CodeUnavailable, "the server does not reach the mailbox's server", waitAdvice},
	CodeTimeoutExpired:                      {sdk.CodeUnavailable, "the server took too long", waitAdvice},
	"ErrorTooManyObjectsOpened":             {sdk.CodeUnavailable, "the mailbox has too much open", waitAdvice},
	"ErrorInsufficientResources":            {sdk.CodeUnavailable, "the server is out of resources", waitAdvice},
	"ErrorNoRespondingCASInDestinationSite": {sdk.CodeUnavailable, "no server of the mailbox's site responds", "check the Exchange servers of the site in which the mailbox lives"},
	CodeBatchStopped:                        {sdk.CodeUnavailable, "the server stopped before it came to this item", "nothing: the item is sent again by itself; the item before it says what stopped the server"},
}

// resetMeanings are the codes that end a state which the server keeps for the gateway.
var resetMeanings = map[string]meaning{
	CodeInvalidSyncState:              {sdk.CodeUnavailable, "the server no longer knows what the gateway has read", anewAdvice},
	CodeSyncFolderGone:                {sdk.CodeUnavailable, "the calendar is no longer the one that was read", anewAdvice},
	"ErrorSubscriptionNotFound":       {sdk.CodeUnavailable, "the server no longer knows the subscription", anewAdvice},
	"ErrorMissedNotificationEvents":   {sdk.CodeUnavailable, "the server lost notifications", anewAdvice},
	"ErrorInvalidWatermark":           {sdk.CodeUnavailable, "the server no longer knows how far notifications were read", anewAdvice},
	"ErrorReadEventsFailed":           {sdk.CodeUnavailable, "the server could not read notifications", anewAdvice},
	"ErrorInvalidSubscription":        {sdk.CodeUnavailable, "the server does not know the subscription", anewAdvice},
	"ErrorExpiredSubscription":        {sdk.CodeUnavailable, "the subscription has run out", anewAdvice},
	"ErrorInvalidSubscriptionRequest": {sdk.CodeInvalidRequest, "the server refuses the subscription", ourBugAdvice},
}

// itemMeanings are the codes that say what became of an item.
var itemMeanings = map[string]meaning{
	CodeItemNotFound:          {sdk.CodeItemNotFound, "the item is gone", goneAdvice},
	"ErrorInvalidIdMalformed": {sdk.CodeItemNotFound, "the item's id is not one of this server", goneAdvice},
	"ErrorInvalidId":          {sdk.CodeItemNotFound, "the item's id is not one of this server", goneAdvice},
	"ErrorCalendarOccurrenceIsDeletedFromRecurrence":     {sdk.CodeItemNotFound, "the occurrence was deleted", goneAdvice},
	"ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange": {sdk.CodeItemNotFound, "the series has no such occurrence", goneAdvice},

	"ErrorIrresolvableConflict":                {sdk.CodeConflict, "the item changed meanwhile", againAdvice},
	"ErrorStaleObject":                         {sdk.CodeConflict, "the item changed meanwhile", againAdvice},
	"ErrorInvalidChangeKey":                    {sdk.CodeConflict, "the item's version is not one of this server", againAdvice},
	"ErrorChangeKeyRequiredForWriteOperations": {sdk.CodeConflict, "the server wants the item's version", againAdvice},
}

// mailboxMeanings are the codes that stop a mailbox until somebody does something.
var mailboxMeanings = map[string]meaning{
	"ErrorAccessDenied":               {sdk.CodeAccessDenied, "the master account may not do this in the mailbox", rightsAdvice},
	"ErrorCreateItemAccessDenied":     {sdk.CodeAccessDenied, "the master account may not create items in the calendar", rightsAdvice},
	"ErrorFolderNotFound":             {sdk.CodeAccessDenied, "the calendar does not exist or is not visible to the master account", rightsAdvice},
	"ErrorNonExistentMailbox":         {sdk.CodeMailboxNotFound, "no mailbox on this server has the address", "check the trainer's email; " + movedAdvice},
	"ErrorAccountDisabled":            {sdk.CodeMailboxUnavailable, "the mailbox's user account is disabled", "enable the user in Active Directory, or turn the trainer's calendar off"},
	"ErrorQuotaExceeded":              {sdk.CodeMailboxUnavailable, "the mailbox is full", "let the trainer delete something, or raise the quota"},
	"ErrorMailboxConfiguration":       {sdk.CodeMailboxUnavailable, "the mailbox is not set up properly", "check it with Get-Mailbox on the server"},
	"ErrorMissingEmailAddress":        {sdk.CodeMailboxUnavailable, "the address has no mailbox on this server", "check the trainer's email; " + movedAdvice},
	"ErrorImpersonateUserDenied":      {sdk.CodeAccessDenied, "the master account may not act for the mailbox", roleAdvice},
	"ErrorImpersonationDenied":        {sdk.CodeAccessDenied, "the master account may not act for the mailbox", roleAdvice},
	"ErrorImpersonationFailed":        {sdk.CodeAccessDenied, "the master account could not act for the mailbox", roleAdvice},
	"ErrorWrongServerVersionDelegate": {sdk.CodeMailboxUnavailable, "the mailbox lives on a server of another version", versionAdvice},
	"ErrorProxyRequestNotAllowed":     {sdk.CodeMailboxUnavailable, "the mailbox lives on a server that this one does not pass requests to", "set url to the server the mailbox lives on"},

	"ErrorInvalidSchemaVersionForMailboxVersion":  {sdk.CodeMailboxUnavailable, "the mailbox lives on a server that is too old", versionAdvice},
	"ErrorCalendarFolderIsInvalidForCalendarView": {sdk.CodeMailboxUnavailable, "the folder is not a calendar", "check the mailbox's calendar with Get-MailboxFolderStatistics -FolderScope Calendar"},
	"ErrorSubscriptionDelegateAccessNotSupported": {sdk.CodeUnsupported, "the server notifies the mailbox's owner only", "nothing: calendars are read on the interval; with access = \"impersonation\" changes are seen at once"},
	"ErrorSubscriptionAccessDenied":               {sdk.CodeAccessDenied, "the master account may not subscribe to the mailbox", roleAdvice},
}

// accountMeanings are the codes that stop the account until somebody does something.
var accountMeanings = map[string]meaning{
	"ErrorPasswordExpired":        {sdk.CodeCredentials, "the master account's password has expired", passwordAdvice},
	"ErrorPasswordChangeRequired": {sdk.CodeCredentials, "the master account must change its password", passwordAdvice},
	"ErrorInvalidServerVersion":   {sdk.CodeMethodNotOffered, "the server is too old", versionAdvice},
	"ErrorIncorrectSchemaVersion": {sdk.CodeMethodNotOffered, "the server is too old", versionAdvice},

	"ErrorInvalidExchangeImpersonationHeaderData": {sdk.CodeMethodNotOffered, "the server does not understand whom the master account acts for", "check that the trainers' emails are their mailboxes' primary addresses; or set access = \"full\""},
	"ErrorMoreThanOneAccessModeSpecified":         {sdk.CodeMethodNotOffered, "the server refuses the way the master account reaches the mailboxes", "set the other access: \"full\" instead of \"impersonation\", or the reverse; and report it with the code"},
}

// contentMeanings are the codes of requests and items that the server refuses as they are.
var contentMeanings = join(defects(), map[string]meaning{
	CodeTimeZone: {sdk.CodeInvalidItem, "the server does not know the time zone", "check the course's or the trainer's timezone"},
	"ErrorCalendarEndDateIsEarlierThanStartDate": {sdk.CodeInvalidItem, "the appointment ends before it starts", timesAdvice},
	"ErrorCalendarDurationIsTooLong":             {sdk.CodeInvalidItem, "the appointment is longer than five years", timesAdvice},
	"ErrorOccurrenceCrossingBoundary":            {sdk.CodeInvalidItem, "an occurrence cannot pass its neighbour", timesAdvice},
	CodeViewRangeTooBig:                          {sdk.CodeInvalidRequest, "the window is longer than the server allows", "make the window shorter than two years"},
})

// defects are the codes that only a malformed request of ours can bring.
func defects() map[string]meaning {
	all := map[string]meaning{}
	for _, code := range []string{
		"ErrorSchemaValidation", "ErrorInvalidRequest", "ErrorInvalidPropertySet", "ErrorInvalidPropertyRequest",
		"ErrorIncorrectUpdatePropertyCount", "ErrorInvalidExtendedProperty", "ErrorValueOutOfRange",
		"ErrorRestrictionTooLong", "ErrorSendMeetingInvitationsRequired",
		"ErrorSendMeetingInvitationsOrCancellationsRequired", "ErrorSendMeetingCancellationsRequired",
	} {
		all[code] = meaning{sdk.CodeInvalidItem, "the server refuses the request", ourBugAdvice}
	}
	return all
}

func join(tables ...map[string]meaning) map[string]meaning {
	all := map[string]meaning{}
	for _, t := range tables {
		for code, m := range t {
			all[code] = m
		}
	}
	return all
}

// lookup finds a code's meaning. A code that is not known counts as a refusal that a
// later attempt may not meet.
func lookup(code string) meaning {
	if m, known := meanings[code]; known {
		return m
	}
	return meaning{sdk.CodeUnavailable, "the server refuses", unknownAdvice}
}
