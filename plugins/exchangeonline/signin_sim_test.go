package exchangeonline_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// identity is an application's certificate, as its PEM file too.
type identity struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newIdentity(t testing.TB, ends time.Time) identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "gateway"},
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
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	return identity{key: key, cert: cert, pem: text}
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// openBy opens an account that signs in by other settings than the secret.
func (s *sim) openBy(t testing.TB, changes map[string]any) sdk.Account {
	t.Helper()
	changes["client_secret"] = ""
	account, err := exchangeonline.New().Open(t.Context(), s.request(changes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = account.Close() })
	return account
}

// step is what Verify says in one of the account's steps.
func step(t testing.TB, account sdk.Account, name string, mailboxes ...sdk.Mailbox) sdk.Check {
	t.Helper()
	var found sdk.Check
	if err := account.Verify(t.Context(), mailboxes, func(c sdk.Check) error {
		if c.Step == name && c.Mailbox == "" {
			found = c
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// credentials is what Verify says of signing in.
func credentials(t testing.TB, account sdk.Account) sdk.Check { return step(t, account, "credentials") }

// TestConformanceWithCertificate runs the contract's own suite with an account that
// signs in with a certificate (auth-3).
func TestConformanceWithCertificate(t *testing.T) {
	id := newIdentity(t, time.Now().AddDate(1, 0, 0))
	path := filepath.Join(t.TempDir(), "app.pem")
	writeFile(t, path, id.pem)
	sdktest.Run(t, sdktest.Subject{New: func(t testing.TB) sdktest.World {
		s := newSim(t, exchangesim.Options{Certificates: []*x509.Certificate{id.cert}})
		w := s.world()
		w.Account = s.request(map[string]any{"client_secret": "", "certificate_file": path})
		return w
	}})
}

// A certificate that is rotated is used from the next token on; one that is not
// registered is explained; one that ends soon is warned of.
func TestCertificateRotates(t *testing.T) {
	first, second := newIdentity(t, time.Now().AddDate(0, 0, 20)), newIdentity(t, time.Now().AddDate(1, 0, 0))
	path := filepath.Join(t.TempDir(), "app.pem")
	writeFile(t, path, first.pem)
	old := newSim(t, exchangesim.Options{Certificates: []*x509.Certificate{first.cert}}).openBy(t, map[string]any{"certificate_file": path})
	renewed := newSim(t, exchangesim.Options{Certificates: []*x509.Certificate{second.cert}}).openBy(t, map[string]any{"certificate_file": path})

	if c := step(t, old, "expiry"); c.Outcome != sdk.Warned || c.Ends.IsZero() || !strings.Contains(c.Observed, "ends in 19 days") || c.Advice == "" {
		t.Errorf("check = %+v, want a warning of the end", c)
	}
	if c := credentials(t, renewed); c.Outcome != sdk.Failed || !strings.Contains(c.Observed, "AADSTS700027") || !strings.Contains(c.Advice, "app registration") {
		t.Errorf("check = %+v, want what to do about AADSTS700027", c)
	}
	writeFile(t, path, second.pem)
	if c := credentials(t, renewed); c.Outcome != sdk.Passed {
		t.Errorf("check = %+v after the rotation, want it passed", c)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if c := credentials(t, renewed); c.Outcome != sdk.Failed || !strings.Contains(c.Advice, "certificate_file") {
		t.Errorf("check = %+v without the file, want what to do", c)
	}
}

// idToken is the token of another identity provider, signed with its key.
func idToken(t testing.TB, key *rsa.PrivateKey, subject string) []byte {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil,
		`{"iss":"https://idp.test","sub":%q,"aud":"api://AzureADTokenExchange","exp":%d}`, subject, time.Now().Add(time.Hour).Unix()))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text + "." + encode(signature) + "\n")
}

// A federated token is read anew for each access token.
func TestFederatedToken(t *testing.T) {
	id := newIdentity(t, time.Now().AddDate(1, 0, 0))
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, idToken(t, id.key, "somebody else"))
	account := newSim(t, exchangesim.Options{Federation: &exchangesim.Federation{
		Issuer: "https://idp.test", Subject: "gateway", Audience: "api://AzureADTokenExchange", Key: &id.key.PublicKey,
	}}).openBy(t, map[string]any{"federated_token_file": path})
	if c := credentials(t, account); c.Outcome != sdk.Failed || !strings.Contains(c.Advice, "subject") {
		t.Errorf("check = %+v, want what to do about the subject", c)
	}
	writeFile(t, path, idToken(t, id.key, "gateway"))
	if c := credentials(t, account); c.Outcome != sdk.Passed {
		t.Errorf("check = %+v, want it passed", c)
	}
	writeFile(t, path, nil)
	if c := credentials(t, account); c.Outcome != sdk.Failed || !strings.Contains(c.Advice, "federated_token_file") {
		t.Errorf("check = %+v of an empty file, want what to do", c)
	}
}
