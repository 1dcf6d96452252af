package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// writeCertificate puts a new certificate of a serial number and an end into files.
func writeCertificate(t *testing.T, api config.API, serial int64, ends time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: ends, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{api.CertFile: {Type: "CERTIFICATE", Bytes: der}, api.KeyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The API's certificate is replaced without a restart: the next connection gets the new
// one. Files that are no certificate leave the former in use, and the status says so; so
// it does of one that ends soon.
func TestCertificateIsReplaced(t *testing.T) {
	dir := t.TempDir()
	a := newApp(t, dir, "v1")
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := config.API{Listen: probe.Addr().String(), CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}
	_ = probe.Close() // it was for a free address alone
	a.Config().API, a.Config().Sync.Engine = api, false
	later := time.Now().Add(certificateSoon + time.Hour)
	writeCertificate(t, api, 1, later)
	drain, ready, over := make(chan struct{}), make(chan Serving, 1), make(chan error, 1)
	go func() { over <- a.Serve(context.Background(), drain, func(s Serving) { ready <- s }) }()
	select {
	case <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	// shows is what a new connection and the status of another process tell.
	shows := func(what string, serial int64, needs string) {
		t.Helper()
		conn, err := tls.Dial("tcp", api.Listen, &tls.Config{InsecureSkipVerify: true}) // it signs itself
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if got := conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != serial {
			t.Errorf("%s: a new connection gets the certificate %d, want %d", what, got, serial)
		}
		other := newApp(t, dir, "v1")
		other.Config().API = api
		o, err := other.Overview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, n := range o.Needs() {
			if n.Kind == NeedCertificate {
				text, _, _ := strings.Cut(n.Text, ":")
				texts = append(texts, strings.Split(text, " on ")[0])
			}
		}
		if diff := cmp.Diff(needs, strings.Join(texts, "; ")); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	shows("at first", 1, "")
	writeCertificate(t, api, 2, later)
	shows("renewed", 2, "")
	if err := os.WriteFile(api.KeyFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	shows("broken", 2, "the files of the API's certificate cannot be used")
	writeCertificate(t, api, 3, time.Now().Add(time.Hour))
	shows("mended, for an hour", 3, "the API's certificate ends")
	close(drain)
	if err := <-over; err != nil {
		t.Error(err)
	}
}
