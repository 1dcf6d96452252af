package exchangeonprem

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk/schema"
)

// The values of access.
const (
	accessFull          = "full"
	accessImpersonation = "impersonation"
)

func settingsSchema() schema.Schema {
	return schema.Schema{Attributes: []schema.Attribute{
		{
			Name: "url", Type: schema.String,
			Help: "The server's EWS address, usually https://SERVER/EWS/Exchange.asmx. Plain http is accepted for loopback addresses only.",
		},
		{
			Name: "autodiscover", Type: schema.Bool, Default: false,
			Help: "Find the server by the master account's address. Not supported yet.",
		},
		{
			Name: "username", Type: schema.String, Required: true,
			Help: `The master account's sign-in name: DOMAIN\user or user@domain.`,
		},
		{
			Name: "password", Type: schema.String, Required: true, Sensitive: true,
			Help: "The master account's password.",
		},
		{
			Name: "auth", Type: schema.String, Default: "basic", Enum: []string{"basic", "ntlm"},
			Help: "How the master account signs in. Only basic is supported yet.",
		},
		{
			Name: "access", Type: schema.String, Default: accessFull, Enum: []string{accessFull, accessImpersonation},
			Help: "How the master account reaches the mailboxes. full: full access on each, or editor rights on its calendar folder. impersonation: it acts as the mailboxes' owners, with the role ApplicationImpersonation.",
		},
		{
			Name: "ca_file", Type: schema.String,
			Help: "A PEM file with the authority that signed the server's certificate; only it is trusted then. Left out, the machine's authorities are.",
		},
	}}
}

// rawSettings is the settings block as the host sends it.
type rawSettings struct {
	URL          string `json:"url"`
	Autodiscover bool   `json:"autodiscover"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	Auth         string `json:"auth"`
	Access       string `json:"access"`
	CAFile       string `json:"ca_file"`
}

// settings is the settings block, checked.
type settings struct {
	url                *url.URL
	username, password string
	// access is accessFull or accessImpersonation.
	access string
	// roots are the only authorities trusted, nil for the machine's.
	roots *x509.CertPool
}

func parseSettings(data json.RawMessage) (settings, error) {
	raw := rawSettings{Auth: "basic", Access: accessFull}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return settings{}, contract.Undecodable()
	}
	var refused refusals
	refused.checkSupport(raw)
	refused.checkIdentity(raw)
	set := settings{
		url: refused.endpoint(raw), username: raw.Username, password: raw.Password,
		access: raw.Access, roots: refused.authorities(raw.CAFile),
	}
	if err := refused.Err(); err != nil {
		return settings{}, err
	}
	return set, nil
}

// refusals collects what is wrong with the settings.
type refusals struct{ contract.Refusals }

func (r *refusals) checkSupport(raw rawSettings) {
	switch raw.Auth {
	case "basic":
	case "ntlm":
		r.Add("auth", `auth = "ntlm" is not supported yet`, `Turn Basic authentication on for the EWS site, and set auth = "basic".`)
	default:
		r.Add("auth", fmt.Sprintf("unknown auth %q", raw.Auth), `Set auth = "basic".`)
	}
	switch raw.Access {
	case accessFull, accessImpersonation:
	default:
		r.Add("access", fmt.Sprintf("unknown access %q", raw.Access), `Set access = "full" or access = "impersonation".`)
	}
	if raw.Autodiscover {
		r.Add("autodiscover", "autodiscover is not supported yet", "Remove it, and set url to the server's EWS address.")
	}
}

func (r *refusals) checkIdentity(raw rawSettings) {
	switch {
	case raw.Username == "":
		r.Add("username", "username is missing", `Set the master account's sign-in name: DOMAIN\user or user@domain.`)
	case strings.Contains(raw.Username, ":"):
		r.Add("username", "username must not contain a colon", "Basic authentication ends the name at the first colon (RFC 7617).")
	}
	if raw.Password == "" {
		r.Add("password", "password is missing", "Set the master account's password.")
	}
}

// endpoint reads the server's address. Without a path it is completed with the usual
// one.
func (r *refusals) endpoint(raw rawSettings) *url.URL {
	if raw.URL == "" {
		if !raw.Autodiscover {
			r.Add("url", "url is missing", "Set the server's EWS address, usually https://SERVER/EWS/Exchange.asmx.")
		}
		return nil
	}
	u, err := transport.CheckEndpoint(raw.URL)
	if err != nil {
		r.Add("url", "url cannot be used: "+err.Error(), "Set the server's EWS address, usually https://SERVER/EWS/Exchange.asmx.")
		return nil
	}
	if strings.Trim(u.Path, "/") == "" {
		u = u.JoinPath("EWS", "Exchange.asmx")
	}
	return u
}

// authorities reads the file of trusted certificates.
func (r *refusals) authorities(file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		r.Add("ca_file", "ca_file cannot be read", "Check the path, and that the gateway's user may read the file.")
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		r.Add("ca_file", "ca_file holds no certificate", "Export the authority's certificate as PEM (Base-64 encoded X.509).")
		return nil
	}
	return pool
}
