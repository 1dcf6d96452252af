// Package simtest starts the simulated Exchange for a test and judges what went over
// the wire: at the test's end every message of both protocols must be valid by the
// oracles (where they are installed), and no mail may have been sent.
//
// Main function: [Start]. Neighbours: plugins/exchangesim is the server,
// plugins/internal/oracle the judges.
package simtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// Config says what a test needs. The zero Config is usable.
type Config struct {
	exchangesim.Options
	// AllowMail accepts a test that makes Exchange send mail.
	AllowMail bool
	// AllowInvalid accepts a test that sends invalid messages on purpose.
	AllowInvalid bool
	// MaxInFlight fails a test that ever had more Graph operations in flight on one
	// mailbox; 0 is no limit but the server's.
	MaxInFlight int
}

// Start starts a simulator that ends with the test, and its judges.
func Start(t testing.TB, config Config) *exchangesim.Server {
	t.Helper()
	judges := &judges{next: config.Observe}
	if !config.AllowInvalid {
		config.Observe = judges.observe
	}
	server, err := exchangesim.Start(config.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the simulator: %v", err)
		}
		judges.check(t)
		if address, n := server.Peak(); config.MaxInFlight > 0 && n > config.MaxInFlight {
			t.Errorf("%d operations were in flight on %s at once, want at most %d", n, address, config.MaxInFlight)
		}
		if mails := server.Outbox(); len(mails) > 0 && !config.AllowMail {
			t.Errorf("Exchange would have sent %d mails (push-11), the first: %+v", len(mails), mails[0])
		}
	})
	return server
}

// judges collect what an oracle can judge.
type judges struct {
	next  func(exchangesim.Exchange)
	graph oracle.Graph
	ews   oracle.EWS
}

func (j *judges) observe(x exchangesim.Exchange) {
	if j.next != nil {
		j.next(x)
	}
	answer := x.ResponseBody
	if spoiled(x) {
		answer = nil
	}
	switch x.Protocol {
	case "graph", "login":
		m := oracle.GraphMessage{Method: x.Method, URL: x.URL, Request: x.RequestBody, Answer: answer, Status: x.Status}
		if answer == nil && x.Status != 204 {
			m.Status = 0
		}
		j.graph.Collect(m)
	case "ews":
		j.ews.Collect(fmt.Sprintf("EWS request to %s", x.URL), x.RequestBody)
		if strings.Contains(x.ResponseHeader.Get("Content-Type"), "xml") {
			j.ews.Collect(fmt.Sprintf("EWS answer %d", x.Status), answer)
		}
	}
}

// spoiled reports whether a fault left an answer that is not Exchange's own.
func spoiled(x exchangesim.Exchange) bool {
	return x.Fault == exchangesim.FaultHTML || x.Fault.BreaksConnection()
}

// check judges what was collected; an oracle that is not there is named in the log.
func (j *judges) check(t testing.TB) {
	t.Helper()
	if reason := oracle.GraphUnavailable(); reason != "" {
		t.Log(reason)
	} else {
		j.graph.Check(t)
	}
	if reason := oracle.EWSUnavailable(); reason != "" {
		t.Log(reason)
	} else {
		j.ews.Check(t)
	}
}
