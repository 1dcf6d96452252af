package sdk

import (
	"fmt"
	"time"
)

// Fault says whose fault an error is, and so who can mend it.
type Fault string

// The parties that can be at fault.
const (
	FaultConfiguration Fault = "configuration"
	FaultCredentials   Fault = "credentials"
	FaultMailbox       Fault = "mailbox"
	FaultRemote        Fault = "remote"
	FaultItem          Fault = "item"
	FaultPlugin        Fault = "plugin"
)

// Code is the stable identity of an error; it survives the way from the plugin to
// the host.
type Code string

// The codes. The table in codes.go gives each its fault and says whether trying
// again can help.
const (
	CodeInvalidSettings    Code = "invalid_settings"
	CodeUnknownAccount     Code = "unknown_account"
	CodeCredentials        Code = "credentials_refused"
	CodeMethodNotOffered   Code = "method_not_offered"
	CodeAccountBlocked     Code = "account_blocked"
	CodeMailboxNotFound    Code = "mailbox_not_found"
	CodeMailboxUnavailable Code = "mailbox_unavailable"
	CodeAccessDenied       Code = "access_denied"
	CodeTooManyItems       Code = "too_many_items"
	CodeItemNotFound       Code = "item_not_found"
	CodeConflict           Code = "conflict"
	CodeInvalidItem        Code = "invalid_item"
	CodeThrottled          Code = "throttled"
	CodeUnavailable        Code = "unavailable"
	CodeBadAnswer          Code = "bad_answer"
	CodeOutcomeUnknown     Code = "outcome_unknown"
	CodeUnsupported        Code = "unsupported"
	CodeInvalidRequest     Code = "invalid_request"
	CodePluginDied         Code = "plugin_died"
	CodeInternal           Code = "internal"
)

// The errors a backend answers with, for errors.Is. Make one that says what
// happened with [Code.New].
var (
	// ErrInvalidSettings: the settings cannot work.
	ErrInvalidSettings = CodeInvalidSettings.New("the settings cannot work")
	// ErrUnknownAccount: the handle belongs to a plugin process that is gone; the
	// host opens the account again.
	ErrUnknownAccount = CodeUnknownAccount.New("the account is not open in this plugin process")
	// ErrCredentials: the server refused the master account's credentials.
	ErrCredentials = CodeCredentials.New("the server refused the credentials")
	// ErrMethodNotOffered: the server does not offer the configured method.
	ErrMethodNotOffered = CodeMethodNotOffered.New("the server does not offer the configured method")
	// ErrAccountBlocked: the account as a whole is blocked by a policy.
	ErrAccountBlocked = CodeAccountBlocked.New("the account is blocked by a policy")
	// ErrMailboxNotFound: no such mailbox.
	ErrMailboxNotFound = CodeMailboxNotFound.New("no such mailbox")
	// ErrMailboxUnavailable: the mailbox exists but cannot be used here (moved,
	// disabled, over quota, without a licence).
	ErrMailboxUnavailable = CodeMailboxUnavailable.New("the mailbox cannot be used")
	// ErrAccessDenied: the account may not do this in this mailbox.
	ErrAccessDenied = CodeAccessDenied.New("no permission on the mailbox")
	// ErrTooManyItems: more than [MaxItems] in the window.
	ErrTooManyItems = CodeTooManyItems.New("too many items in the window")
	// ErrItemNotFound: the item is gone.
	ErrItemNotFound = CodeItemNotFound.New("the item is gone")
	// ErrConflict: the item changed since the version named.
	ErrConflict = CodeConflict.New("the item changed meanwhile")
	// ErrInvalidItem: the server refuses this content; trying again cannot help.
	ErrInvalidItem = CodeInvalidItem.New("the server refuses the content")
	// ErrThrottled: the server asks to wait; see RetryAfter.
	ErrThrottled = CodeThrottled.New("the server asks to wait")
	// ErrUnavailable: the server cannot be reached or is failing for now.
	ErrUnavailable = CodeUnavailable.New("the server is unavailable")
	// ErrBadAnswer: the server answered something that is not the protocol.
	ErrBadAnswer = CodeBadAnswer.New("the server's answer could not be understood")
	// ErrOutcomeUnknown: the answer to a write was lost, it may have happened.
	ErrOutcomeUnknown = CodeOutcomeUnknown.New("the answer to a write was lost")
	// ErrUnsupported: the backend cannot do this at all.
	ErrUnsupported = CodeUnsupported.New("not supported by the backend")
	// ErrInvalidRequest: the host asked for something the contract does not allow.
	ErrInvalidRequest = CodeInvalidRequest.New("the request breaks the contract")
	// ErrPluginDied: the plugin process ended or hung during the call.
	ErrPluginDied = CodePluginDied.New("the plugin process ended")
	// ErrInternal: a defect of the plugin.
	ErrInternal = CodeInternal.New("the plugin failed")
)

// Error is the one error type of the contract. Its identity is Code; two errors
// with the same code match in errors.Is.
type Error struct {
	Code Code
	// Message says what happened, for people. It holds no secrets, no text of
	// appointments, no URLs.
	Message string
	// Advice says what an operator should do; empty when there is nothing.
	Advice string
	// Detail is the server's own code, such as "ErrorAccessDenied" or
	// "AADSTS7000215".
	Detail string
	// RetryAfter is how long the server asks to wait; zero when it did not say.
	RetryAfter time.Duration

	cause error
}

// New makes an error of this code that says what happened.
func (c Code) New(format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of this code that keeps err as its cause. The cause stays
// inside the process: it may hold addresses and text.
func (c Code) Wrap(err error, format string, args ...any) *Error {
	e := c.New(format, args...)
	e.cause = err
	return e
}

// WithAdvice returns a copy that tells the operator what to do.
func (e *Error) WithAdvice(format string, args ...any) *Error {
	c := *e
	c.Advice = fmt.Sprintf(format, args...)
	return &c
}

// WithDetail returns a copy that names the server's own code.
func (e *Error) WithDetail(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// WithRetryAfter returns a copy that says how long to wait.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Error gives the message, the server's code and the advice.
func (e *Error) Error() string {
	text := e.Message
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.Advice != "" {
		text += ": " + e.Advice
	}
	return text
}

// Unwrap returns the cause, nil for an error that came over the wire.
func (e *Error) Unwrap() error { return e.cause }

// Is matches errors of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}
