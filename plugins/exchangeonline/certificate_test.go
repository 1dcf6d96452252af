package exchangeonline

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/trainercal/trainercal/sdk"
)

// testKey is one RSA key for all tests: making one takes a while.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		panic(err)
	}
	return key
})

func makeCert(t *testing.T, key crypto.Signer, ends time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"},
		NotBefore: ends.AddDate(-1, 0, 0), NotAfter: ends,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(t *testing.T, key crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pfx(t *testing.T, cert *x509.Certificate, password string) []byte {
	t.Helper()
	data, err := pkcs12.Modern.Encode(testKey(), cert, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Certificates come in every usual form, the key before or after them, and with their
// chain.
func TestReadCertificate(t *testing.T) {
	ends := time.Now().AddDate(1, 0, 0)
	cert := makeCert(t, testKey(), ends)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign := makeCert(t, ec, ends)
	leaf, chain := pemBlock("CERTIFICATE", cert.Raw), pemBlock("CERTIFICATE", foreign.Raw)
	key := pemBlock("PRIVATE KEY", pkcs8(t, testKey()))
	tests := map[string]struct {
		data     []byte
		password string
		fails    string // part of the error; empty: accepted
	}{
		"PEM, PKCS #8":     {slices.Concat(leaf, key), "", ""},
		"PEM, key first":   {slices.Concat(key, chain, leaf), "", ""},
		"PEM, PKCS #1":     {slices.Concat(leaf, pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKey()))), "", ""},
		"PFX":              {pfx(t, cert, "hunter2"), "hunter2", ""},
		"PFX, no password": {pfx(t, cert, ""), "", ""},
		"PFX, wrong":       {pfx(t, cert, "hunter2"), "other", "password"},
		"PEM, password":    {slices.Concat(leaf, key), "hunter2", "password"},
		"no key":           {leaf, "", "no private key"},
		"no certificate":   {key, "", "no certificate"},
		"another's":        {slices.Concat(chain, key), "", "no certificate"},
		"elliptic":         {slices.Concat(chain, pemBlock("PRIVATE KEY", pkcs8(t, ec))), "", "RSA"},
		"encrypted PEM":    {slices.Concat(leaf, pemBlock("ENCRYPTED PRIVATE KEY", []byte{1})), "", "encrypted"},
		"broken block":     {pemBlock("CERTIFICATE", []byte{1}), "", "CERTIFICATE"},
		"nothing":          {nil, "", "neither"},
		"something else":   {[]byte("hello"), "", "neither"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readCertificate(test.data, test.password)
			switch {
			case test.fails == "" && (err != nil || !got.leaf.Equal(cert)):
				t.Errorf("got %v, %v; want the certificate", got, err)
			case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
				t.Errorf("err = %v, want one that says %q", err, test.fails)
			case err != nil && test.password != "" && strings.Contains(err.Error(), test.password):
				t.Errorf("the error gives the password away: %v", err)
			}
		})
	}
}

// A file that cannot be used is refused at its setting, before anything is tried.
func TestProofRefused(t *testing.T) {
	dir := t.TempDir()
	good := writeFile(t, filepath.Join(dir, "good.pfx"), pfx(t, makeCert(t, testKey(), time.Now().AddDate(1, 0, 0)), "right"))
	text := writeFile(t, filepath.Join(dir, "text"), []byte("not a token"))
	large := writeFile(t, filepath.Join(dir, "large"), bytes.Repeat([]byte("x"), maxCredentialFile+1))
	for name, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"missing":          {map[string]any{"certificate_file": filepath.Join(dir, "none")}, "certificate_file"},
		"relative":         {map[string]any{"certificate_file": "good.pfx"}, "certificate_file"},
		"not one":          {map[string]any{"certificate_file": text}, "certificate_file"},
		"too large":        {map[string]any{"certificate_file": large}, "certificate_file"},
		"wrong password":   {map[string]any{"certificate_file": good, "certificate_password": "hunter2"}, "certificate_password"},
		"password alone":   {map[string]any{"federated_token_file": writeFile(t, filepath.Join(dir, "jwt"), []byte("a.b.c\n")), "certificate_password": "hunter2"}, "certificate_password"},
		"token missing":    {map[string]any{"federated_token_file": filepath.Join(dir, "none")}, "federated_token_file"},
		"token is none":    {map[string]any{"federated_token_file": text}, "federated_token_file"},
		"token too large":  {map[string]any{"federated_token_file": large}, "federated_token_file"},
		"secret and file":  {map[string]any{"client_secret": "hunter2", "certificate_file": good}, "certificate_file"},
		"two files at all": {map[string]any{"certificate_file": good, "federated_token_file": text}, "federated_token_file"},
	} {
		t.Run(name, func(t *testing.T) {
			changes := map[string]any{"client_secret": nil}
			for k, v := range test.changes {
				changes[k] = v
			}
			_, err := parseSettings(block(changes))
			var refused *sdk.SettingsError
			if !errors.As(err, &refused) || len(refused.Diagnostics) != 1 || refused.Diagnostics[0].Path[0] != test.want {
				t.Fatalf("err = %v, want one refusal of %s", err, test.want)
			}
			if d := refused.Diagnostics[0]; strings.Contains(d.Summary+d.Detail, "hunter2") || d.Detail == "" {
				t.Errorf("diagnostic = %+v", d)
			}
		})
	}
}

func FuzzReadCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), "")
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), "")
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x03}, "pw")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if got, err := readCertificate(data, password); (got == nil) == (err == nil) {
			t.Errorf("%v, %v: want a certificate or an error", got, err)
		}
	})
}
