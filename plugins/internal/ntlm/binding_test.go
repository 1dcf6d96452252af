package ntlm

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The hash over a known end point, worked out by the definition of the structure.
func TestBindingOfCertificate(t *testing.T) {
	for _, a := range []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512} {
		if b := Binding(certificate(t, a)); len(b) != 16 {
			t.Errorf("%s: %d bytes, want 16", a, len(b))
		}
	}
	// Whatever hash signed the certificate, the binding is of its bytes: a certificate
	// whose bytes are empty has a known one.
	empty := &x509.Certificate{SignatureAlgorithm: x509.SHA1WithRSA}
	const want = "cf763932e9d2616ab952b63b584204e3" // MD5 over SHA-256 of nothing
	if got := hex.EncodeToString(Binding(empty)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if b := Binding(&x509.Certificate{SignatureAlgorithm: x509.PureEd25519}); b != nil {
		t.Errorf("%x for a certificate that the RFC defines none for", b)
	}
}

func certificate(t *testing.T, a x509.SignatureAlgorithm) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), SignatureAlgorithm: a, NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pairs is a list of attributes with an end.
func pairs(values ...[]byte) []byte {
	var list []byte
	for i, v := range values {
		list = appendPair(list, uint16(i+1), v)
	}
	return appendPair(list, avEnd, nil)
}

// message is a challenge with that target information.
func message(info []byte) []byte {
	m := make([]byte, challengeHeader)
	copy(m, "NTLMSSP\x00\x02\x00\x00\x00")
	m[20], m[21], m[22] = 0x01, 0x82, 0x88
	m[targetInfoAt], m[targetInfoAt+2] = byte(len(info)), byte(len(info))
	m[targetInfoAt+4] = challengeHeader
	return append(m, info...)
}

// The binding is added to what the server sent, and takes the place of another.
func TestBind(t *testing.T) {
	binding := bytes.Repeat([]byte{7}, 16)
	for name, info := range map[string][]byte{
		"some attributes": pairs([]byte("ab"), []byte("cd")),
		"none":            pairs(),
		"no list":         nil,
		"a binding":       append(appendPair(nil, avChannelBindings, make([]byte, 16)), pairs([]byte("ab"))...),
	} {
		t.Run(name, func(t *testing.T) {
			bound, err := bind(message(info), binding)
			if err != nil {
				t.Fatal(err)
			}
			from, size := int(bound[targetInfoAt+4]), int(bound[targetInfoAt])
			got := bound[from : from+size]
			kept, err := without(info, avChannelBindings)
			if err != nil {
				t.Fatal(err)
			}
			want := appendPair(appendPair(kept, avChannelBindings, binding), avEnd, nil)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever a server sends, the answer is an error or a message of bounded size.
func FuzzRespond(f *testing.F) {
	binding := bytes.Repeat([]byte{7}, 16)
	for _, info := range [][]byte{nil, pairs(), pairs([]byte("a"), nil), {1, 0, 255, 255}, {10, 0, 16, 0}} {
		f.Add(message(info), true)
		f.Add(message(info), false)
	}
	real, err := base64.StdEncoding.DecodeString("TlRMTVNTUAACAAAABgAGADgAAAAFAomiU3FIzYyTyDoAAAAAAAAAACgAKAA+AAAACgB8TwAAAA9TAEkATQACAAYAUwBJAE0AAQAMAEUAWABDAEgAMAAxAAcACAAAgD7V3rGdAQAAAAA=")
	if err == nil {
		f.Add(real, true)
	}
	f.Fuzz(func(t *testing.T, challenge []byte, bound bool) {
		b := binding
		if !bound {
			b = nil
		}
		answer, err := respond(challenge, b, username, password)
		if err == nil && (len(answer) > maxChallenge+1024 || !bytes.HasPrefix(answer, []byte("NTLMSSP\x00\x03"))) {
			t.Errorf("%d bytes: %x", len(answer), answer[:min(16, len(answer))])
		}
		if err == nil && b != nil && !bytes.Contains(answer, b) {
			t.Error("the answer is not bound")
		}
	})
}
