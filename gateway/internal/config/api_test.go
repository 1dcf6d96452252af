package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
)

const (
	testSecret        = "0123456789abcdefghij"
	testWebhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// apiText is a configuration with two providers and an api block, of which the first
// line is line 4.
func apiText(lines string) string {
	return `installation = "x"
provider "northwind" { timezone = "Europe/London" }
provider "contoso" { timezone = "Europe/London" }
` + lines
}

// withSecrets sets variables that hold secrets for one test.
func withSecrets(t *testing.T) {
	t.Helper()
	for name, v := range map[string]string{"TOKEN": testSecret, "HOOK": testWebhookSecret, "SHORT": "hunter2"} {
		testEnv[name] = v
		t.Cleanup(func() { delete(testEnv, name) })
	}
}

func TestAPI(t *testing.T) {
	withSecrets(t)
	digest := sha256.Sum256([]byte(testSecret))
	other := sha256.Sum256([]byte("another"))
	for _, c := range []struct {
		name, text string
		want       API
	}{
		{"no server", "", API{}},
		{"defaults", "api {}\n", API{Listen: "127.0.0.1:8642", RateLimit: RateLimit{500, 1000}, KeepChanges: 30 * day, MaxBodyBytes: 64 << 20}},
		{"everything", `api {
  listen      = "[::1]:9000"
  public_url  = "https://calendar.example/gateway/"
  max_body_mb = 8
  keep_changes = "2d"
  rate_limit {
    per_second = 0.5
    burst      = 3
  }
  token "platform" {
    secret    = env("TOKEN")
    scopes    = ["schedule:write", "read"]
    providers = ["northwind"]
  }
  token "operator" {
    secret_sha256 = "` + hex.EncodeToString(other[:]) + `"
    scopes        = ["operate"]
  }
  webhook "platform" {
    url       = "http://localhost:1/hooks?x=1"
    secret    = env("HOOK")
    events    = ["feed.advanced"]
    providers = ["contoso"]
  }
}
`, API{
			Listen: "[::1]:9000", PublicURL: "https://calendar.example/gateway", MaxBodyBytes: 8 << 20, KeepChanges: 48 * time.Hour, RateLimit: RateLimit{0.5, 3},
			Tokens: []Token{
				{Name: "platform", Hash: digest, Scopes: []Scope{ScopeSchedule, ScopeRead}, Providers: []string{"northwind"}},
				{Name: "operator", Hash: other, Scopes: []Scope{ScopeOperate}},
			},
			Webhooks: []Webhook{{
				Name: "platform", URL: "http://localhost:1/hooks?x=1", Secret: testWebhookSecret,
				Events: []string{EventFeedAdvanced}, Providers: []string{"contoso"},
			}},
		}},
	} {
		cfg, diags := loadText(t, apiText(c.text))
		if diff := cmp.Diff(c.want, cfg.API, cmpopts.IgnoreTypes(hcl.Range{})); diff != "" || len(diags) > 0 {
			t.Errorf("%s (-want +got):\n%s%v", c.name, diff, diags)
		}
	}
}

func TestAPIMistakes(t *testing.T) {
	withSecrets(t)
	testMistakes(t, []mistakeCase{
		{name: "server", text: apiText(`api {
  listen      = "8642"
  public_url  = "http://calendar.example"
  max_body_mb = 0
  rate_limit {
    per_second = 0
    burst      = 0
  }
  port         = 1
  keep_changes = "1m"
}
`), want: []string{
			"5:17 error: Invalid address", "6:17 error: Invalid address", "7:17 error: Unsuitable size",
			"9:18 error: Unsuitable limit", "10:18 error: Unsuitable limit", "12:3 error: Unsupported argument", "13:18 error: Duration too short",
		}},
		{name: "plain http for everybody", text: apiText(`api { listen = "0.0.0.0:8642" }
`), want: []string{"4:16 error: Plain HTTP beyond this machine"}, detail: `Add a block "tls"`},
		{name: "certificate", text: apiText(`api {
  tls {
    cert_file = "none.crt"
    key_file  = "none.key"
  }
}
`), want: []string{"6:17 error: Unusable certificate"}, detail: "no such file"},
		{name: "half a certificate", text: apiText(`api {
  tls { cert_file = "none.crt" }
}
`), want: []string{"5:3 error: Missing argument"}, detail: "key_file"},
		{name: "tokens", text: apiText(`api {
  token "bare" {}
  token "a b" {
    secret = env("TOKEN")
    scopes = ["read"]
  }
  token "words" {
    secret    = env("TOKEN")
    scopes    = ["reed", "write:schedule"]
    providers = ["nortwind", "contoso"]
  }
  token "lists" {
    secret_sha256 = "abc"
    scopes        = []
    providers     = []
  }
  token "both" {
    secret        = env("SHORT")
    secret_sha256 = "abc"
    scopes        = ["read"]
  }
  token "short" {
    secret = env("SHORT")
    scopes = ["read"]
  }
  token "again" {
    secret = env("TOKEN")
    scopes = ["read"]
  }
  token "again" {}
}
`), want: []string{
			"5:3 error: Missing argument", "5:3 error: Missing argument", "6:9 error: Invalid name",
			"12:18 error: Unknown value", "12:26 error: Unknown value", "13:18 error: Unknown provider",
			"16:21 error: Invalid digest", "17:21 error: Empty list", "18:21 error: Empty list",
			"22:21 error: Conflicting arguments", "26:14 error: Secret too short",
			"29:3 error: Secret used twice", "33:9 error: Duplicate token",
		}},
		{name: "did you mean", text: apiText(`api {
  token "words" {
    secret = env("TOKEN")
    scopes = ["reed"]
  }
}
`), want: []string{"7:15 error: Unknown value"}, detail: `Did you mean "read"?`},
		{name: "webhooks", text: apiText(`api {
  webhook "bare" {}
  webhook "wrong" {
    url       = "http://platform.example/hook"
    secret    = env("TOKEN")
    events    = ["feed.advance"]
    providers = ["fabrikam"]
  }
  webhook "key" {
    url    = "https://user:pw@platform.example/hook"
    secret = "whsec_MDEyMzQ="
    events = []
  }
}
`), want: []string{
			"5:3 error: Missing argument", "5:3 error: Missing argument", "7:17 error: Invalid address", "8:17 error: Invalid secret",
			"9:18 error: Unknown value", "10:18 error: Unknown provider",
			"13:14 error: Invalid address", "14:14 error: Invalid secret", "15:14 error: Empty list",
		}},
		{name: "secrets that are written out", text: apiText(`api {
  token "a" {
    secret = "` + testSecret + `"
    scopes = ["read"]
  }
  webhook "b" {
    url    = "https://platform.example/hook"
    secret = "` + testWebhookSecret + `"
  }
}
`), want: []string{"6:5 warning: Secret in the configuration", "11:5 warning: Secret in the configuration"}, detail: "secret_sha256"},
	})
}

// TestAPISecretsAreNotShown: no report shows a secret, whatever is wrong with it.
func TestAPISecretsAreNotShown(t *testing.T) {
	cfg, diags := loadText(t, apiText(`api {
  token "a" { secret = "hunter2" }
  token "b" {
    secret_sha256 = "hunter2"
    scopes        = ["read"]
  }
  token "c" {
    secret = "`+testSecret+`"
    scopes = ["read"]
  }
  webhook "d" {
    url    = "https://x:hunter2@platform.example/hook"
    secret = "hunter2"
  }
}
`))
	var out bytes.Buffer
	if err := WriteDiagnostics(&out, diags, cfg.Files, Style{}); err != nil {
		t.Fatal(err)
	}
	if len(diags) < 5 || strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), testSecret) {
		t.Errorf("%d diagnostics:\n%s", len(diags), out.String())
	}
}

// TestAPICertificate: with a certificate the server may listen anywhere.
func TestAPICertificate(t *testing.T) {
	cert, key := selfSigned(t)
	cfg, diags := loadFiles(t, map[string]string{
		"gateway.hcl": apiText(`api {
  listen = "0.0.0.0:8642"
  tls {
    cert_file = "tls.crt"
    key_file  = "tls.key"
  }
}
`), "tls.crt": cert, "tls.key": key,
	}, "gateway.hcl")
	if len(diags) > 0 || !strings.HasPrefix(cfg.API.CertFile, cfg.Dir) || !strings.HasSuffix(cfg.API.KeyFile, "tls.key") {
		t.Errorf("%+v, %v", cfg.API, diags)
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
