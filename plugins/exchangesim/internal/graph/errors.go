package graph

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// failure is an error as Graph answers it.
type failure struct {
	status  int
	code    string
	message string
	// retryAfter is the Retry-After header, in seconds; 0 for none.
	retryAfter int
}

// Error is the message.
func (f *failure) Error() string { return f.code + ": " + f.message }

func fail(status int, code, format string, args ...any) *failure {
	return &failure{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest is a request that Graph cannot make sense of.
func badRequest(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "ErrorInvalidRequest", format, args...)
}

var errTimeZone = errors.New("the time zone is not supported")

// known are Graph's answers to the world's errors; the first that fits is given.
var known = []struct {
	err     error
	status  int
	code    string
	message string
}{
	{errTimeZone, 400, "TimeZoneNotSupportedException", "A valid TimeZone value must be specified. The following TimeZone value is not supported."},
	{errMalformedID, 404, "ErrorItemNotFound", "The specified object was not found in the store."},
	{errOtherForm, 400, "ErrorInvalidIdMalformed", "Id is malformed."},
	{errOtherMailbox, 400, "ErrorInvalidMailboxItemId", "Item Id doesn't belong to the current mailbox."},
	{world.ErrMailboxNotFound, 404, "ErrorInvalidUser", "The requested user is invalid."},
	{world.ErrAccessDenied, 403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."},
	{world.ErrMailboxDisabled, 404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."},
	{world.ErrMailboxMoved, 404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."},
	{world.ErrMailboxMoving, 503, "ErrorMailboxMoveInProgress", "Mailbox move in progress. Try again later."},
	{world.ErrItemNotFound, 404, "ErrorItemNotFound", "The specified object was not found in the store."},
	{world.ErrOccurrenceDeleted, 404, "ErrorItemNotFound", "The specified object was not found in the store."},
	{world.ErrOccurrenceRange, 404, "ErrorItemNotFound", "The specified object was not found in the store."},
	{world.ErrConflict, 412, "ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item."},
	{world.ErrTransaction, 409, "ErrorDuplicateTransactionId", "Your request can't be completed. The TransactionId value in the request has already been used to create a different event."},
	{world.ErrNotMidnight, 400, "ErrorPropertyValidationFailure", "The Event.Start property for an all-day event needs to be set to midnight."},
	{world.ErrEndBeforeStart, 400, "ErrorPropertyValidationFailure", "At least one property failed validation: the end of the event is before its start."},
	{world.ErrTooLong, 400, "ErrorCalendarDurationIsTooLong", "The duration of the event is too long."},
	{world.ErrOccurrenceCrossing, 400, "ErrorOccurrenceCrossingBoundary", "Modified occurrence is crossing or overlapping adjacent occurrence."},
	{world.ErrRecurrence, 400, "ErrorInvalidRecurrence", "The recurrence is invalid."},
	{world.ErrInvalidProperty, 400, "ErrorPropertyValidationFailure", "At least one property failed validation."},
	{world.ErrQuota, 507, "ErrorQuotaExceeded", "The mailbox has exceeded its quota."},
	{world.ErrStaleToken, 410, "SyncStateNotFound", "The sync state generation is not found; a full synchronization is needed."},
}

// failureOf turns any error into Graph's answer.
func failureOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	for _, k := range known {
		if !errors.Is(err, k.err) {
			continue
		}
		f = fail(k.status, k.code, "%s", k.message)
		if k.status == http.StatusServiceUnavailable {
			f.retryAfter = 60
		}
		return f
	}
	return fail(http.StatusInternalServerError, "ErrorInternalServerError", "%v", err)
}

// refuse makes the answer of a fault.
func (h *Handler) refuse(req *request, r faults.Rule) *faults.Answer {
	if r.Mode == faults.Claims {
		return h.challenge(req)
	}
	code := r.Code
	if code == "" {
		code = standardCodes[r.Status]
	}
	if code == "" {
		code = "UnknownError"
	}
	return h.failure(fail(r.Status, code, "%s", http.StatusText(r.Status)))
}

// standardCodes are Graph's usual codes where a fault names only a status.
var standardCodes = map[int]string{
	400: "ErrorInvalidRequest", 401: "InvalidAuthenticationToken", 403: "ErrorAccessDenied", 404: "ErrorItemNotFound",
	409: "ErrorDuplicateTransactionId", 410: "SyncStateNotFound", 412: "ErrorIrresolvableConflict",
	429: "ApplicationThrottled", 500: "InternalServerError", 503: "ServiceUnavailable", 504: "UnknownError",
}
