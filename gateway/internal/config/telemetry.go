package config

import (
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Limits and defaults of the telemetry block.
const (
	defaultKeepRuns    = 30 * day
	minKeepRuns        = time.Hour
	defaultMaxTracesMB = 512
	minMaxTracesMB     = 8
)

func (d *decoder) telemetry(b *block) {
	out := &d.cfg.Telemetry
	*out = Telemetry{KeepRuns: defaultKeepRuns, MaxTracesBytes: defaultMaxTracesMB << 20, Sample: 1}
	block := b.single("telemetry")
	if block == nil {
		return
	}
	t := d.open(block.Body, block.DefRange, "traces_endpoint metrics_endpoint prometheus_listen sample keep_runs max_traces_mb")
	out.KeepRuns, _ = t.duration("keep_runs", defaultKeepRuns, minKeepRuns)
	out.TracesEndpoint = d.endpoint(get[string](t, "traces_endpoint"))
	out.MetricsEndpoint = d.endpoint(get[string](t, "metrics_endpoint"))
	out.PrometheusListen = d.listen(get[string](t, "prometheus_listen"))
	if sample := get[float64](t, "sample"); sample.ok {
		out.Sample = sample.v
		if sample.v < 0 || sample.v > 1 {
			d.report(sample.rng, "Not a fraction", "Want the part of the runs without changes whose traces are sent, from 0 to 1, for example 0.1 for a tenth.")
		}
	}
	if size := get[int](t, "max_traces_mb"); size.ok {
		out.MaxTracesBytes = int64(size.v) << 20
		if size.v < minMaxTracesMB || size.v > 1<<20 {
			d.report(size.rng, "Unsuitable size", "Want how large the history of traces may get, in megabytes, at least "+strconv.Itoa(minMaxTracesMB)+".")
		}
	}
}

// endpoint reads the address of a collector; empty for none.
func (d *decoder) endpoint(v value[string]) string {
	if !v.ok || v.v == "" {
		return ""
	}
	if u, err := url.Parse(v.v); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		d.report(v.rng, "Invalid endpoint", `Want the address of an OTLP collector, for example "http://127.0.0.1:4318".`)
		return ""
	}
	return v.v
}

// listen reads an address to listen on; empty for none.
func (d *decoder) listen(v value[string]) string {
	if !v.ok || v.v == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(v.v)
	number, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || portErr != nil || number == 0:
		d.report(v.rng, "Invalid address", `Want an address and a port to listen on, for example "127.0.0.1:9464".`)
		return ""
	case !loopback(host):
		d.diags = append(d.diags, diagnostic(hcl.DiagWarning, v.rng, "Metrics are open to the network",
			"Whoever reaches this address reads the metrics, without a password: names of providers and servers are among them. "+
				"Listen on 127.0.0.1, or let a firewall or a proxy decide who reads them."))
	}
	return v.v
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
