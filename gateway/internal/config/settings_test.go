package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/sdk/schema"
)

var testSchema = schema.Schema{
	Attributes: []schema.Attribute{
		{Name: "tenant", Type: schema.String, Required: true},
		{Name: "secret", Type: schema.String, Sensitive: true},
		{Name: "pin", Type: schema.String, Sensitive: true, Enum: []string{"1111", "2222"}},
		{Name: "key_file", Type: schema.String},
		{Name: "cloud", Type: schema.String, Default: "global", Enum: []string{"global", "china"}},
		{Name: "retries", Type: schema.Int, Default: float64(3)},
		{Name: "strict", Type: schema.Bool, Default: true},
		{Name: "timeout", Type: schema.Duration, Default: "1d"},
		{Name: "hosts", Type: schema.List},
		{Name: "old", Type: schema.String, Deprecated: "use tenant"},
	},
	ExactlyOneOf: [][]string{{"secret", "key_file"}},
}

// account wraps the lines of a settings block, of which the first is line 5.
func account(settings string) string {
	return `installation = "x"
provider "a" {
timezone = "Europe/London"
account "exchange-online" {
settings {` + settings + `}
master_account = "calendar@a.example"
}
}
`
}

func decodeSettings(t *testing.T, settings string) (string, hcl.Diagnostics, *Config) {
	t.Helper()
	cfg, diags := loadText(t, account(settings))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	a := cfg.Providers[0].Accounts[0]
	text, diags := DecodeSettings(a.Settings, a.SettingsRange, testSchema, cfg.EvalContext)
	return string(text), diags, cfg
}

