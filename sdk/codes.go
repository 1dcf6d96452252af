package sdk

import "google.golang.org/grpc/codes"

// kind is what a code means to those who must act on it.
type kind struct {
	fault Fault
	// transient: the same call may work later without anybody doing anything.
	transient bool
	grpc      codes.Code
}

// kinds is the one table of codes: the wire and the host read it, and a test
// sends every entry across and back.
var kinds = map[Code]kind{
	CodeInvalidSettings:    {FaultConfiguration, false, codes.InvalidArgument},
	CodeUnknownAccount:     {FaultPlugin, true, codes.FailedPrecondition},
	CodeCredentials:        {FaultCredentials, false, codes.Unauthenticated},
	CodeMethodNotOffered:   {FaultConfiguration, false, codes.FailedPrecondition},
	CodeAccountBlocked:     {FaultCredentials, false, codes.PermissionDenied},
	CodeMailboxNotFound:    {FaultMailbox, false, codes.NotFound},
	CodeMailboxUnavailable: {FaultMailbox, false, codes.FailedPrecondition},
	CodeAccessDenied:       {FaultMailbox, false, codes.PermissionDenied},
	CodeTooManyItems:       {FaultMailbox, false, codes.OutOfRange},
	CodeItemNotFound:       {FaultItem, false, codes.NotFound},
	CodeConflict:           {FaultItem, true, codes.Aborted},
	CodeInvalidItem:        {FaultItem, false, codes.InvalidArgument},
	CodeThrottled:          {FaultRemote, true, codes.ResourceExhausted},
	CodeUnavailable:        {FaultRemote, true, codes.Unavailable},
	CodeBadAnswer:          {FaultRemote, true, codes.DataLoss},
	CodeOutcomeUnknown:     {FaultRemote, true, codes.Unknown},
	CodeUnsupported:        {FaultPlugin, false, codes.Unimplemented},
	CodeInvalidRequest:     {FaultPlugin, false, codes.InvalidArgument},
	CodePluginDied:         {FaultPlugin, true, codes.Unavailable},
	CodeInternal:           {FaultPlugin, false, codes.Internal},
}

// Codes returns every code of the table.
func Codes() []Code {
	all := make([]Code, 0, len(kinds))
	for c := range kinds {
		all = append(all, c)
	}
	return all
}

// Fault returns whose fault the code is; an unknown code is the plugin's.
func (c Code) Fault() Fault {
	if k, ok := kinds[c]; ok {
		return k.fault
	}
	return FaultPlugin
}

// Transient reports whether the same call may work later by itself.
func (c Code) Transient() bool { return kinds[c].transient }

// GRPC returns the gRPC status code that carries the code; Unknown for a code
// that is not in the table.
func (c Code) GRPC() codes.Code {
	if k, ok := kinds[c]; ok {
		return k.grpc
	}
	return codes.Unknown
}
