package config

import (
	"io"
	"strings"
	"testing"
)

// FuzzLoad: no text makes loading or the report of its mistakes panic, and what is
// loaded without errors is consistent.
func FuzzLoad(f *testing.F) {
	f.Add(everyValue, "")
	f.Add("installation = \"x\"\n"+moving, "")
	f.Add(withTable, "id,name,email,calendar,direction\nana,Ana,ana@a.example,true,both\n")
	f.Add(broken["gateway.hcl"], broken["trainers.csv"])
	f.Add(withTable, "\uFEFFid,\"na\nme\"\n\"")
	f.Add("x = <<EOT\n${env(\"A\")}%{ if true }\nEOT", "a\r\n\x00")
	f.Fuzz(func(t *testing.T, text, table string) {
		d := newDecoder(testOptions())
		d.cfg.Dir, d.shown = t.TempDir(), "."
		cfg, diags := d.load([]source{{"gateway.hcl", []byte(text)}})
		d.rows(newTable("trainers.csv", []byte(table)))
		if err := WriteDiagnostics(io.Discard, append(diags, d.diags...), cfg.Files, Style{Width: 40, Color: true}); err != nil {
			t.Fatal(err)
		}
		if !diags.HasErrors() {
			assertConsistent(t, cfg)
		}
	})
}

// assertConsistent checks what the package promises of a Config without errors.
func assertConsistent(t *testing.T, cfg *Config) {
	t.Helper()
	mailboxes := map[string]bool{}
	for _, p := range cfg.Providers {
		accounts := map[string]bool{}
		for _, a := range p.Accounts {
			accounts[a.Service] = a.MasterAccount != "" && len(a.Domains) > 0
		}
		for _, tr := range p.Trainers {
			if !tr.Active() {
				continue
			}
			mailbox := tr.Service + " " + strings.ToLower(tr.Email)
			if mailboxes[mailbox] || tr.Email == "" || tr.TimeZone == nil || !accounts[tr.Service] {
				t.Errorf("trainer %s is inconsistent", tr.ID)
			}
			mailboxes[mailbox] = true
		}
	}
	if cfg.Installation == "" || cfg.State.Path == "" || cfg.Sync.Interval <= 0 {
		t.Error("a required value is missing")
	}
}

// FuzzSettings: no settings block makes decoding panic, and a result goes with no error.
func FuzzSettings(f *testing.F) {
	f.Add("\ntenant = \"t\"\nsecret = env(\"SET\")\n")
	f.Add("\ntenant = [for x in [1] : x]\nretries = 1e400\nhosts = [null]\ntimeout = null\n")
	f.Fuzz(func(t *testing.T, settings string) {
		cfg, _ := loadText(t, account(settings))
		for _, p := range cfg.Providers {
			for _, a := range p.Accounts {
				text, diags := DecodeSettings(a.Settings, a.SettingsRange, testSchema, cfg.EvalContext)
				if (text == nil) != diags.HasErrors() {
					t.Errorf("settings %s together with %v", text, diags)
				}
			}
		}
	})
}
