package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

const withTable = `installation = "x"
provider "a" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" { master_account = "calendar@a.example" }
  trainers = csvdecode(file("trainers.csv"))
}
`

func TestTable(t *testing.T) {
	table := "\uFEFFid,name,email,calendar,direction,timezone,service\r\n" +
		"ana, \"Ortiz, Ana\",ana@a.example,TRUE,both,Europe/Paris,\r\n" +
		"\r\n" +
		"ben,Ben,ben@a.example,,,,exchange-online\r\n"
	cfg, diags := loadFiles(t, map[string]string{"conf/gateway.hcl": withTable, "conf/trainers.csv": table}, "conf")
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	type trainer struct {
		id                             platform.TrainerID
		name, email, service, zone, at string
		calendar                       bool
		direction                      Direction
	}
	var got []trainer
	for _, tr := range cfg.Providers[0].Trainers {
		got = append(got, trainer{tr.ID, tr.Name, tr.Email, tr.Service, tr.TimeZone.String(), tr.Range.String(), tr.Calendar, tr.Direction})
	}
	want := []trainer{
		{platform.TrainerID{Provider: "a", Label: "ana"}, "Ortiz, Ana", "ana@a.example", "exchange-online", "Europe/Paris", "conf/trainers.csv:2,1-56", true, Both},
		{platform.TrainerID{Provider: "a", Label: "ben"}, "Ben", "ben@a.example", "exchange-online", "Europe/London", "conf/trainers.csv:4,1-41", false, None},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(trainer{})); diff != "" {
		t.Errorf("trainers (-want +got):\n%s", diff)
	}
}

func TestTableMistakes(t *testing.T) {
	for _, c := range []struct {
		name, table string
		want        []string
	}{
		{"rows", "id,email,calendar,direction,service,timezone\n" +
			"ana,ana,yes,bth,exchang-online,Mars\n" +
			"ana,ana@a.example,,,,\n" +
			",ben@a.example,,,,\n" +
			"cas,\"cas@other.example\",true,in,exchange-onprem,\n" +
			"dev,short\n" +
			"éa,x\n", []string{
			"trainers.csv:2:5 error: Invalid address", "trainers.csv:2:9 error: Unknown value",
			"trainers.csv:2:13 error: Unknown value", "trainers.csv:2:17 error: Unknown service",
			"trainers.csv:2:32 error: Unknown time zone", "trainers.csv:3:1 error: Duplicate trainer",
			"trainers.csv:4:1 error: Missing argument", "trainers.csv:5:33 error: Service without an account",
			"trainers.csv:6:1 error: Wrong number of fields", "trainers.csv:7:1 error: Wrong number of fields",
		}},
		{"columns", "id,mail,email,email\nana\n", []string{"trainers.csv:1:4 error: Unknown column", "trainers.csv:1:15 error: Duplicate column"}},
		{"no id", "name,email\n", []string{"trainers.csv:1:1 error: Missing column"}},
		{"semicolons", "id;name;email\n", []string{"trainers.csv:1:1 error: Not separated by commas"}},
		{"empty", "", []string{"trainers.csv:1:1 error: Empty table"}},
		{"open quote", "id,name\nana,\"Ana\nben,Ben\n", []string{"trainers.csv:4:1 error: Invalid table"}},
		{"other encoding", "id,name\nchloe,Chlo\xe9\n", []string{"trainers.csv:2:11 error: Not UTF-8"}},
		{"domain (map-4)", "id,email\nana,ana@a.example\nben,  ben@b.example\n", []string{"trainers.csv:3:7 error: Mailbox outside the account's domains"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := loadFiles(t, map[string]string{"gateway.hcl": withTable, "trainers.csv": c.table}, "gateway.hcl")
			if diff := cmp.Diff(c.want, lines(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTableExpression(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`[{ id = "ana" }]`, "6:14 error: Unsuitable value"},
		{`csvdecode("id,name")`, "6:14 error: Unsuitable value"},
		{`csvdecode(file(env("UNSET")))`, "6:34 error: Invalid function argument"},
		{`csvdecode(file("nowhere.csv"))`, "6:14 error: Cannot read the trainers"},
	} {
		_, diags := loadText(t, strings.Replace(withTable, `csvdecode(file("trainers.csv"))`, c.expr, 1))
		if diff := cmp.Diff([]string{c.want}, lines(diags)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.expr, diff)
		}
	}
}
