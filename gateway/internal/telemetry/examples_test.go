package telemetry

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// observability is the folder of what is ready to use.
var observability = filepath.Join("..", "..", "..", "examples", "observability")

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(observability, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// series are the names that Prometheus gives the metrics of the table.
func seriesNames() map[string]bool {
	suffixes := map[string]string{"s": "_seconds"}
	names := map[string]bool{"up": true}
	for _, m := range MetricTable {
		name := strings.ReplaceAll(m.Name, ".", "_") + suffixes[m.Unit]
		switch m.Kind {
		case Counter:
			names[name+"_total"] = true
		case Histogram:
			names[name+"_bucket"], names[name+"_count"], names[name+"_sum"] = true, true, true
		default:
			names[name] = true
		}
	}
	return names
}

// metricName finds the metrics of a query: words with an underscore that are no labels.
var metricName = regexp.MustCompile(`\b(up|(?:trainercal|http_client|rpc_client)_[a-z_]+)\b`)

// labelName is a label, which a query may name too.
func labelNames() map[string]bool {
	labels := map[string]bool{}
	for _, m := range MetricTable {
		for _, key := range m.Attributes {
			labels[strings.ReplaceAll(string(key), ".", "_")] = true
		}
	}
	return labels
}

// Rules and dashboards ask for metrics that there are.
func TestExamplesKnowTheMetrics(t *testing.T) {
	known, labels := seriesNames(), labelNames()
	asked := 0
	check := func(where, text string) {
		for _, name := range metricName.FindAllString(text, -1) {
			if !labels[name] {
				asked++
			}
			if !known[name] && !labels[name] {
				t.Errorf("%s asks for %s, which is no metric", where, name)
			}
		}
	}
	for _, line := range strings.Split(example(t, "alerts.yml"), "\n") {
		if _, query, found := strings.Cut(line, "expr: "); found {
			check("alerts.yml", query)
		}
	}
	for _, name := range []string{"dashboards/sync.json", "dashboards/accounts.json"} {
		var d struct {
			Panels []struct{ Targets []struct{ Expr string } }
		}
		if err := json.Unmarshal([]byte(example(t, name)), &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				check(name, q.Expr)
			}
		}
	}
	if asked < 40 {
		t.Errorf("%d metrics are asked for: this test looks in the wrong place", asked)
	}
}

// Every alert has an entry in the runbook, and the runbook no other.
func TestRunbook(t *testing.T) {
	_, runbook, found := strings.Cut(guide(t), "\n## Runbook\n")
	runbook, _, _ = strings.Cut(runbook, "\n## ")
	if !found {
		t.Fatal("gateway/README.md has no runbook")
	}
	entries := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(runbook, -1) {
		entries[m[1]] = true
	}
	alerts := example(t, "alerts.yml")
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(alerts, -1) {
		if !entries[m[1]] {
			t.Errorf("alert %s has no entry in the runbook", m[1])
		}
		if !strings.Contains(alerts, "gateway/README.md#"+strings.ToLower(m[1])+"\n") {
			t.Errorf("alert %s does not lead to its entry", m[1])
		}
		delete(entries, m[1])
	}
	for name := range entries {
		t.Errorf("the runbook tells of %s, which is no alert", name)
	}
}

// Prometheus's own tool takes the rules and the configuration.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: prometheus)")
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"check", "config", "prometheus.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = observability
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
