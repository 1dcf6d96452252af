package contract

import (
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Refusals collects what is wrong with a settings block, so that the operator sees all
// of it at once.
type Refusals []schema.Diagnostic

// Add refuses the value of an attribute: summary says what is wrong, detail what to do.
func (r *Refusals) Add(attribute, summary, detail string) {
	*r = append(*r, schema.Diagnostic{
		Severity: schema.Error, Summary: summary, Detail: detail, Path: []string{attribute},
	})
}

// Err is the refusals as an error for Open, nil if there are none.
func (r Refusals) Err() error {
	if len(r) == 0 {
		return nil
	}
	return &sdk.SettingsError{Diagnostics: r}
}

// Undecodable is the answer to settings that are not what the schema describes.
func Undecodable() error {
	return &sdk.SettingsError{Diagnostics: []schema.Diagnostic{{
		Severity: schema.Error, Summary: "The settings are not what the schema describes",
	}}}
}
