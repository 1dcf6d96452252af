package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTelemetry(t *testing.T) {
	cfg, diags := loadText(t, `installation = "x"
telemetry {
  traces_endpoint   = "http://c:4318"
  metrics_endpoint  = "http://c:4318/v1/metrics"
  prometheus_listen = "127.0.0.1:9464"
  sample            = 0.25
  keep_runs         = "2d"
  max_traces_mb     = 64
}
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	want := Telemetry{
		TracesEndpoint: "http://c:4318", MetricsEndpoint: "http://c:4318/v1/metrics", PrometheusListen: "127.0.0.1:9464",
		Sample: 0.25, KeepRuns: 48 * time.Hour, MaxTracesBytes: 64 << 20,
	}
	if diff := cmp.Diff(want, cfg.Telemetry); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTelemetryMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "every one", text: `installation = "x"
telemetry {
  traces_endpoint   = "c:4318"
  metrics_endpoint  = "ftp://c"
  prometheus_listen = "9464"
  sample            = 2
  max_traces_mb     = 1
}
`, want: []string{
			"3:23 error: Invalid endpoint", "4:23 error: Invalid endpoint", "5:23 error: Invalid address",
			"6:23 error: Not a fraction", "7:23 error: Unsuitable size",
		}},
		{name: "open to the network", text: `installation = "x"
telemetry { prometheus_listen = "0.0.0.0:9464" }
`, want: []string{"2:33 warning: Metrics are open to the network"}},
	})
}
