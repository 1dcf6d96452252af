package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trainercal/trainercal/sdk"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// Every code of the one table keeps its identity as the error of a call and as the
// error of a mailbox, and its cause stays behind.
func TestErrorsKeepIdentity(t *testing.T) {
	for _, code := range sdk.Codes() {
		t.Run(string(code), func(t *testing.T) {
			cause := errors.New("GET https://graph.example/users/ana@northwind.example?token=t0p")
			sent := code.Wrap(cause, "what happened").WithAdvice("what to do").WithDetail("ErrorX").WithRetryAfter(90 * time.Second)
			wrapped := fmt.Errorf("while reading: %w", sent)
			for way, got := range map[string]*sdk.Error{
				"call":    ErrorFromStatus(StatusFromError(wrapped)),
				"mailbox": ErrorFromProto(ErrorToProto(sent)),
			} {
				if !errors.Is(got, code.New("other words")) || errors.Is(got, other(code).New("x")) {
					t.Errorf("%s: identity lost: %v", way, got.Code)
				}
				if *plain(got) != *plain(sent) {
					t.Errorf("%s: got %+v, want %+v", way, got, sent)
				}
				if got.Code.Fault() != code.Fault() || got.Code.Transient() != code.Transient() {
					t.Errorf("%s: another meaning", way)
				}
				if strings.Contains(fmt.Sprintf("%+v %v", got, errors.Unwrap(got)), "t0p") {
					t.Errorf("%s: the cause crossed", way)
				}
			}
			if got := status.Code(StatusFromError(sent)); got != code.GRPC() {
				t.Errorf("gRPC code %v, want %v", got, code.GRPC())
			}
		})
	}
}

func other(c sdk.Code) sdk.Code {
	all := sdk.Codes()
	slices.Sort(all)
	i := slices.Index(all, c)
	return all[(i+1)%len(all)]
}

func TestUnknownCodeIsInternal(t *testing.T) {
	for way, got := range map[string]*sdk.Error{
		"call":    ErrorFromStatus(StatusFromError(sdk.Code("of_the_future").New("words"))),
		"mailbox": ErrorFromProto(&pb.Error{Code: "of_the_future", Message: "words"}),
		"nothing": ErrorFromProto(nil),
	} {
		if !errors.Is(got, sdk.ErrInternal) {
			t.Errorf("%s: %+v, want CodeInternal", way, got)
		}
	}
	if got := ErrorFromProto(&pb.Error{Code: "of_the_future"}); got.Detail != "of_the_future" {
		t.Errorf("detail %q does not tell the code", got.Detail)
	}
}

// An error that the contract does not know may hold anything: only its type crosses.
func TestForeignErrorsKeepTheirText(t *testing.T) {
	got := ErrorFromStatus(StatusFromError(errors.New("subject: Biopsy results")))
	if !errors.Is(got, sdk.ErrInternal) || strings.Contains(got.Error(), "Biopsy") {
		t.Errorf("got %v", got)
	}
}

func TestErrorsOfTheTransport(t *testing.T) {
	for code, want := range map[codes.Code]error{
		codes.Unavailable:       sdk.ErrPluginDied,
		codes.DeadlineExceeded:  sdk.ErrPluginDied,
		codes.Canceled:          sdk.ErrPluginDied,
		codes.Unimplemented:     sdk.ErrUnsupported,
		codes.ResourceExhausted: sdk.ErrInternal,
		codes.Unknown:           sdk.ErrInternal,
	} {
		if got := ErrorFromStatus(status.Error(code, "transport")); !errors.Is(got, want) {
			t.Errorf("%v: %v, want %v", code, got, want)
		}
	}
	if got := StatusFromError(fmt.Errorf("read: %w", context.Canceled)); status.Code(got) != codes.Canceled {
		t.Errorf("a cancelled call ends with %v", got)
	}
	if StatusFromError(nil) != nil {
		t.Error("no error became one")
	}
}

func TestWaitIsBounded(t *testing.T) {
	sent := ErrorToProto(sdk.CodeThrottled.New("wait").WithRetryAfter(1000 * time.Hour))
	if got := ErrorFromProto(sent).RetryAfter; got != longestWait {
		t.Errorf("wait %v, want %v", got, longestWait)
	}
}

func TestScrub(t *testing.T) {
	for text, want := range map[string]string{
		"plain words": "plain words",
		"see https://learn.example/docs/page for more":                   "see https://learn.example/docs/page for more",
		"GET https://graph.example/v1/users/ana@x.example/events":        "GET https://graph.example/…",
		"https://graph.example/v1/users/ana%40x.example/events":          "https://graph.example/…",
		"https://u:p@host.example/a?code=1#f":                            "https://host.example/a",
		"Authorization: Bearer abcdefghijkl.mnop":                        "Authorization: (token)",
		"Authorization: Basic dXNlcjpwYXNzd29yZA==":                      "Authorization: (token)",
		"Basic authentication and full access":                           "Basic authentication and full access",
		"offers basic authentication.":                                   "offers basic authentication.",
		"Basic authentication7":                                          "(token)",
		"token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig was": "token (token) was",
	} {
		if got := Scrub(text); got != want {
			t.Errorf("Scrub(%q) = %q, want %q", text, got, want)
		}
	}
	if got := len(Scrub(strings.Repeat("x", 1<<20))); got > maxTextBytes {
		t.Errorf("%d bytes are left", got)
	}
}

// What a plugin says is printed on terminals: it cannot steer them, nor be endless.
func TestWordsOfAPluginAreBounded(t *testing.T) {
	hostile := "\x1b]0;title\x07" + strings.Repeat("x", 1<<20)
	c := CheckFromProto(&pb.VerifyResponse{Step: hostile, Observed: hostile, Advice: hostile})
	e := ErrorFromProto(&pb.Error{Code: hostile, Message: hostile, Advice: hostile})
	d := RefusalFromProto(&pb.Refusal{Diagnostics: []*pb.Diagnostic{{Summary: hostile, Detail: hostile}}}).Diagnostics[0]
	for _, text := range []string{d.Summary, d.Detail, c.Step, c.Observed, c.Advice, e.Message, e.Advice, e.Detail} {
		if len(text) > maxTextBytes || strings.ContainsAny(text, "\x1b\x07") {
			t.Errorf("%d bytes, beginning with %q", len(text), text[:20])
		}
	}
}
