package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// moving is a provider in the middle of a move: one trainer on each service.
const moving = `
provider "a" {
  timezone = "America/New_York"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  account "exchange-onprem" { master_account = "calendar@a.example" }
  trainer "ana" {
    email     = "ana@a.example"
    calendar  = true
    direction = "in"
  }
  trainer "ben" {
    service   = "exchange-onprem"
    email     = "ben@a.example"
    calendar  = true
    direction = "both"
  }
}
`

// TestStandingRules (excl-1, O1).
func TestStandingRules(t *testing.T) {
	head := "installation = \"x\"\n"
	replaced := `exclusion "exchange-online-or-onprem" { enabled = false }`
	other := `exclusion "exchange-online-or-onprem" { services = ["exchange-online", "caldav"] }`
	testMistakes(t, []mistakeCase{
		{
			name: "in force", text: head + moving,
			want: []string{"14:17 error: Exclusion rule \"exchange-online-or-onprem\" violated"}, detail: "the standing rule",
		},
		{name: "disabled", text: head + replaced + moving},
		{name: "replaced", text: head + other + moving},
		{
			name: "one of the two is no active mapping", text: head +
				strings.Replace(moving, `direction = "both"`, `direction = "none"`, 1),
		},
	})
}

// TestViolationPlaces (excl-2): the error names the rule and every block that takes part.
func TestViolationPlaces(t *testing.T) {
	_, diags := loadText(t, `installation = "x"
exclusion "one-exchange" {
  services = ["exchange-online", "exchange-onprem"]
  scope    = "gateway"
}
exclusion "exchange-online-or-onprem" { enabled = false }
`+moving)
	if len(diags) != 1 {
		t.Fatalf("want one violation, got %v", diags)
	}
	d := Explain(diags, nil)[0]
	got := []string{d.Summary}
	for _, p := range d.Related {
		got = append(got, fmt.Sprintf("%s %s", p, p.Text))
	}
	want := []string{
		`Exclusion rule "one-exchange" violated`,
		"gateway.hcl:2:1 the rule",
		"gateway.hcl:13:3 a/ana uses exchange-online",
		"gateway.hcl:19:17 a/ben uses exchange-onprem",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestScope: a rule within a provider lets two providers differ, one of the gateway does not.
func TestScope(t *testing.T) {
	provider := func(name, service string) string {
		return fmt.Sprintf(`provider %q {
  timezone = "Europe/London"
  service  = %q
  account %[2]q { master_account = "c@a.example" }
  trainer "t" {
    email     = "%[1]s@a.example"
    calendar  = true
    direction = "in"
  }
}
`, name, service)
	}
	both := provider("a", "exchange-online") + provider("b", "exchange-onprem")
	testMistakes(t, []mistakeCase{
		{name: "provider", text: "installation = \"x\"\n" + both},
		{name: "gateway", text: `installation = "x"
exclusion "exchange-online-or-onprem" { scope = "gateway" }
` + both, want: []string{"17:3 error: Exclusion rule \"exchange-online-or-onprem\" violated"}},
	})
}

// TestAllowUntil (excl-1): a migration may pass until the day begins in the
// provider's zone, and is warned about from 14 days before.
func TestAllowUntil(t *testing.T) {
	text := `installation = "x"
exclusion "exchange-online-or-onprem" { allow_until = "2027-01-31" }
` + moving
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  time.Time
		want []string
	}{
		{time.Date(2027, 1, 16, 23, 59, 59, 0, newYork), nil},
		{time.Date(2027, 1, 17, 0, 0, 0, 0, newYork), []string{`15:17 warning: Exclusion rule "exchange-online-or-onprem" will be violated`}},
		{time.Date(2027, 1, 30, 23, 59, 59, 0, newYork), []string{`15:17 warning: Exclusion rule "exchange-online-or-onprem" will be violated`}},
		{time.Date(2027, 1, 31, 0, 0, 0, 0, newYork), []string{`15:17 error: Exclusion rule "exchange-online-or-onprem" violated`}},
	} {
		t.Run(c.now.Format(time.RFC3339), func(t *testing.T) {
			opts := testOptions()
			opts.Now = func() time.Time { return c.now }
			_, diags := newDecoder(opts).load([]source{{"gateway.hcl", []byte(text)}})
			if diff := cmp.Diff(c.want, lines(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRuleMistakes (O2).
func TestRuleMistakes(t *testing.T) {
	testMistakes(t, []mistakeCase{
		{name: "unknown service", text: `installation = "x"
exclusion "r" { services = ["exchange-online", "gogle-calendar"] }
`, want: []string{"2:48 error: Unknown service"}, detail: `Did you mean "google-calendar"`},
		{name: "service of a plugin block", text: `installation = "x"
plugin "icalfolder" {}
exclusion "r" { services = ["exchange-online", "icalfolder"] }
`},
		{name: "duplicate of another rule", text: `installation = "x"
exclusion "r" { services = ["caldav", "exchange-online"] }
exclusion "s" { services = ["exchange-online", "caldav"] }
`, want: []string{"3:11 error: Duplicate rule"}},
		{name: "duplicate of a standing rule", text: `installation = "x"
exclusion "r" { services = ["exchange-onprem", "exchange-online"] }
`, want: []string{"2:11 error: Duplicate rule"}, detail: `the standing rule "exchange-online-or-onprem"`},
		{name: "same name twice", text: `installation = "x"
exclusion "r" { services = ["caldav", "exchange-online"] }
exclusion "r" { services = ["caldav", "exchange-onprem"] }
`, want: []string{"3:11 error: Duplicate rule"}},
		{name: "contradiction", text: `installation = "x"
exclusion "move" {
  services    = ["exchange-online", "exchange-onprem"]
  allow_until = "2027-01-31"
}
`, want: []string{"2:11 error: Contradictory rules"}, detail: `a block named "exchange-online-or-onprem" replaces the other rule`},
		{name: "wider in services but not in scope is none", text: `installation = "x"
exclusion "move" {
  services    = ["exchange-online", "exchange-onprem"]
  scope       = "gateway"
  allow_until = "2027-01-31"
}
`},
		{name: "values", text: `installation = "x"
exclusion "a" { services = ["caldav"] }
exclusion "b" { services = ["caldav", "caldav"] }
exclusion "c" {
  services    = ["caldav", "exchange-online"]
  scope       = "provder"
  allow_until = "31.01.2027"
}
exclusion "d" {}
exclusion "exchange-online-or-gogle" { enabled = false }
`, want: []string{
			"2:28 error: Too few services", "3:39 error: Duplicate service", "6:17 error: Unknown value",
			"7:17 error: Invalid date", "9:1 error: Missing argument", "10:11 error: Unknown rule",
		}},
	})
}

// TestManyMappings: a table of thousands does not make an endless error.
func TestManyMappings(t *testing.T) {
	var text strings.Builder
	text.WriteString("installation = \"x\"\n" + strings.TrimSuffix(moving, "}\n"))
	for i := range 3000 {
		fmt.Fprintf(&text, "trainer \"t%d\" {\n email = \"t%d@a.example\"\n calendar = true\n direction = \"in\"\n}\n", i, i)
	}
	text.WriteString("}\n")
	_, diags := loadText(t, text.String())
	if len(diags) != 1 {
		t.Fatalf("want one violation, got %d", len(diags))
	}
	places := Explain(diags, nil)[0].Related
	if got, want := len(places), maxPlaces+2; got != want {
		t.Errorf("%d places, want %d: those shown, the rest counted, and the one of the other service", got, want)
	}
	if got, want := places[maxPlaces].Text, "and 2976 more that use exchange-online"; got != want {
		t.Errorf("the rest: %q, want %q", got, want)
	}
}

func TestExclusionsInForce(t *testing.T) {
	cfg, diags := loadText(t, `installation = "x"
exclusion "exchange-online-or-google" { enabled = false }
exclusion "exchange-onprem-or-google" { scope = "gateway" }
exclusion "off" {
  services = ["caldav", "exchange-online"]
  enabled  = false
}
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	want := []Exclusion{
		{Name: "exchange-online-or-onprem", Services: []string{"exchange-online", "exchange-onprem"}},
		{Name: "exchange-onprem-or-google", Services: []string{"exchange-onprem", "google-calendar"}, Gateway: true},
	}
	if diff := cmp.Diff(want, cfg.Exclusions, ignorePlaces); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
