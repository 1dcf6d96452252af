package wire

import (
	"strings"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
	"github.com/trainercal/trainercal/sdk/schema"
)

// enum pairs the names of a list of values with the numbers of a proto enum.
// A name without a number is sent as 0, and a number without a name is read as
// other.
type enum[V ~string, N ~int32] struct {
	numbers map[V]N
	names   map[N]V
	other   V
}

func newEnum[V ~string, N ~int32](other V, numbers map[V]N) enum[V, N] {
	names := map[N]V{}
	for v, n := range numbers {
		names[n] = v
	}
	return enum[V, N]{numbers: numbers, names: names, other: other}
}

func (e enum[V, N]) toProto(v V) N { return e.numbers[v] }

func (e enum[V, N]) fromProto(n N) V {
	if v, ok := e.names[n]; ok {
		return v
	}
	return e.other
}

var showAs = newEnum(calendar.ShowAsUnknown, map[calendar.ShowAs]pb.ShowAs{
	calendar.ShowAsFree:             pb.ShowAs_SHOW_AS_FREE,
	calendar.ShowAsTentative:        pb.ShowAs_SHOW_AS_TENTATIVE,
	calendar.ShowAsBusy:             pb.ShowAs_SHOW_AS_BUSY,
	calendar.ShowAsOutOfOffice:      pb.ShowAs_SHOW_AS_OUT_OF_OFFICE,
	calendar.ShowAsWorkingElsewhere: pb.ShowAs_SHOW_AS_WORKING_ELSEWHERE,
	calendar.ShowAsUnknown:          pb.ShowAs_SHOW_AS_UNKNOWN,
})

// What is not known counts as private.
var sensitivity = newEnum(calendar.SensitivityPrivate, map[calendar.Sensitivity]pb.Sensitivity{
	calendar.SensitivityNormal:       pb.Sensitivity_SENSITIVITY_NORMAL,
	calendar.SensitivityPersonal:     pb.Sensitivity_SENSITIVITY_PERSONAL,
	calendar.SensitivityPrivate:      pb.Sensitivity_SENSITIVITY_PRIVATE,
	calendar.SensitivityConfidential: pb.Sensitivity_SENSITIVITY_CONFIDENTIAL,
})

// Unknown detail and scope stay empty, which the guard refuses.
var detail = newEnum("", map[sdk.Detail]pb.Detail{
	sdk.DetailFull:    pb.Detail_DETAIL_FULL,
	sdk.DetailSubject: pb.Detail_DETAIL_SUBJECT,
	sdk.DetailBusy:    pb.Detail_DETAIL_BUSY,
})

var scope = newEnum("", map[sdk.Scope]pb.Scope{
	sdk.ScopeAll: pb.Scope_SCOPE_ALL,
	sdk.ScopeOwn: pb.Scope_SCOPE_OWN,
})

var operationKind = newEnum("", map[sdk.OperationKind]pb.Operation_Kind{
	sdk.Create: pb.Operation_KIND_CREATE,
	sdk.Update: pb.Operation_KIND_UPDATE,
	sdk.Delete: pb.Operation_KIND_DELETE,
})

var outcome = newEnum(sdk.Failed, map[sdk.Outcome]pb.VerifyResponse_Outcome{
	sdk.Passed:  pb.VerifyResponse_OUTCOME_PASSED,
	sdk.Warned:  pb.VerifyResponse_OUTCOME_WARNING,
	sdk.Failed:  pb.VerifyResponse_OUTCOME_FAILED,
	sdk.Skipped: pb.VerifyResponse_OUTCOME_SKIPPED,
})

var attributeType = newEnum("", map[schema.Type]pb.Attribute_Type{
	schema.String:   pb.Attribute_TYPE_STRING,
	schema.Int:      pb.Attribute_TYPE_INT,
	schema.Bool:     pb.Attribute_TYPE_BOOL,
	schema.Duration: pb.Attribute_TYPE_DURATION,
	schema.List:     pb.Attribute_TYPE_LIST,
})

var severity = newEnum(schema.Error, map[schema.Severity]pb.Diagnostic_Severity{
	schema.Error:   pb.Diagnostic_SEVERITY_ERROR,
	schema.Warning: pb.Diagnostic_SEVERITY_WARNING,
})

// valid replaces bytes that are not UTF-8, which a message cannot hold.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
