package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unitKeys reads the settings of a unit's section; a key may be there more than once.
func unitKeys(t *testing.T, path, section string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, in := map[string][]string{}, ""
	for _, line := range strings.Split(string(text), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			in = line
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				t.Fatalf("%s: %q is no setting", path, line)
			}
			if in == "["+section+"]" {
				keys[key] = append(keys[key], value)
			}
		}
	}
	return keys
}

// The unit keeps the gateway from what it does not need, and lets it have what it does.
func TestUnit(t *testing.T) {
	const path = "../examples/systemd/gateway.service"
	service := unitKeys(t, path, "Service")
	for key, want := range map[string]string{
		"Type": "notify", "Restart": "on-failure", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "DynamicUser": "yes",
		"StateDirectory": "trainercal", "MemoryDenyWriteExecute": "yes", "CapabilityBoundingSet": "",
		"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
	} {
		if got := service[key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if len(service["WatchdogSec"]) != 1 || !strings.Contains(service["ExecStart"][0], " serve ") {
		t.Errorf("watchdog %q, program %q", service["WatchdogSec"], service["ExecStart"])
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("no systemd-analyze here: only the settings were checked")
		return
	}
	out, _ := exec.CommandContext(t.Context(), analyze, "verify", path).CombinedOutput() // it fails for the program, which is not installed
	if regexp.MustCompile(`(?i)unknown|failed to parse|invalid`).Match(out) {
		t.Errorf("systemd-analyze verify:\n%s", out)
	}
	const exposure = "15" // at most 1.5 of 10
	if out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold="+exposure, path).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// What the Dockerfile builds is there, and static.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../examples/docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	packages := regexp.MustCompile(`\./[a-z][\w/-]*`).FindAllString(string(text), -1)
	packages = slices.DeleteFunc(packages, func(p string) bool { return p == "./gateway" || !strings.HasPrefix(p, "./plugins/") })
	if len(packages) != 2 || !strings.Contains(string(text), "CGO_ENABLED=0") || !strings.Contains(string(text), "USER nonroot") {
		t.Fatalf("the Dockerfile builds %v", packages)
	}
	for _, p := range append(packages, "./gateway") {
		if main, err := filepath.Glob(filepath.Join("..", p, "main.go")); err != nil || len(main) != 1 {
			t.Errorf("%s is no program: %v", p, err)
		}
	}
	cgo := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{if .CgoFiles}}{{.ImportPath}}{{end}}`, "./gateway")
	cgo.Dir, cgo.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cgo.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "" {
		t.Errorf("packages that need a C compiler: %s, %v", out, err)
	}
}
