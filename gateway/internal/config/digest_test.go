package config

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever a configuration is read from makes it another one: its own files, a table of
// trainers, and a secret in the settings of a plugin, which are evaluated later.
func TestDigest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const table = "trainer,email,calendar,direction\nana,ana@northwind.example,true,both\n"
	config := `
installation = "x"
provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"
  account "exchange-online" {
    master_account = "calendar@northwind.example"
    settings {
      client_secret = file("secret.txt")
    }
  }
  trainers = csvdecode(file("trainers.csv"))
}
`
	write("gateway.hcl", config)
	write("secret.txt", "first")
	write("trainers.csv", table)
	load := func() string {
		t.Helper()
		cfg, _ := Load(filepath.Join(dir, "gateway.hcl"), Options{})
		if cfg.Digest == "" {
			t.Fatal("there is no digest")
		}
		return cfg.Digest
	}
	last := load()
	if again := load(); again != last {
		t.Errorf("the same is %s and %s", last, again)
	}
	for _, change := range []struct{ name, text string }{
		{"secret.txt", "second"},
		{"trainers.csv", table + "ben,ben@northwind.example,true,both\n"},
		{"gateway.hcl", config + "# a remark\n"},
	} {
		write(change.name, change.text)
		now := load()
		if now == last {
			t.Errorf("a change of %s makes no difference", change.name)
		}
		last = now
	}
}