func TestDecodeSettings(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"defaults", `
tenant = "t"
secret = env("SET")
`, `{"cloud":"global","retries":3,"secret":"from the environment","strict":true,"tenant":"t","timeout":"24h0m0s"}`},
		{"everything", `
tenant   = "t"
key_file = "k"
cloud    = "china"
retries  = 5
strict   = false
timeout  = "90s"
hosts    = ["a", "b"]
`, `{"cloud":"china","hosts":["a","b"],"key_file":"k","retries":5,"strict":false,"tenant":"t","timeout":"1m30s"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, diags, _ := decodeSettings(t, c.settings)
			if len(diags) > 0 || got != c.want {
				t.Errorf("got %s %v\nwant %s", got, diags, c.want)
			}
		})
	}
}

func TestSettingsMistakes(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		want           []string
	}{
		{"nothing", ``, []string{"5:1 error: Missing required argument", "5:1 error: Missing argument"}},
		{"misspelt", `
tennant = "t"
secrt   = env("SET")
`, []string{"6:1 error: Unsupported argument", "7:1 error: Unsupported argument"}},
		{"values", `
tenant   = 1 == 1
key_file = null
secret   = env("UNSET")
cloud    = "chna"
retries  = 1.5
strict   = "perhaps"
timeout  = "soon"
hosts    = "a"
old      = "x"
`, []string{
			"8:17 error: Invalid function argument", "9:12 error: Unknown value", "10:12 error: Unsuitable value",
			"11:12 error: Incorrect attribute value type", "12:12 error: Invalid duration",
			"13:12 error: Incorrect attribute value type", "14:1 warning: Deprecated setting",
		}},
		{"both of a group", `
tenant   = "t"
key_file = "k"
secret   = env("SET")
`, []string{"8:1 error: Conflicting settings"}},
		{"secrets that are written out", `
tenant = "t"
secret = "hunter2"
pin    = "3333"
`, []string{"7:1 warning: Secret in the configuration", "8:1 warning: Secret in the configuration", "8:10 error: Unknown value"}},
		{"a block", `
tenant = "t"
secret = env("SET")
proxy {}
`, []string{"8:1 error: Unsupported block type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, diags, _ := decodeSettings(t, c.settings)
			if diff := cmp.Diff(c.want, lines(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s%v", diff, diags)
			}
			if (text == "") != diags.HasErrors() {
				t.Errorf("settings %q together with %v", text, diags)
			}
		})
	}
}

func TestMissingSettingsBlock(t *testing.T) {
	at := hcl.Range{Filename: "gateway.hcl", Start: hcl.Pos{Line: 4, Column: 3}, End: hcl.Pos{Line: 4, Column: 9}}
	_, diags := DecodeSettings(nil, at, testSchema, nil)
	want := []string{"4:3 error: Missing required argument", "4:3 error: Missing argument"}
	if diff := cmp.Diff(want, lines(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

// TestSecretsAreNotShown: whatever is wrong with a secret or beside it, and however
// it is misspelt, its text is in no diagnostic.
func TestSecretsAreNotShown(t *testing.T) {
	for name, settings := range map[string]string{
		"warning":     "\ntenant = \"t\"\nsecret = \"hunter2\"\n",
		"enum":        "\ntenant = \"t\"\nkey_file = \"k\"\npin = \"hunter2\"\n",
		"misspelt":    "\ntenant = \"t\"\nkey_file = \"k\"\nsecrett = \"hunter2\"\n",
		"unknown":     "\ntenant = \"t\"\nkey_file = \"k\"\ncode = \"hunter2\"\n",
		"unquoted":    "\ntenant = \"t\"\nsecret = hunter2\n",
		"wrong type":  "\ntenant = \"t\"\nsecret = [\"hunter2\"]\n",
		"both":        "\ntenant = \"t\"\nkey_file = \"k\"\nsecret = \"hunter2\"\n",
		"one line":    ` secret = "hunter2" `,
		"template":    "\ntenant = \"t\"\nsecret = \"hunter2${SET}\"\n",
		"heredoc":     "\ntenant = \"t\"\nsecret = <<EOT\nhunter2 ${x}\nEOT\n",
		"as a block":  "\ntenant = \"t\"\nsecret \"hunter2\" {}\n",
		"env default": "\ntenant = \"t\"\nkey_file = \"k\"\nsecret = env(\"UNSET\", \"hunter2\")\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, diags, cfg := decodeSettings(t, settings)
			if len(diags) == 0 {
				t.Fatal("want something to be wrong")
			}
			assertNotShown(t, diags, cfg, "hunter2")
		})
	}
}

// TestSecretsAreNotShownByTheParser: where nothing is known of the settings yet.
func TestSecretsAreNotShownByTheParser(t *testing.T) {
	for name, settings := range map[string]string{
		"open quote":   "\nsecret = \"hunter2\n",
		"other quotes": "\npin = 'hunter2'\n",
		"colon":        "\npin: hunter2'\n",
		"two words":    "\npin = \"hunter2\" pin = \"hunter2\"\n",
		"bare line":    "\nhunter2\n",
	} {
		t.Run(name, func(t *testing.T) {
			cfg, diags := loadText(t, account(settings))
			if !diags.HasErrors() {
				t.Fatal("want something to be wrong")
			}
			assertNotShown(t, diags, cfg, "hunter2")
		})
	}
	cfg, diags := loadText(t, "installation = \"x\"\nstate { url = \"postgres://me:hunter2@db/x\" }\n")
	assertNotShown(t, diags, cfg, "hunter2")
}

func assertNotShown(t *testing.T, diags hcl.Diagnostics, cfg *Config, secret string) {
	t.Helper()
	var text strings.Builder
	if err := WriteDiagnostics(&text, diags, cfg.Files, Style{}); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(Explain(diags, cfg.Files))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), secret) || strings.Contains(string(data), secret) {
		t.Errorf("the secret %s is shown:\n%s", secret, text.String())
	}
}

func TestSchemaMistakes(t *testing.T) {
	str := func(name string) schema.Attribute { return schema.Attribute{Name: name, Type: schema.String} }
	for name, s := range map[string]schema.Schema{
		"name":              {Attributes: []schema.Attribute{str("a b")}},
		"twice":             {Attributes: []schema.Attribute{str("a"), str("a")}},
		"type":              {Attributes: []schema.Attribute{{Name: "a", Type: "uuid"}}},
		"enum":              {Attributes: []schema.Attribute{{Name: "a", Type: schema.Int, Enum: []string{"1"}}}},
		"default's type":    {Attributes: []schema.Attribute{{Name: "a", Type: schema.Int, Default: "1"}}},
		"default's form":    {Attributes: []schema.Attribute{{Name: "a", Type: schema.Duration, Default: "soon"}}},
		"default not whole": {Attributes: []schema.Attribute{{Name: "a", Type: schema.Int, Default: 1.5}}},
		"default not among": {Attributes: []schema.Attribute{{Name: "a", Type: schema.String, Enum: []string{"b"}, Default: "c"}}},
		"group":             {Attributes: []schema.Attribute{str("a")}, ExactlyOneOf: [][]string{{"a", "b"}}},
	} {
		if _, err := SettingsSpec(s); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestAttributePathRange(t *testing.T) {
	_, _, cfg := decodeSettings(t, "\ntenant = \"t\"\nsecret = env(\"SET\")\n")
	a := cfg.Providers[0].Accounts[0]
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"tenant"}, "gateway.hcl:6,10-13"},
		{[]string{"tenant", "0"}, "gateway.hcl:6,10-13"},
		{[]string{"cloud"}, "gateway.hcl:5,1-9"},
		{nil, "gateway.hcl:5,1-9"},
	} {
		if got := AttributePathRange(a.Settings, c.path, a.SettingsRange).String(); got != c.want {
			t.Errorf("%v: %s, want %s", c.path, got, c.want)
		}
	}
}
