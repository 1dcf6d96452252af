package wire

import (
	"fmt"

	"github.com/trainercal/trainercal/sdk"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
	"github.com/trainercal/trainercal/sdk/schema"
)

// DescriptionToProto translates what a plugin says of itself. A default of another
// Go type than its setting's is an error.
func DescriptionToProto(d sdk.Description) (*pb.DescribeResponse, error) {
	settings, err := schemaToProto(d.Settings)
	if err != nil {
		return nil, err
	}
	return &pb.DescribeResponse{
		Service: d.Service, Version: d.Version, Summary: d.Summary,
		Settings: settings, Capabilities: d.Capabilities,
	}, nil
}

// DescriptionFromProto translates it back.
func DescriptionFromProto(m *pb.DescribeResponse) (sdk.Description, error) {
	settings, err := schemaFromProto(m.GetSettings())
	if err != nil {
		return sdk.Description{}, err
	}
	return sdk.Description{
		Service: m.GetService(), Version: m.GetVersion(), Summary: m.GetSummary(),
		Settings: settings, Capabilities: m.GetCapabilities(),
	}, nil
}

func schemaToProto(s schema.Schema) (*pb.Schema, error) {
	m := &pb.Schema{}
	for _, a := range s.Attributes {
		attribute, err := attributeToProto(a)
		if err != nil {
			return nil, err
		}
		m.Attributes = append(m.Attributes, attribute)
	}
	for _, group := range s.ExactlyOneOf {
		m.ExactlyOneOf = append(m.ExactlyOneOf, &pb.AttributeGroup{Names: group})
	}
	return m, nil
}

// schemaFromProto refuses a schema that makes no sense, so that nobody decodes by it.
func schemaFromProto(m *pb.Schema) (schema.Schema, error) {
	s := schema.Schema{}
	for _, a := range m.GetAttributes() {
		s.Attributes = append(s.Attributes, attributeFromProto(a))
	}
	for _, group := range m.GetExactlyOneOf() {
		s.ExactlyOneOf = append(s.ExactlyOneOf, group.GetNames())
	}
	return s, s.Check()
}

func attributeToProto(a schema.Attribute) (*pb.Attribute, error) {
	m := &pb.Attribute{
		Name: a.Name, Type: attributeType.toProto(a.Type), Required: a.Required, Enum: a.Enum,
		Sensitive: a.Sensitive, Tuning: a.Tuning, Help: a.Help, Deprecated: a.Deprecated,
	}
	switch v := a.Default.(type) {
	case nil:
	case string:
		m.Default = &pb.Attribute_DefaultString{DefaultString: v}
	case int64:
		m.Default = &pb.Attribute_DefaultInt{DefaultInt: v}
	case bool:
		m.Default = &pb.Attribute_DefaultBool{DefaultBool: v}
	case []string:
		m.Default = &pb.Attribute_DefaultList{DefaultList: &pb.StringList{Values: v}}
	default:
		return nil, fmt.Errorf("setting %s: a default of type %T", a.Name, v)
	}
	return m, nil
}

func attributeFromProto(m *pb.Attribute) schema.Attribute {
	a := schema.Attribute{
		Name: m.GetName(), Type: attributeType.fromProto(m.GetType()), Required: m.GetRequired(), Enum: m.GetEnum(),
		Sensitive: m.GetSensitive(), Tuning: m.GetTuning(), Help: m.GetHelp(), Deprecated: m.GetDeprecated(),
	}
	switch v := m.GetDefault().(type) {
	case *pb.Attribute_DefaultString:
		a.Default = v.DefaultString
	case *pb.Attribute_DefaultInt:
		a.Default = v.DefaultInt
	case *pb.Attribute_DefaultBool:
		a.Default = v.DefaultBool
	case *pb.Attribute_DefaultList:
		a.Default = v.DefaultList.GetValues()
	}
	return a
}

// RefusalToProto translates why settings cannot work.
func RefusalToProto(e *sdk.SettingsError) *pb.Refusal {
	return &pb.Refusal{Diagnostics: DiagnosticsToProto(e.Diagnostics)}
}

// RefusalFromProto translates it back.
func RefusalFromProto(m *pb.Refusal) *sdk.SettingsError {
	return &sdk.SettingsError{Diagnostics: DiagnosticsFromProto(m.GetDiagnostics())}
}

// DiagnosticsToProto translates a plugin's words on settings.
func DiagnosticsToProto(diagnostics []schema.Diagnostic) []*pb.Diagnostic {
	var out []*pb.Diagnostic
	for _, d := range diagnostics {
		out = append(out, &pb.Diagnostic{
			Severity: severity.toProto(d.Severity), Summary: valid(d.Summary), Detail: valid(d.Detail), Path: d.Path,
		})
	}
	return out
}

// DiagnosticsFromProto translates them back.
func DiagnosticsFromProto(diagnostics []*pb.Diagnostic) []schema.Diagnostic {
	var out []schema.Diagnostic
	for _, d := range diagnostics {
		out = append(out, schema.Diagnostic{
			Severity: severity.fromProto(d.GetSeverity()), Summary: Scrub(d.GetSummary()), Detail: Scrub(d.GetDetail()), Path: d.GetPath(),
		})
	}
	return out
}
