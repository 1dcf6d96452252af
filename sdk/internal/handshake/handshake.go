// Package handshake holds what the host and a plugin process agree on before they
// speak: the cookie, the versions of the contract, and the environment variables.
//
// Main values: [Config], [PluginName], [Version] and the Env constants. They are
// promises to plugins that were built earlier.
//
// Neighbours: sdk/host sets what sdk/serve reads.
package handshake

import "github.com/hashicorp/go-plugin"

// Config is the cookie by which a plugin program sees that a gateway started it.
// It is no secret.
var Config = plugin.HandshakeConfig{
	MagicCookieKey:   "TRAINERCAL_PLUGIN",
	MagicCookieValue: "0f6c9f0e5f7b4c3c9f5a1f0e2a7d4b61",
}

// Version is the version of the contract. A change that older plugins cannot
// understand gets another, and the host serves both for a while.
const Version = 1

// PluginName is the name of the one thing a plugin serves.
const PluginName = "calendar"

// The variables the host sets for a plugin, besides go-plugin's own.
const (
	// EnvLifeline holds the number of a file descriptor; the plugin ends when it
	// reads end-of-file, for then the host is gone.
	EnvLifeline = "TRAINERCAL_LIFELINE_FD"
	// EnvLogLevel holds the level that the host logs at.
	EnvLogLevel = "TRAINERCAL_LOG_LEVEL"
	// EnvTelemetry holds the address of the host's own receiver of traces and metrics.
	EnvTelemetry = "OTEL_EXPORTER_OTLP_ENDPOINT"
	// EnvMetrics holds NoMetrics when the host takes traces alone.
	EnvMetrics = "OTEL_METRICS_EXPORTER"
	NoMetrics  = "none"
)

// ServicePrefix begins the service.name of a plugin's telemetry; the service follows.
const ServicePrefix = "gateway-plugin-"
