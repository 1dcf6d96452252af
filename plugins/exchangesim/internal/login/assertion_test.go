package login

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"testing"
	"time"
)

var noon = time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC)

// rig is an endpoint with one registered certificate and one federated provider.
type rig struct {
	*Endpoint
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newRig(t *testing.T, ends time.Time) rig {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, NotBefore: noon.Add(-time.Hour), NotAfter: ends,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return rig{key: key, cert: cert, Endpoint: New(Options{
		TenantID: "tenant-1", ClientID: "app", ClientSecret: "s", Now: func() time.Time { return noon },
		URL: func() string { return "https://login.test" }, Certificates: []*x509.Certificate{cert},
		Federation: &Federation{Issuer: "https://idp.test", Subject: "gateway", Audience: "api://AzureADTokenExchange", Key: &key.PublicKey},
	})}
}

// sign makes a token; PSS or PKCS #1 by the header's alg.
func (r rig) sign(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	if header["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, r.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, r.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func changed(m map[string]any, key string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	if key != "" {
		out[key] = value
	}
	return out
}

func assertionForm(kind, assertion string) url.Values {
	values := form("client_assertion_type", kind, "client_assertion", assertion)
	values.Del("client_secret")
	return values
}

// An assertion is judged by its signature, audience, time, thumbprint and names.
func TestAssertion(t *testing.T) {
	r := newRig(t, noon.AddDate(1, 0, 0))
	sum := sha256.Sum256(r.cert.Raw)
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
	claims := map[string]any{
		"aud": "https://login.test" + tokenPath, "iss": "app", "sub": "app", "jti": "1",
		"nbf": noon.Unix(), "iat": noon.Unix(), "exp": noon.Add(10 * time.Minute).Unix(),
	}
	federated := map[string]any{"iss": "https://idp.test", "sub": "gateway", "aud": "api://AzureADTokenExchange", "exp": noon.Add(time.Hour).Unix()}
	rs256 := map[string]any{"alg": "RS256", "typ": "JWT"}
	other := newRig(t, noon.AddDate(1, 0, 0))
	good := r.sign(t, header, claims)
	for _, tc := range []struct {
		name, kind, assertion string
		aadsts                float64 // 0: accepted
	}{
		{"good", assertionType, good, 0},
		{"federated", assertionType, r.sign(t, rs256, federated), 0},
		{"no type", "", good, 900144},
		{"no token", assertionType, "a.b", 50027},
		{"no JSON", assertionType, "e30.!.e30", 50027},
		{"other key", assertionType, other.sign(t, header, claims), 700027},
		{"signature of another token", assertionType, good[:len(good)-6] + "AAAAAA", 700027},
		{"unknown thumbprint", assertionType, r.sign(t, changed(header, "x5t#S256", "x"), claims), 700027},
		{"old algorithm", assertionType, r.sign(t, changed(header, "alg", "RS256"), claims), 700027},
		{"no signature at all", assertionType, r.sign(t, changed(header, "alg", "none"), claims), 700027},
		{"other audience", assertionType, r.sign(t, header, changed(claims, "aud", "https://login.test/")), 700023},
		{"expired", assertionType, r.sign(t, header, changed(claims, "exp", noon.Add(-maxSkew).Unix())), 700024},
		{"not yet", assertionType, r.sign(t, header, changed(claims, "nbf", noon.Add(maxSkew+time.Second).Unix())), 700024},
		{"too long", assertionType, r.sign(t, header, changed(claims, "exp", noon.Add(2*maxLife).Unix())), 50027},
		{"no id", assertionType, r.sign(t, header, changed(claims, "jti", "")), 50027},
		{"other subject", assertionType, r.sign(t, header, changed(claims, "sub", "other")), 50048},
		{"federated, other subject", assertionType, r.sign(t, rs256, changed(federated, "sub", "Gateway")), 700213},
		{"federated, other key", assertionType, other.sign(t, rs256, federated), 700027},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer := ask(r.Endpoint, tokenPath, assertionForm(tc.kind, tc.assertion))
			numbers, _ := answer["error_codes"].([]any)
			switch {
			case tc.aadsts == 0 && (status != 200 || answer["access_token"] == nil):
				t.Errorf("%d %v, want a token", status, answer)
			case tc.aadsts != 0 && (status < 400 || len(numbers) != 1 || numbers[0] != tc.aadsts):
				t.Errorf("%d %v, want AADSTS%v", status, answer, tc.aadsts)
			}
		})
	}
}

// A certificate that has ended is refused, registered or not.
func TestAssertionOfEndedCertificate(t *testing.T) {
	r := newRig(t, noon.Add(-time.Minute))
	sum := sha256.Sum256(r.cert.Raw)
	assertion := r.sign(t,
		map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])},
		map[string]any{"aud": "https://login.test" + tokenPath, "iss": "app", "sub": "app", "jti": "1", "nbf": noon.Unix(), "exp": noon.Add(time.Minute).Unix()})
	if status, answer := ask(r.Endpoint, tokenPath, assertionForm(assertionType, assertion)); status != 401 {
		t.Errorf("%d %v, want a refusal", status, answer)
	}
}

func FuzzReadJWT(f *testing.F) {
	for _, seed := range []string{"", "..", "e30.e30.e30", "e30.e30", "bnVsbA.bnVsbA.AA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if token, ok := readJWT(text); ok && token == nil {
			t.Error("a token that is none")
		}
	})
}
