package exchangeonline

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

const (
	// scopeName is the instrumentation scope of the plugin's metrics.
	scopeName = "github.com/trainercal/trainercal/plugins/exchangeonline"
	// expiryMetric is a gauge of the seconds until a credential ends, negative after.
	expiryMetric = "trainercal.credential.expiry"
)

// Days before a credential's end from which the operator is warned of it.
const (
	endsSoon = 30
	endsNow  = 7
)

// credential is what an account signs in with, as far as it has an end: a certificate
// knows its own, of a secret only the operator can tell. The directory knows it too, but
// reading it takes the permission Application.Read.All, which an application that keeps
// calendars should not have.
type credential struct {
	// kind is "secret", "certificate", or empty for one that renews itself.
	kind  string
	proof proof

	mu   sync.Mutex
	ends time.Time
	// read is the certificate's file as it was when ends was read from it.
	read os.FileInfo
}

func newCredential(set settings) *credential {
	c := &credential{proof: set.proof, ends: set.secretEnds}
	switch {
	case set.proof.certificateFile != "":
		c.kind = "certificate"
	case set.proof.secret != "":
		c.kind = "secret"
	}
	return c
}

// end is when the credential ends; known is false where nobody can tell. A certificate
// is read when its file changed.
func (c *credential) end() (ends time.Time, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proof.certificateFile == "" {
		return c.ends, !c.ends.IsZero()
	}
	now, err := os.Stat(c.proof.certificateFile)
	if err != nil {
		return c.ends, !c.ends.IsZero()
	}
	if c.read == nil || !now.ModTime().Equal(c.read.ModTime()) || now.Size() != c.read.Size() {
		// A file that cannot be used is the next token's affair.
		if cert, err := c.proof.certificate(); err == nil {
			c.ends, c.read = cert.leaf.NotAfter, now
		}
	}
	return c.ends, !c.ends.IsZero()
}

// ending is a warning that the credential ends soon; empty before.
func (c *credential) ending(now time.Time) (observed, advice string) {
	ends, known := c.end()
	days := int(ends.Sub(now) / (24 * time.Hour))
	switch {
	case !known || days >= endsSoon:
		return "", ""
	case ends.Before(now):
		return fmt.Sprintf("the %s ended on %s", c.noun(), day(ends)), c.renewal()
	case days >= endsNow:
		return fmt.Sprintf("the %s ends in %d days, on %s", c.noun(), days, day(ends)), c.renewal()
	}
	return fmt.Sprintf("the %s ends in %d days, on %s", c.noun(), days, day(ends)),
		"do it this week, or all trainers of the account stop: " + c.renewal()
}

// verifyExpiry is the verify step that tells of the credential's end; there is none
// where the end is not known.
func (c *connection) verifyExpiry() sdk.Check {
	ends, known := c.credential.end()
	if !known {
		return sdk.Check{}
	}
	check := sdk.Check{Step: "expiry", Outcome: sdk.Passed, Observed: fmt.Sprintf("the %s ends on %s", c.credential.noun(), day(ends)), Ends: ends}
	if observed, advice := c.credential.ending(c.now()); observed != "" {
		check.Outcome, check.Observed, check.Advice = sdk.Warned, observed, advice
	}
	return check
}

// Warnings implements [sdk.Warner]: the credential ends soon.
func (c *connection) Warnings() []schema.Diagnostic {
	observed, advice := c.credential.ending(c.now())
	if observed == "" {
		return nil
	}
	attribute := "certificate_file"
	if c.credential.kind == "secret" {
		attribute = "client_secret_expires"
	}
	return []schema.Diagnostic{{Severity: schema.Warning, Path: []string{attribute}, Summary: observed, Detail: advice}}
}

// noticeEnding tells of a credential that ends soon, by the log.
func (c *connection) noticeEnding() {
	if observed, advice := c.credential.ending(c.now()); observed != "" {
		c.notices.give("expiry", observed+"; "+advice)
	}
}

// noun is what the operator calls it.
func (c *credential) noun() string {
	if c.kind == "secret" {
		return "client secret"
	}
	return c.kind
}

// renewal is what to do about the credential's end.
func (c *credential) renewal() string {
	if c.proof.certificateFile != "" {
		return renewCertificate
	}
	return "make a new client secret in the app registration, set client_secret to its value and client_secret_expires to its end, and run gateway reload"
}

// renewCertificate is what to do about a certificate's end.
const renewCertificate = "make a new certificate, add it to the app registration, and then replace certificate_file; no restart is needed"

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// observe makes the credential's end a metric for as long as the account is open. Where
// no metrics are gathered, nothing is done.
func (c *credential) observe(account string, now func() time.Time) (done func(), err error) {
	if c.kind == "" {
		return func() {}, nil
	}
	meter := otel.Meter(scopeName)
	gauge, err := meter.Int64ObservableGauge(expiryMetric, metric.WithUnit("s"),
		metric.WithDescription("Time until the credential of the account ends; negative when it has ended."))
	if err != nil {
		return nil, fmt.Errorf("make the metric %s: %w", expiryMetric, err)
	}
	attributes := metric.WithAttributes(
		attribute.String("trainercal.account", account), attribute.String("trainercal.credential.kind", c.kind))
	registered, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		if ends, known := c.end(); known {
			o.ObserveInt64(gauge, int64(ends.Sub(now())/time.Second), attributes)
		}
		return nil
	}, gauge)
	if err != nil {
		return nil, fmt.Errorf("observe the metric %s: %w", expiryMetric, err)
	}
	return func() { _ = registered.Unregister() }, nil // it fails for a foreign one only
}
