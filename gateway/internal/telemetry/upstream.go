package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// destination is where one signal goes: to an address, or with an empty one to where
// the exporters' own variables say. The exporters themselves read
// OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT, _COMPRESSION, _CERTIFICATE and their kin; see
// the OpenTelemetry specification, "OpenTelemetry Protocol Exporter".
type destination struct {
	endpoint string
	grpc     bool
}

// The signals, as the OTEL_ variables name them.
const (
	traceSignal  = "TRACES"
	metricSignal = "METRICS"
)

// destinationOf decides whether and where a signal leaves the machine; nil for
// nowhere. configured is the address of the configuration.
func destinationOf(signal, configured string, env func(string) string) (*destination, error) {
	wanted, err := wanted(signal, configured, env)
	if err != nil || !wanted {
		return nil, err
	}
	d := &destination{endpoint: configured}
	if env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "" || configured == env("OTEL_EXPORTER_OTLP_ENDPOINT") {
		d.endpoint = "" // the exporter reads it by itself
	}
	switch protocol := first(env("OTEL_EXPORTER_OTLP_"+signal+"_PROTOCOL"), env("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf"); protocol {
	case "grpc":
		d.grpc = true
	case "http/protobuf":
		if d.endpoint, err = withPath(d.endpoint, "/v1/"+strings.ToLower(signal)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: this gateway speaks grpc and http/protobuf", protocol)
	}
	return d, nil
}

// wanted reads who decides whether a signal leaves the machine: the switches of the
// environment first, then an address from anywhere.
func wanted(signal, configured string, env func(string) string) (bool, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := env("OTEL_" + signal + "_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "otlp":
		return true, nil // to localhost where no address is given, as the specification says
	case "":
		return configured != "" || env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "", nil
	default:
		return false, fmt.Errorf("OTEL_%s_EXPORTER is %q: this gateway knows otlp and none (Prometheus is served at telemetry { prometheus_listen })", signal, exporter)
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// withPath completes an address that names just a server with the signal's standard
// path.
func withPath(endpoint, path string) (string, error) {
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("the address of the collector is not a URL: %s", withoutURL(err))
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	return u.String(), nil
}

// traceClient makes a client for the operator's collector of traces.
func (d destination) traceClient() otlptrace.Client {
	switch {
	case d.grpc && d.endpoint == "":
		return otlptracegrpc.NewClient()
	case d.grpc:
		return otlptracegrpc.NewClient(otlptracegrpc.WithEndpointURL(d.endpoint))
	case d.endpoint == "":
		return otlptracehttp.NewClient()
	}
	return otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(d.endpoint))
}

// metricExporter makes an exporter for the operator's collector of metrics.
func (d destination) metricExporter(ctx context.Context) (sdkmetric.Exporter, error) {
	switch {
	case d.grpc && d.endpoint == "":
		return otlpmetricgrpc.New(ctx)
	case d.grpc:
		return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(d.endpoint))
	case d.endpoint == "":
		return otlpmetrichttp.New(ctx)
	}
	return otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(d.endpoint))
}

// maxErrorBytes bounds what is shown of a collector's answer.
const maxErrorBytes = 512

// withoutURL is an error's text without the collector's address, which may hold a
// token or a password.
func withoutURL(err error) string {
	if bad := (*url.Error)(nil); errors.As(err, &bad) {
		err = bad.Err
	}
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), maxErrorBytes)], "")
}
