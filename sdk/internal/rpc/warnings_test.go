package rpc

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// warned is a backend whose account warns of its settings.
type warned struct{ backend }

func (w *warned) Warnings() []schema.Diagnostic {
	return []schema.Diagnostic{
		{Severity: schema.Warning, Summary: "the API ends", Detail: "set another", Path: []string{"api"}},
		{Severity: schema.Error, Summary: "not an error"},
	}
}

func (w *warned) Open(context.Context, sdk.OpenRequest) (sdk.Account, error) { return w, nil }

// What a plugin warns of crosses with the opened account, and cannot stop it; a plugin
// that warns of nothing has nothing to say.
func TestWarnings(t *testing.T) {
	c, _ := dial(t, NewServer(&warned{}, nil), patient)
	got := open(t, c).(sdk.Warner).Warnings()
	want := []schema.Diagnostic{
		{Severity: schema.Warning, Summary: "the API ends", Detail: "set another", Path: []string{"api"}},
		{Severity: schema.Warning, Summary: "not an error"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	silent, _ := account(t, &backend{})
	if got := silent.(sdk.Warner).Warnings(); len(got) != 0 {
		t.Errorf("warnings %v of a plugin that has none", got)
	}
}
