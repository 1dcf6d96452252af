package exchangeonprem

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// How an account signs in and how much it asks at a time is no other account: whoever
// changes it as advised, such as connections of a busy server, has no calendar searched
// anew.
func TestTuning(t *testing.T) {
	var tuning []string
	for _, a := range New().Describe().Settings.Attributes {
		if a.Tuning {
			tuning = append(tuning, a.Name)
		}
	}
	want := []string{"autodiscover_hosts", "auth", "channel_binding", "connections", "probe_batch", "ca_file"}
	if diff := cmp.Diff(want, tuning); diff != "" {
		t.Error(diff)
	}
}
