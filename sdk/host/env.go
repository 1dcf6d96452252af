package host

import (
	"os"

	"github.com/trainercal/trainercal/sdk/internal/handshake"
)

// passedOn are the variables of the host that a plugin gets: where to find
// programs and put temporary files, how to reach the outside, whom to trust.
var passedOn = []string{
	"PATH", "HOME", "TMPDIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	"ZONEINFO",
}

// environment is the whole environment of a plugin, go-plugin's variables aside.
// The operator's additions cannot replace what the host sets.
func (o Options) environment() []string {
	var env []string
	for _, name := range passedOn {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, o.Env...)
	env = append(env,
		handshake.EnvLifeline+"="+lifelineFD,
		handshake.EnvLogLevel+"="+o.Logger.GetLevel().String(),
	)
	if o.OTLPEndpoint != "" {
		env = append(env, handshake.EnvTelemetry+"="+o.OTLPEndpoint)
	}
	if !o.Metrics {
		env = append(env, handshake.EnvMetrics+"="+handshake.NoMetrics)
	}
	return env
}
