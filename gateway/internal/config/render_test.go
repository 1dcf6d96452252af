package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var update = flag.Bool("update", false, "write the golden files anew")

// broken has every form of a diagnostic: with and without other places, errors and
// warnings, a secret, a table's row, a tab, what no terminal should see.
var broken = map[string]string{
	"gateway.hcl": `installation = "x"
exclusion "exchange-online-or-onprem" { allow_until = "2026-12-01" }

provider "northwind" {
	timezone = "Europe/Lodnon"
  service  = "exchange-online"
  account "exchange-online" {
    master_account = "calendar@northwind.example"
    token          = "hunter2"
  }
  account "exchange-onprem" { master_account = "calendar@northwind.example" }
  trainer "ana" {
    name      = "Ana ` + "\x1b[31m" + `Ortiz"
    email     = "ana@elsewhere.example"
    service   = "exchange-onprem"
    calendar  = true
    direction = "bth"
  }
  trainers = csvdecode(file("trainers.csv"))
}
`,
	"trainers.csv": "id,name,email,calendar,direction,service\n" +
		"chloe,Chloé,chloe@northwind.example,true,both,\n" +
		"dev,Dév,CHLOE@northwind.example,true,out,\n" +
		"eve,Eve,eve@northwind.example,true,in,exchange-onprem\n",
}

func TestWriteDiagnostics(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	cfg, diags := loadFiles(t, broken, "gateway.hcl")
	diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot do it", Detail: "No file has to do with it."})
	for name, style := range map[string]Style{"plain.txt": {}, "narrow.txt": {Width: 60}, "color.txt": {Color: true}} {
		var got bytes.Buffer
		if err := WriteDiagnostics(&got, diags, cfg.Files, style); err != nil {
			t.Fatal(err)
		}
		compareGolden(t, filepath.Join(golden, name), got.Bytes())
	}
	data, err := json.MarshalIndent(Explain(diags, cfg.Files), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, filepath.Join(golden, "diagnostics.json"), append(data, '\n'))
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s, rewritten by -update (-want +got):\n%s", filepath.Base(path), diff)
	}
}

func TestWriteDiagnosticsFails(t *testing.T) {
	_, diags := loadText(t, "")
	if err := WriteDiagnostics(failing{}, diags, nil, Style{}); err == nil {
		t.Error("the writer's error is lost")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }
