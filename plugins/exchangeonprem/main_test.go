package exchangeonprem_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// No call leaves a goroutine behind, and every message of all tests is valid by
// Microsoft's schema.
func TestMain(m *testing.M) { goleak.VerifyTestMain(judgedTests{m}) }

// wire is what passed by. It is judged once, at the end: reading the schema takes far
// longer than judging a message by it.
var wire oracle.EWS

// observed has the messages of a test's simulator judged at the end of all tests, instead
// of at the test's end.
func observed(t testing.TB, config simtest.Config) simtest.Config {
	if config.AllowInvalid {
		return config
	}
	next := config.Observe
	config.AllowInvalid = true
	config.Observe = func(x exchangesim.Exchange) {
		if x.Protocol == "ews" {
			wire.Collect(t.Name()+": a request", x.RequestBody)
		}
		if x.Protocol == "ews" && strings.Contains(x.ResponseHeader.Get("Content-Type"), "xml") && x.Fault != exchangesim.FaultHTML && !x.Fault.BreaksConnection() {
			wire.Collect(t.Name()+": an answer", x.ResponseBody)
		}
		if next != nil {
			next(x)
		}
	}
	return config
}

type judgedTests struct{ *testing.M }

// Run runs the tests and judges what they sent.
func (j judgedTests) Run() int {
	code := j.M.Run()
	if reason := oracle.EWSUnavailable(); reason != "" {
		fmt.Fprintln(os.Stderr, reason)
		return code
	}
	dir, err := os.MkdirTemp("", "messages")
	if err == nil {
		defer os.RemoveAll(dir)
		var refused []string
		refused, err = wire.Judge(context.Background(), dir)
		for _, r := range refused {
			fmt.Fprintln(os.Stderr, r)
			code = 1
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge the messages of all tests:", err)
		return 1
	}
	return code
}
