package ews

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// classes are the classes of response codes, each with the codes of the contract that do
// justice to it.
var classes = map[string]struct {
	codes []sdk.Code
	list  string
}{
	"retry w/ back-off": {[]sdk.Code{sdk.CodeThrottled, sdk.CodeUnavailable}, `ErrorServerBusy ErrorInternalServerTransientError ErrorMailboxFailover
		ErrorMailboxStoreUnavailable ErrorMailboxMoveInProgress ErrorADUnavailable ErrorADOperation ErrorConnectionFailed ErrorTimeoutExpired
		ErrorExceededConnectionCount ErrorExceededFindCountLimit ErrorTooManyObjectsOpened ErrorInsufficientResources ErrorNoRespondingCASInDestinationSite`},
	"reset state": {[]sdk.Code{sdk.CodeUnavailable}, `ErrorInvalidSyncStateData ErrorSyncFolderNotFound ErrorSubscriptionNotFound
		ErrorMissedNotificationEvents ErrorInvalidWatermark`},
	"item gone / re-map": {[]sdk.Code{sdk.CodeItemNotFound}, `ErrorItemNotFound ErrorInvalidIdMalformed ErrorInvalidId
		ErrorCalendarOccurrenceIsDeletedFromRecurrence ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange`},
	"re-read + 1 retry": {[]sdk.Code{sdk.CodeConflict}, `ErrorIrresolvableConflict ErrorStaleObject ErrorChangeKeyRequiredForWriteOperations
		ErrorInvalidChangeKey`},
	"mailbox-level stop (operator)": {
		[]sdk.Code{sdk.CodeAccessDenied, sdk.CodeMailboxNotFound, sdk.CodeMailboxUnavailable, sdk.CodeUnsupported},
		`ErrorAccessDenied ErrorCreateItemAccessDenied ErrorFolderNotFound ErrorNonExistentMailbox ErrorImpersonateUserDenied
		ErrorImpersonationDenied ErrorImpersonationFailed ErrorAccountDisabled ErrorQuotaExceeded ErrorMailboxConfiguration
		ErrorMissingEmailAddress ErrorSubscriptionDelegateAccessNotSupported ErrorWrongServerVersionDelegate`,
	},
	// Two of these say where one mailbox lives: they stop that mailbox alone (auth-4).
	"connection-level stop": {
		[]sdk.Code{sdk.CodeCredentials, sdk.CodeMethodNotOffered, sdk.CodeMailboxUnavailable},
		`ErrorPasswordExpired ErrorPasswordChangeRequired ErrorInvalidExchangeImpersonationHeaderData ErrorMoreThanOneAccessModeSpecified
		ErrorInvalidServerVersion ErrorIncorrectSchemaVersion ErrorInvalidSchemaVersionForMailboxVersion ErrorProxyRequestNotAllowed`,
	},
	"our bug (permanent for item)": {
		[]sdk.Code{sdk.CodeInvalidItem, sdk.CodeInvalidRequest},
		`ErrorSchemaValidation ErrorInvalidRequest ErrorInvalidPropertySet ErrorInvalidPropertyRequest ErrorIncorrectUpdatePropertyCount
		ErrorInvalidExtendedProperty ErrorValueOutOfRange ErrorTimeZone ErrorCalendarEndDateIsEarlierThanStartDate
		ErrorCalendarDurationIsTooLong ErrorCalendarViewRangeTooBig ErrorOccurrenceCrossingBoundary ErrorRestrictionTooLong
		ErrorSendMeetingInvitationsRequired ErrorSendMeetingInvitationsOrCancellationsRequired ErrorSendMeetingCancellationsRequired`,
	},
	"follow-up of another": {[]sdk.Code{sdk.CodeUnavailable}, `ErrorBatchProcessingStopped`},
}

// Every response code of a class is an error of the contract that fits the class, and
// says what happened and what an operator can do.
func TestEveryResponseCode(t *testing.T) {
	for class, c := range classes {
		for _, code := range strings.Fields(c.list) {
			if _, known := meanings[code]; !known {
				t.Errorf("%s: %s is not explained", class, code)
			}
			err := explain(code, nil)
			if !slices.Contains(c.codes, err.Code) {
				t.Errorf("%s: %s is %s, want one of %v", class, code, err.Code, c.codes)
			}
			if err.Message == "" || err.Advice == "" || err.Detail != code {
				t.Errorf("%s: %+v does not say what happened and what to do", code, err)
			}
		}
	}
	if err := explain("ErrorOfTheFuture", nil); err.Code != sdk.CodeUnavailable || err.Advice == "" {
		t.Errorf("a code that is not known: %+v", err)
	}
	for code, m := range meanings {
		if m.message == "" || m.advice == "" {
			t.Errorf("%s has no words for operators", code)
		}
	}
}

var codeName = regexp.MustCompile(`Error[A-Z][A-Za-z]+`)

// The protocol notes' list of response codes (B14) is the one above, class by class.
func TestResponseCodesOfTheNotes(t *testing.T) {
	oracles := os.Getenv("TRAINERCAL_ORACLES")
	if oracles == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: the notes' list of response codes is not compared")
	}
	notes, err := os.ReadFile(filepath.Join(oracles, "exchange.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(notes), "\n## B14.")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !codeName.MatchString(cells[2]) {
			continue
		}
		rows++
		class, known := classes[strings.TrimSpace(cells[1])]
		if !known {
			t.Errorf("class %q is not known", cells[1])
		}
		for _, code := range codeName.FindAllString(cells[2], -1) {
			if !slices.Contains(strings.Fields(class.list), code) {
				t.Errorf("%s: %s is missing", cells[1], code)
			}
		}
	}
	if rows != len(classes) {
		t.Errorf("%d classes in the notes, %d here", rows, len(classes))
	}
}
