package exchangeonline

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// maxCredentialFile bounds a file with a certificate or a token, in bytes.
const maxCredentialFile = 1 << 20

// assertionType says that client_assertion is a signed token (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// proof is how the application proves who it is. Files are read for each token, once
// an hour: whoever rotates one need not tell the gateway.
type proof struct {
	clientID, tokenURL string
	// secret, certificateFile or federatedFile is set, and no other of them.
	secret, certificateFile, password, federatedFile string
}

// assertion is the client_assertion of a token request; empty with a secret.
func (p proof) assertion(now time.Time) (string, *sdk.Error) {
	switch {
	case p.certificateFile != "":
		cert, err := p.certificate()
		if err != nil {
			return "", sdk.CodeCredentials.Wrap(err, "the certificate cannot be used: %s", err.Error()).
				WithAdvice("put a certificate with its key into certificate_file")
		}
		return cert.assertion(p, now)
	case p.federatedFile != "":
		token, err := readFederated(p.federatedFile)
		if err != nil {
			return "", sdk.CodeCredentials.Wrap(err, "the federated token cannot be used: %s", err.Error()).
				WithAdvice("check federated_token_file, and that what writes it is running")
		}
		return token, nil
	}
	return "", nil
}

// parameters are what a token request says beside the secret.
func (p proof) parameters(now time.Time) (url.Values, *sdk.Error) {
	assertion, err := p.assertion(now)
	if err != nil || assertion == "" {
		return nil, err
	}
	return url.Values{"client_assertion_type": {assertionType}, "client_assertion": {assertion}}, nil
}

func (p proof) certificate() (*certificate, error) {
	data, err := readCredential(p.certificateFile)
	if err != nil {
		return nil, err
	}
	return readCertificate(data, p.password)
}

// readFederated reads a token that another identity provider issued. What is in it is
// between that provider and Microsoft.
func readFederated(path string) (string, error) {
	data, err := readCredential(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("%s does not hold one signed token", path)
	}
	return token, nil
}

// readCredential reads a file whose content must not show up in an error.
func readCredential(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(file, maxCredentialFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the file: %w", err)
	case len(data) > maxCredentialFile:
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxCredentialFile)
	}
	return data, nil
}
