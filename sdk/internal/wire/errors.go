package wire

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trainercal/trainercal/sdk"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// domain marks the ErrorInfo of the contract's errors.
const domain = "calendar.trainercal"

// longestWait bounds what a server's or plugin's "retry after" can ask for.
const longestWait = 24 * time.Hour

var known = sdk.Codes()

// ErrorToProto translates a mailbox's or an operation's error. Its cause stays.
func ErrorToProto(e *sdk.Error) *pb.Error {
	m := &pb.Error{
		Code: string(e.Code), Message: CutText(e.Message), Advice: CutText(e.Advice), Detail: CutText(e.Detail),
	}
	if e.RetryAfter > 0 {
		m.RetryAfter = durationpb.New(e.RetryAfter)
	}
	return m
}

// ErrorFromProto translates it back. A code of a later version becomes
// [sdk.CodeInternal], with the unknown code as its detail.
func ErrorFromProto(m *pb.Error) *sdk.Error {
	return decode(m.GetCode(), m.GetMessage(), m.GetAdvice(), m.GetDetail(), m.GetRetryAfter())
}

func decode(code, message, advice, detail string, wait *durationpb.Duration) *sdk.Error {
	e := &sdk.Error{Code: sdk.Code(code), Message: Scrub(message), Advice: Scrub(advice), Detail: Scrub(detail)}
	if !slices.Contains(known, e.Code) {
		e.Code = sdk.CodeInternal
		if e.Detail == "" {
			e.Detail = Scrub(code)
		}
	}
	if wait.CheckValid() == nil && wait.AsDuration() > 0 {
		e.RetryAfter = min(wait.AsDuration(), longestWait)
	}
	return e
}

// AsError returns the contract's error in err. Any other error is a defect of the
// backend and may hold anything, so its text is kept as the cause only.
func AsError(err error) *sdk.Error {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e
	}
	return sdk.CodeInternal.Wrap(err, "the plugin failed with an error that the contract does not know (%T)", err)
}

// StatusFromError makes the gRPC status of a failed call.
func StatusFromError(err error) error {
	var e *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
	case errors.Is(err, context.Canceled):
		return status.FromContextError(context.Canceled).Err()
	case errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(context.DeadlineExceeded).Err()
	default:
		e = AsError(err)
	}
	m := ErrorToProto(e)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: m.GetCode(), Domain: domain,
		Metadata: map[string]string{"advice": m.GetAdvice(), "detail": m.GetDetail()},
	}}
	if m.GetRetryAfter() != nil {
		details = append(details, &errdetails.RetryInfo{RetryDelay: m.GetRetryAfter()})
	}
	s, err := status.New(e.Code.GRPC(), m.GetMessage()).WithDetails(details...)
	if err != nil {
		return status.Error(codes.Internal, "an error could not be translated")
	}
	return s.Err()
}

// ErrorFromStatus reads the error of a failed call. A status that the contract did
// not make says how the transport failed.
func ErrorFromStatus(err error) *sdk.Error {
	s := status.Convert(err)
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.RetryInfo:
			retry = d
		}
	}
	if info.GetDomain() != domain {
		return transportError(s, err)
	}
	return decode(info.GetReason(), s.Message(), info.GetMetadata()["advice"], info.GetMetadata()["detail"], retry.GetRetryDelay())
}

// transportError says what it means that the call ended without a word of the plugin.
func transportError(s *status.Status, err error) *sdk.Error {
	switch s.Code() {
	case codes.Unavailable, codes.Canceled, codes.Aborted:
		return sdk.CodePluginDied.Wrap(err, "the plugin process ended during the call")
	case codes.DeadlineExceeded:
		return sdk.CodePluginDied.Wrap(err, "the plugin did not finish the call in time")
	case codes.Unimplemented:
		return sdk.CodeUnsupported.Wrap(err, "the plugin does not know this call")
	case codes.ResourceExhausted:
		return sdk.CodeInternal.Wrap(err, "the plugin or the host sent a message over the limit")
	}
	return sdk.CodeInternal.Wrap(err, "the plugin failed without saying why")
}
