package telemetry

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
)

// upstream returns a client for the operator's collector, or nil when none is
// configured. The exporters themselves read OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT,
// _COMPRESSION, _CERTIFICATE and their kin; see the OpenTelemetry specification,
// "OpenTelemetry Protocol Exporter".
func upstream(configured string, env func(string) string) (otlptrace.Client, error) {
	wanted, err := relayWanted(configured, env)
	if err != nil || !wanted {
		return nil, err
	}
	endpoint := configured
	if env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || configured == env("OTEL_EXPORTER_OTLP_ENDPOINT") {
		endpoint = "" // the exporter reads it by itself
	}
	protocol := first(env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), env("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf")
	switch protocol {
	case "grpc":
		return grpcClient(endpoint), nil
	case "http/protobuf":
		return httpClient(endpoint)
	}
	return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: this gateway speaks grpc and http/protobuf", protocol)
}

// relayWanted reads who decides whether traces leave the machine: the switches of the
// environment first, then an address from anywhere.
func relayWanted(configured string, env func(string) string) (bool, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := env("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "otlp":
		return true, nil // to localhost where no address is given, as the specification says
	case "":
		return configured != "" || env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "", nil
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: this gateway knows otlp and none", exporter)
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

func grpcClient(endpoint string) otlptrace.Client {
	if endpoint == "" {
		return otlptracegrpc.NewClient()
	}
	return otlptracegrpc.NewClient(otlptracegrpc.WithEndpointURL(endpoint))
}

// httpClient sends to the endpoint's path, or to the standard one where the endpoint
// names just a server.
func httpClient(endpoint string) (otlptrace.Client, error) {
	if endpoint == "" {
		return otlptracehttp.NewClient(), nil
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("the address of the trace collector is not a URL: %s", withoutURL(err))
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(u.String())), nil
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
