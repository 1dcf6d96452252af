package exchangeonline

import (
	"errors"
	"path/filepath"
	"time"
)

// proof is how a settings block says to sign in.
func (raw rawSettings) proof() proof {
	return proof{
		clientID: raw.ClientID, secret: raw.ClientSecret,
		certificateFile: raw.CertificateFile, password: raw.CertificatePassword, federatedFile: raw.FederatedTokenFile,
	}
}

// checkProof wants exactly one way to sign in. A file must be there and usable from
// the start: what is found out later stops the account.
func (r *refusals) checkProof(p proof) {
	if p.password != "" && p.certificateFile == "" {
		r.Add("certificate_password", "certificate_password without certificate_file", "Remove it, or set certificate_file.")
	}
	switch ways := p.ways(); len(ways) {
	case 0:
		r.Add("client_secret", "client_secret is missing",
			"Set the value of a client secret of the app registration, or certificate_file, or federated_token_file.")
		return
	case 1:
	default:
		r.Add(ways[1], "more than one way to sign in", "Set client_secret, certificate_file or federated_token_file, and no other of them.")
		return
	}
	switch {
	case p.certificateFile != "" && r.absolute("certificate_file", p.certificateFile):
		r.checkCertificate(p)
	case p.federatedFile != "" && r.absolute("federated_token_file", p.federatedFile):
		if _, err := readFederated(p.federatedFile); err != nil {
			r.Add("federated_token_file", "federated_token_file cannot be used: "+err.Error(),
				"Set the file that holds the token of the other identity provider, readable by the gateway.")
		}
	}
}

// ways are the settings that say how to sign in.
func (p proof) ways() []string {
	var ways []string
	for _, way := range []struct{ name, value string }{
		{"client_secret", p.secret}, {"certificate_file", p.certificateFile}, {"federated_token_file", p.federatedFile},
	} {
		if way.value != "" {
			ways = append(ways, way.name)
		}
	}
	return ways
}

// absolute refuses a path that depends on where the plugin was started.
func (r *refusals) absolute(attribute, path string) bool {
	if !filepath.IsAbs(path) {
		r.Add(attribute, attribute+" is not an absolute path", "Write the whole path of the file.")
		return false
	}
	return true
}

func (r *refusals) checkCertificate(p proof) {
	_, err := p.certificate()
	switch {
	case errors.Is(err, errPassword):
		r.Add("certificate_password", "certificate_password is not right: "+err.Error(), "Set the password of the PFX file; a PEM file needs none.")
	case err != nil:
		r.Add("certificate_file", "certificate_file cannot be used: "+err.Error(),
			"Set a PEM file with a certificate and its RSA key, or a PFX file, readable by the gateway.")
	}
}

// secretEnds reads the day on which the secret ends.
func (r *refusals) secretEnds(raw rawSettings) time.Time {
	if raw.SecretExpires == "" {
		return time.Time{}
	}
	if raw.ClientSecret == "" {
		r.Add("client_secret_expires", "client_secret_expires without client_secret", "Remove it; the end of a certificate is known without.")
	}
	ends, err := time.Parse(time.DateOnly, raw.SecretExpires)
	if err != nil {
		r.Add("client_secret_expires", "client_secret_expires is not a day", "Write year, month and day, as 2027-01-31.")
	}
	return ends
}
