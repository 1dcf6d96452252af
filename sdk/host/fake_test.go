package host_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// fake is the test plugin's backend. An account's name says how it behaves.
type fake struct{}

// hostileLines are what no honest plugin writes to its standard error.
const hostileLines = `{"@message":5}
{"@level":{"a":1},"@message":"level"}
{"@timestamp":7}
null
[1,2]
{"@message":"m","@level":"info","count":1e999999,"subject":"Biopsy results","host":"graph.example"}
` + "\x00\xff\n"

// Describe implements [sdk.Backend].
func (*fake) Describe() sdk.Description {
	if slices.Contains(os.Args, "hostile") {
		_, _ = os.Stderr.WriteString(hostileLines) // before go-plugin takes standard error's place
	}
	return sdk.Description{
		Service: "fake", Version: "1.2.3", Summary: "For tests.",
		Settings: schema.Schema{Attributes: []schema.Attribute{{Name: "limit", Type: schema.Int, Default: int64(1 << 60)}}},
	}
}

// Open implements [sdk.Backend].
func (*fake) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	switch req.Name {
	case "refused":
		return nil, &sdk.SettingsError{Diagnostics: []schema.Diagnostic{{
			Severity: schema.Error, Summary: "No such limit", Path: []string{"limit"},
		}}}
	case "locked":
		return nil, sdk.ErrCredentials
	}
	return &fakeAccount{name: req.Name}, nil
}

type fakeAccount struct {
	sdk.Account
	name string
}

// Close implements [sdk.Account].
func (*fakeAccount) Close() error { return nil }

// Verify tells the environment, a variable a check.
func (*fakeAccount) Verify(_ context.Context, _ []sdk.Mailbox, emit func(sdk.Check) error) error {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if err := emit(sdk.Check{Step: name, Outcome: sdk.Passed, Observed: "set"}); err != nil {
			return err
		}
	}
	return nil
}

// Read behaves as the account's name says.
func (a *fakeAccount) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	switch a.name {
	case "deaf":
		select {} // not even the end of the call ends it
	case "dies":
		os.Exit(3)
	case "panics":
		panic("Biopsy results")
	case "spawns":
		panicElsewhere()
	}
	_, span := otel.Tracer("fake").Start(ctx, "own work")
	defer span.End()
	hclog.Default().Info("read", "mailboxes", len(reqs), "subject", "Biopsy results")
	hclog.FromContext(ctx).Info("read in a run", "count", len(reqs))
	reads, err := otel.Meter("fake").Int64Counter("fake.reads")
	if err != nil {
		return err
	}
	reads.Add(ctx, 1)
	fmt.Println("printed by the backend")
	for _, r := range reqs {
		if err := emit(sdk.ReadPage{Mailbox: r.Mailbox.Address, Complete: &sdk.Complete{Full: true, Covered: r.Window}}); err != nil {
			return err
		}
	}
	return nil
}

// Watch says one word and hangs, where the account's name says so; others beat.
func (a *fakeAccount) Watch(ctx context.Context, _ sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	for {
		if err := emit(sdk.WatchEvent{Heartbeat: true}); err != nil {
			return err
		}
		if a.name == "deaf" {
			select {} // not even the end of the call ends it
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Deliver tells what it got.
func (a *fakeAccount) Deliver(_ context.Context, r sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return sdk.DeliverResponse{Status: 202, Body: []byte(r.Method + " " + r.Target), Dirty: []string{"ana@northwind.example"}}, nil
}

// panicElsewhere panics where nothing can recover it, which ends the process.
func panicElsewhere() {
	go func() { panic("Biopsy results") }()
	select {}
}
