package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Limits and defaults of the api block.
const (
	defaultListen    = "127.0.0.1:8642"
	defaultPerSecond = 500
	defaultBurst     = 1000
	defaultMaxBodyMB = 64
	maxMaxBodyMB     = 1024
	minKeepChanges   = time.Hour
)

// api decodes the block of the same name. Without it there is no server. It comes after
// the providers, which tokens and webhooks name.
func (d *decoder) api(b *block) {
	block := b.single("api")
	if block == nil {
		return
	}
	out := &d.cfg.API
	*out = API{Listen: defaultListen, RateLimit: RateLimit{PerSecond: defaultPerSecond, Burst: defaultBurst}, MaxBodyBytes: defaultMaxBodyMB << 20}
	a := d.open(block.Body, block.DefRange, "listen public_url keep_changes max_body_mb",
		header("tls"), header("rate_limit"), header("token", "name"), header("webhook", "name"))
	d.apiTLS(a)
	d.apiListen(get[string](a, "listen"), block.DefRange)
	out.PublicURL = d.publicURL(get[string](a, "public_url"))
	if size := get[int](a, "max_body_mb"); size.ok {
		out.MaxBodyBytes = int64(size.v) << 20
		if size.v < 1 || size.v > maxMaxBodyMB {
			d.report(size.rng, "Unsuitable size", fmt.Sprintf("Want how long a request may be, in megabytes, from 1 to %d.", maxMaxBodyMB))
		}
	}
	out.KeepChanges, _ = a.duration("keep_changes", DefaultKeepChanges, minKeepChanges)
	d.rateLimit(a)
	d.tokens(a)
	d.webhooks(a)
}

// apiTLS reads the certificate, and whether it can be used with the key.
func (d *decoder) apiTLS(a *block) {
	block := a.single("tls")
	if block == nil {
		return
	}
	t := d.open(block.Body, block.DefRange, "cert_file key_file")
	cert, key := get[string](t, "cert_file"), get[string](t, "key_file")
	if !cert.set {
		t.missing("cert_file", "the certificate and those that lead to a trusted one, in PEM")
	}
	if !key.set {
		t.missing("key_file", "the certificate's private key, in PEM")
	}
	if !cert.ok || !key.ok {
		return
	}
	out := &d.cfg.API
	out.CertFile, out.KeyFile = resolve(d.cfg.Dir, cert.v), resolve(d.cfg.Dir, key.v)
	if _, err := tls.LoadX509KeyPair(out.CertFile, out.KeyFile); err != nil {
		d.report(cert.rng, "Unusable certificate", fmt.Sprintf("The server could not speak TLS: %s.", err))
	}
}

// apiListen reads where the server listens: beyond this machine with TLS alone.
func (d *decoder) apiListen(v value[string], at hcl.Range) {
	if v.set {
		at = v.rng
	}
	if v.ok {
		d.cfg.API.Listen = v.v
	}
	host, port, err := net.SplitHostPort(d.cfg.API.Listen)
	number, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case v.set && !v.ok:
	case err != nil || portErr != nil || number == 0:
		d.report(at, "Invalid address", `Want an address and a port to listen on, for example "127.0.0.1:8642".`)
	case !loopback(host) && d.cfg.API.CertFile == "":
		d.report(at, "Plain HTTP beyond this machine",
			`Tokens and schedules would cross the network in the clear. Add a block "tls" with "cert_file" and "key_file", or listen on 127.0.0.1 behind a proxy that speaks TLS.`)
	}
}

// publicURL reads the address at which the server is reached from outside.
func (d *decoder) publicURL(v value[string]) string {
	if !v.ok || v.v == "" {
		return ""
	}
	u, err := url.Parse(v.v)
	if err != nil || !webAddress(u) || u.RawQuery != "" || u.Fragment != "" {
		d.report(v.rng, "Invalid address", `Want the address at which this server is reached from outside, for example "https://calendar.example"; plain http for a loopback address only.`)
		return ""
	}
	return strings.TrimRight(v.v, "/")
}

// webAddress reports whether an address is one of a web server, without a password:
// https, or http on this machine.
func webAddress(u *url.URL) bool {
	return u.Hostname() != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func (d *decoder) rateLimit(a *block) {
	block := a.single("rate_limit")
	if block == nil {
		return
	}
	r := d.open(block.Body, block.DefRange, "per_second burst")
	out := &d.cfg.API.RateLimit
	if v := get[float64](r, "per_second"); v.ok {
		out.PerSecond = v.v
		if v.v <= 0 {
			d.report(v.rng, "Unsuitable limit", "Want how many requests a token may make each second in the long run, more than 0.")
		}
	}
	if v := get[int](r, "burst"); v.ok {
		out.Burst = v.v
		if v.v < 1 {
			d.report(v.rng, "Unsuitable limit", "Want how many requests a token may make at once, at least 1.")
		}
	}
}

// providersNamed reads the providers that a block of the API is for; nil for all.
func (d *decoder) providersNamed(b *block) []string {
	v := get[[]string](b, "providers")
	if v.ok && len(v.v) == 0 {
		d.report(v.rng, "Empty list", `It would be for no provider. Leave "providers" out for all.`)
	}
	var known []string
	for _, p := range d.cfg.Providers {
		known = append(known, p.Name)
	}
	for i, name := range v.v {
		if !contains(known, name) && !d.partial {
			d.report(v.item(i), "Unknown provider", fmt.Sprintf("There is no provider %q.%s", name, suggest(name, known)))
		}
	}
	return v.v
}
