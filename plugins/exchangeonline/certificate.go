package exchangeonline

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/trainercal/trainercal/sdk"
)

const (
	// minKeyBits is the shortest key that Microsoft accepts.
	minKeyBits = 2048
	// assertionLife is how long an assertion is valid; the documentation asks for five
	// to ten minutes ("Microsoft identity platform application authentication
	// certificate credentials").
	assertionLife = 10 * time.Minute
)

// errPassword is the error of a certificate file whose password is not the given one.
var errPassword = errors.New("the password does not open the file")

// certificate is a certificate with its key.
type certificate struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
}

// readCertificate reads a PEM file with a certificate and its key, or a PFX (PKCS #12)
// file, which a password protects. Errors say nothing of the content.
func readCertificate(data []byte, password string) (*certificate, error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return readPFX(data, password)
	}
	if password != "" {
		return nil, fmt.Errorf("%w: a PEM file has none", errPassword)
	}
	return readPEM(data)
}

func readPFX(data []byte, password string) (*certificate, error) {
	key, leaf, _, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, errPassword
	case err != nil:
		return nil, errors.New("the file is neither PEM nor a PFX with one key")
	}
	return newCertificate(key, []*x509.Certificate{leaf})
}

func readPEM(data []byte) (*certificate, error) {
	var key crypto.PrivateKey
	var chain []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return newCertificate(key, chain)
		}
		var err error
		data = rest
		switch block.Type {
		case "CERTIFICATE":
			var cert *x509.Certificate
			cert, err = x509.ParseCertificate(block.Bytes)
			chain = append(chain, cert)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("the key of a PEM file must not be encrypted; a PFX file's may be")
		}
		if err != nil {
			return nil, fmt.Errorf("the file's block %q cannot be read", block.Type)
		}
	}
}

// newCertificate finds the key's certificate in a chain.
func newCertificate(key crypto.PrivateKey, chain []*x509.Certificate) (*certificate, error) {
	private, isRSA := key.(*rsa.PrivateKey)
	switch {
	case key == nil:
		return nil, errors.New("the file holds no private key")
	case !isRSA || private.N.BitLen() < minKeyBits:
		return nil, fmt.Errorf("the key must be an RSA key of at least %d bits", minKeyBits)
	}
	for _, cert := range chain {
		if private.PublicKey.Equal(cert.PublicKey) {
			return &certificate{leaf: cert, key: private}, nil
		}
	}
	return nil, errors.New("the file holds no certificate of its key")
}

// assertion signs that the application is who it says: PS256, and the certificate's
// SHA-256 thumbprint to find it by.
func (c *certificate) assertion(p proof, now time.Time) (string, *sdk.Error) {
	if now.After(c.leaf.NotAfter) {
		return "", sdk.CodeCredentials.New("the certificate ended on %s", day(c.leaf.NotAfter)).WithAdvice("%s; then run gateway verify, so that the account is tried again", renewCertificate)
	}
	thumbprint := sha256.Sum256(c.leaf.Raw)
	signed := segment(map[string]any{
		"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:]),
	}) + "." + segment(map[string]any{
		"aud": p.tokenURL, "iss": p.clientID, "sub": p.clientID, "jti": uuid.NewString(),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPSS(rand.Reader, c.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		return "", sdk.CodeInternal.Wrap(err, "could not sign with the certificate")
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// segment is a part of a JWT.
func segment(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		panic("exchangeonline: " + err.Error()) // strings and numbers are always JSON
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
