package tlsfiles

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// write puts a new certificate of a serial number into the files.
func write(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A renewed certificate is used by the next connection; a broken one is told once and
// leaves the former in use.
func TestRenewal(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if _, err := Load(cert, key, nil); err == nil {
		t.Error("files that are not there are a certificate")
	}
	write(t, cert, key, 1)
	warnings := 0
	c, err := Load(cert, key, func(error) { warnings++ })
	if err != nil {
		t.Fatal(err)
	}
	serves := func(serial int64, warned int) {
		t.Helper()
		if s := c.State(); s.Ends.Year() != 2100 || (s.Problem != nil) != (warned > 0 && serial != 3) {
			t.Errorf("with the certificate %d and %d warnings: %+v", serial, warned, s)
		}
		for range 2 {
			pair, err := c.Config().GetCertificate(&tls.ClientHelloInfo{})
			if err != nil || pair.Leaf.SerialNumber.Int64() != serial {
				t.Errorf("serves %v, %v, want %d", pair.Leaf.SerialNumber, err, serial)
			}
		}
		if warnings != warned {
			t.Errorf("%d warnings, want %d", warnings, warned)
		}
	}
	serves(1, 0)
	write(t, cert, key, 2)
	serves(2, 0)
	if err := os.WriteFile(key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	serves(2, 1)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	serves(2, 2)
	write(t, cert, key, 3)
	serves(3, 2)
	if c.Config().MinVersion != tls.VersionTLS12 {
		t.Error("older versions of TLS are spoken")
	}
}
