package exchangeonline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/trainercal/trainercal/sdk"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func pemFile(t *testing.T, path string, ends time.Time) string {
	t.Helper()
	return writeFile(t, path, slices.Concat(pemBlock("CERTIFICATE", makeCert(t, testKey(), ends).Raw), pemBlock("PRIVATE KEY", pkcs8(t, testKey()))))
}

// The end of a certificate, and of a secret whose end is set, is announced 30 and 7 days
// ahead, and told after.
func TestEnding(t *testing.T) {
	for days, want := range map[int]string{
		31: "", 30: "", 29: "ends in 29 days, on 2026-12-23", 7: "ends in 7 days", 6: "ends in 6 days, on 2026-11-30",
		0: "ends in 0 days, on 2026-11-24", -1: "ended on 2026-11-23",
	} {
		ends := noon.AddDate(0, 0, days).Add(time.Hour)
		certificate := newCredential(settings{proof: proof{certificateFile: pemFile(t, filepath.Join(t.TempDir(), "app.pem"), ends)}})
		secret := newCredential(settings{proof: proof{secret: "s3cret"}, secretEnds: ends})
		for kind, c := range map[string]*credential{"certificate": certificate, "secret": secret} {
			observed, advice := c.ending(noon)
			if (want == "") != (observed == "") || !strings.Contains(observed, want) || (advice == "") != (want == "") {
				t.Errorf("%s, %d days: %q, %q; want %q", kind, days, observed, advice, want)
			}
			if urgent := strings.Contains(advice, "this week"); urgent != (days >= 0 && days < endsNow) {
				t.Errorf("%s, %d days: advice %q", kind, days, advice)
			}
			if want != "" && !strings.Contains(observed+advice, kind) {
				t.Errorf("%s, %d days: %q, %q do not say what ends", kind, days, observed, advice)
			}
		}
	}
	if observed, _ := newCredential(settings{proof: proof{secret: "s3cret"}}).ending(noon); observed != "" {
		t.Errorf("a secret of unknown end: %q", observed)
	}
	ended := &certificate{leaf: makeCert(t, testKey(), noon.Add(-time.Hour)), key: testKey()}
	if _, err := ended.assertion(proof{}, noon); codeOf(err) != sdk.CodeCredentials || !strings.Contains(err.Message, "2026-11-24") {
		t.Errorf("err = %v, want the day of its end", err)
	}
}

// gauge is what the metric says of each account and kind of credential.
func gauge(t *testing.T, reader metric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if points, ok := m.Data.(metricdata.Gauge[int64]); ok && m.Name == expiryMetric {
				for _, p := range points.DataPoints {
					account, _ := p.Attributes.Value("trainercal.account")
					kind, _ := p.Attributes.Value("trainercal.credential.kind")
					got[account.AsString()+" "+kind.AsString()] = p.Value
				}
			}
		}
	}
	return got
}

// The metric tells each open account's seconds until its credential ends, follows a
// certificate that was rotated or lost, and tells nothing of what has no known end.
func TestExpiryMetric(t *testing.T) {
	reader := metric.NewManualReader()
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	defer otel.SetMeterProvider(before)

	path := pemFile(t, filepath.Join(t.TempDir(), "app.pem"), noon.AddDate(0, 0, 20))
	b := backend{now: func() time.Time { return noon }, shared: newShared()}
	open := func(name string, changes map[string]any) sdk.Account {
		a, err := b.Open(t.Context(), sdk.OpenRequest{Name: name, Settings: block(changes)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	accounts := []sdk.Account{
		open("a", map[string]any{"client_secret_expires": "2026-11-25"}), open("b", nil),
		open("c", map[string]any{"client_secret": nil, "certificate_file": path}),
	}
	twelveHours := int64(12 * time.Hour / time.Second)
	want := map[string]int64{"a secret": twelveHours, "c certificate": 20 * 2 * twelveHours}
	if diff := cmp.Diff(want, gauge(t, reader)); diff != "" {
		t.Error(diff)
	}
	pemFile(t, path, noon.AddDate(1, 0, 0))
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	want["c certificate"] = 365 * 2 * twelveHours
	if diff := cmp.Diff(want, gauge(t, reader)); diff != "" {
		t.Errorf("rotated: %s", diff)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, gauge(t, reader)); diff != "" {
		t.Errorf("without the file, the last known end counts: %s", diff)
	}
	for _, a := range accounts {
		_ = a.Close()
	}
	if got := gauge(t, reader); len(got) != 0 {
		t.Errorf("after the accounts were closed: %v", got)
	}
}
