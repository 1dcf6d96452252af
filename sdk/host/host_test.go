package host_test

import (
	"errors"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

func TestLaunchDescribeKill(t *testing.T) {
	p := launch(t, options(t))
	d, err := p.Describe(t.Context())
	if err != nil || d.Service != "fake" {
		t.Fatalf("Describe: %+v, %v", d, err)
	}
	if _, err := p.Open(t.Context(), sdk.OpenRequest{}); !errors.Is(err, sdk.ErrCredentials) {
		t.Fatalf("Open: %v", err)
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	<-p.Done()
	if _, err := p.Describe(t.Context()); !errors.Is(err, sdk.ErrPluginDied) {
		t.Fatalf("Describe after Kill: %v, want ErrPluginDied", err)
	}
}
