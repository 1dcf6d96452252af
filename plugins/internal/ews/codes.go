package ews

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// Response codes that callers decide by; see [HasCode].
const (
	CodeNoError          = "NoError"
	CodeItemNotFound     = "ErrorItemNotFound"
	CodeInvalidSyncState = "ErrorInvalidSyncStateData"
	CodeSyncFolderGone   = "ErrorSyncFolderNotFound"
	CodeBatchStopped     = "ErrorBatchProcessingStopped"
	CodeViewRangeTooBig  = "ErrorCalendarViewRangeTooBig"
	CodeTimeoutExpired   = "ErrorTimeoutExpired"
	CodeTimeZone         = "ErrorTimeZone"
	CodeServerBusy       = "ErrorServerBusy"
	CodeInternalServer   = "ErrorInternalServerError"
	backOffValue         = "BackOffMilliseconds"
	innerCodeValue       = "InnerErrorResponseCode"
	responseClassSuccess = "Success"
	maxBelievedBackOff   = time.Hour
)

// HasCode reports whether err is an answer of the server with that response code.
func HasCode(err error, code string) bool {
	var e *sdk.Error
	return errors.As(err, &e) && e.Detail == code
}

// explain turns a response code, with the values that came with it, into an error.
func explain(code string, values []xvalue) *sdk.Error {
	code = safeCode(code)
	if inner := safeCode(valueOf(values, innerCodeValue)); code == CodeInternalServer && inner == CodeServerBusy {
		code = inner
	}
	m := lookup(code)
	return m.code.New("%s", m.message).WithDetail(code).WithAdvice("%s", m.advice).WithRetryAfter(backOff(values))
}

// backOff is how long the server asks to wait.
func backOff(values []xvalue) time.Duration {
	ms, err := strconv.ParseInt(strings.TrimSpace(valueOf(values, backOffValue)), 10, 64)
	if err != nil || ms <= 0 {
		return 0
	}
	if ms > maxBelievedBackOff.Milliseconds() {
		return maxBelievedBackOff
	}
	return time.Duration(ms) * time.Millisecond
}

func valueOf(values []xvalue, name string) string {
	for _, v := range values {
		if v.Name == name {
			return v.Text
		}
	}
	return ""
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9]{1,80}$`)

// safeCode keeps a server's code only if it is one: it is printed, and must not
// carry text.
func safeCode(code string) string {
	if code = strings.TrimSpace(code); codeForm.MatchString(code) {
		return code
	}
	return "unreadable code"
}

// err is the message's failure, nil for success. A warning that stops a batch is a
// failure of the items it stopped.
func (s Status) err() *sdk.Error {
	code := strings.TrimSpace(s.Code)
	if s.Class == responseClassSuccess && (code == CodeNoError || code == "") {
		return nil
	}
	if code == CodeNoError || code == "" {
		return sdk.CodeBadAnswer.New("the server answered neither success nor an error")
	}
	return explain(code, s.Values)
}

// err is the fault as an error: the code in its detail, else the one after the
// colon of faultcode.
func (f fault) err() *sdk.Error {
	code := strings.TrimSpace(f.Detail.ResponseCode)
	if code == "" {
		_, code, _ = strings.Cut(f.Code, ":")
	}
	return explain(code, f.Detail.Values)
}
