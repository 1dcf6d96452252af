package login

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// assertionType is the only client_assertion_type that there is.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxSkew is how far the clocks may differ.
	maxSkew = 5 * time.Minute
	// maxLife is the longest an assertion with a certificate may be valid.
	maxLife = time.Hour
)

// Federation is a federated identity credential: the application may sign in with a
// token of another identity provider, which signs with RS256.
type Federation struct {
	Issuer, Subject, Audience string
	Key                       *rsa.PublicKey
}

// jwt is a signed token taken apart.
type jwt struct {
	header struct {
		Algorithm  string `json:"alg"`
		Type       string `json:"typ"`
		Thumbprint string `json:"x5t#S256"`
	}
	claims struct {
		Audience  string `json:"aud"`
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		ID        string `json:"jti"`
		NotBefore int64  `json:"nbf"`
		Expires   int64  `json:"exp"`
	}
	digest    [sha256.Size]byte
	signature []byte
}

// readJWT decodes a token without judging it.
func readJWT(text string) (*jwt, bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, false
	}
	var t jwt
	for i, out := range []any{&t.header, &t.claims} {
		plain, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(plain, out) != nil {
			return nil, false
		}
	}
	var err error
	t.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	t.digest = sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return &t, err == nil
}

// checkAssertion judges a client_assertion: one signed with a registered certificate,
// or the token of a federated identity provider.
func (e *Endpoint) checkAssertion(kind, text, audience string) *refusal {
	if kind != assertionType {
		return &refusal{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_assertion_type'."}
	}
	t, ok := readJWT(text)
	if !ok {
		return &refusal{http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed."}
	}
	now := e.opts.Now()
	if begins := time.Unix(t.claims.NotBefore, 0); now.Add(maxSkew).Before(begins) || !now.Before(time.Unix(t.claims.Expires, 0).Add(maxSkew)) {
		return &refusal{http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range."}
	}
	if strings.EqualFold(t.claims.Issuer, e.opts.ClientID) {
		return e.checkCertificate(t, audience)
	}
	return e.checkFederated(t)
}

func (e *Endpoint) checkCertificate(t *jwt, audience string) *refusal {
	cert := e.registered(t.header.Thumbprint)
	switch {
	case t.claims.Subject != t.claims.Issuer:
		return &refusal{http.StatusUnauthorized, "invalid_client", 50048, "Subject must match Issuer claim in the client assertion."}
	case t.claims.Audience != audience:
		return &refusal{http.StatusUnauthorized, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."}
	case t.claims.ID == "" || t.claims.Expires-t.claims.NotBefore > int64(maxLife/time.Second):
		return &refusal{http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed."}
	case cert == nil || t.header.Algorithm != "PS256" || t.header.Type != "JWT" || !signedWith(cert, t):
		return &refusal{http.StatusUnauthorized, "invalid_client", 700027, "Client assertion failed signature validation."}
	case e.opts.Now().After(cert.NotAfter):
		return &refusal{http.StatusUnauthorized, "invalid_client", 700027, "The certificate used to sign the client assertion is expired."}
	}
	return nil
}

// registered is the application's certificate with this SHA-256 thumbprint.
func (e *Endpoint) registered(thumbprint string) *x509.Certificate {
	for _, cert := range e.opts.Certificates {
		if sum := sha256.Sum256(cert.Raw); base64.RawURLEncoding.EncodeToString(sum[:]) == thumbprint {
			return cert
		}
	}
	return nil
}

func signedWith(cert *x509.Certificate, t *jwt) bool {
	key, isRSA := cert.PublicKey.(*rsa.PublicKey)
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return isRSA && rsa.VerifyPSS(key, crypto.SHA256, t.digest[:], t.signature, options) == nil
}

// checkFederated compares issuer, subject and audience exactly, as the platform does.
func (e *Endpoint) checkFederated(t *jwt) *refusal {
	f := e.opts.Federation
	switch {
	case f == nil || t.claims.Issuer != f.Issuer || t.claims.Subject != f.Subject || t.claims.Audience != f.Audience:
		return &refusal{http.StatusUnauthorized, "invalid_client", 700213, "No matching federated identity record found for presented assertion."}
	case t.header.Algorithm != "RS256" || rsa.VerifyPKCS1v15(f.Key, crypto.SHA256, t.digest[:], t.signature) != nil:
		return &refusal{http.StatusUnauthorized, "invalid_client", 700027, "Client assertion failed signature validation."}
	}
	return nil
}
