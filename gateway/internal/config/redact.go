package config

import (
	"regexp"
	"strings"
)

var (
	// secretName is how people call what must not be shown.
	secretName = regexp.MustCompile(`(?i)secret|passw|passphrase|pwd|token|credential|api_?key|private_?key`)
	// urlLogin is the user and password in an address.
	urlLogin = regexp.MustCompile(`://[^/@\s"]*@`)
	// reference is a value that only says where the secret is; also with env misspelt.
	reference = regexp.MustCompile(`^\s*(?:(?:env|file)\(\s*"[^"]*"|[a-z_]+\(\s*"[A-Z][A-Z0-9_]*")\s*\)?`)
	// assignment is a line "name = value".
	assignment = regexp.MustCompile(`^(\s*[a-z][a-z0-9_]*\s*=)(\s*[^=\s].*)$`)
	// head is the first word of a block's head.
	head = regexp.MustCompile(`^\s*[a-z][a-z0-9_]*\s+["{]`)
)

// redact returns a source line without what may be a secret: the value after the name
// of a secret, but for a reference such as env("NAME"). secret says that the line is
// known to hold one.
func redact(line string, secret bool) string {
	if !secret && !secretName.MatchString(line) {
		return urlLogin.ReplaceAllString(line, "://…@")
	}
	parts := assignment.FindStringSubmatch(line)
	if parts == nil {
		word := head.FindString(line)
		return word[:max(len(word)-1, 0)] + "…"
	}
	name, value := parts[1], parts[2]
	shown := reference.FindString(value)
	if strings.TrimSpace(value[len(shown):]) == "" {
		return line
	}
	return name + shown + " …"
}

// publicArguments are the gateway's own whose values are no secrets. In a file that
// cannot be parsed, the lines of all others are not shown.
var publicArguments = strings.Fields(`installation url engine interval past future detail show_as sessions repush_on
	cancelled_show_as command sha256 env services scope allow_until enabled traces_endpoint keep_runs
	listen public_url cert_file key_file keep_changes max_body_mb per_second burst scopes providers events
	timezone service mode on_stop master_account domains name email calendar direction trainers`)

// mayHoldSecret reports whether a line assigns something that is not known to be public.
func mayHoldSecret(line string) bool {
	parts := assignment.FindStringSubmatch(line)
	if parts == nil {
		return !head.MatchString(line) && strings.Trim(line, " \t{}[]()") != ""
	}
	return !contains(publicArguments, strings.Trim(parts[1], " \t="))
}
