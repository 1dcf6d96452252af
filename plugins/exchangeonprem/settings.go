package exchangeonprem

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/ewscalendar"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk/schema"
)

// The values of access and auth.
const (
	accessFull          = "full"
	accessImpersonation = "impersonation"
	authBasic           = "basic"
	authNTLM            = "ntlm"

	maxConnections = 100
)

func settingsSchema() schema.Schema {
	return schema.Schema{Attributes: []schema.Attribute{
		{
			Name: "url", Type: schema.String,
			Help: "The server's EWS address, usually https://SERVER/EWS/Exchange.asmx. Plain http is accepted for loopback addresses only.",
		},
		{
			Name: "autodiscover", Type: schema.Bool, Default: false,
			Help: "Find the server by the domain of the master account's address, as Outlook does, instead of by url.",
		},
		{
			Name: "autodiscover_hosts", Type: schema.List, Tuning: true,
			Help: "Host names outside of that domain which autodiscover may send the credentials to.",
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
			Name: "auth", Type: schema.String, Tuning: true, Default: authBasic, Enum: []string{authBasic, authNTLM},
			Help: "How the master account signs in: basic or ntlm, whichever the EWS site has turned on.",
		},
		{
			Name: "channel_binding", Type: schema.Bool, Tuning: true, Default: true,
			Help: "Tie a sign-in with ntlm to the server's certificate, as Extended Protection demands. Turn it off where a proxy ends TLS with another certificate; the EWS site must then not require Extended Protection.",
		},
		{
			Name: "access", Type: schema.String, Default: accessFull, Enum: []string{accessFull, accessImpersonation},
			Help: "How the master account reaches the mailboxes. full: full access on each, or editor rights on its calendar folder. impersonation: it acts as the mailboxes' owners, with the role ApplicationImpersonation.",
		},
		{
			Name: "connections", Type: schema.Int, Tuning: true, Default: int64(ews.DefaultConnections),
			Help: "How many requests the account may have in flight at a time, from 1 to 100. Fewer are sent while the server complains.",
		},
		{
			Name: "probe_batch", Type: schema.Int, Tuning: true, Default: int64(ewscalendar.DefaultProbeBatch),
			Help: "With full access, how many mailboxes one request asks whether anything changed, from 1 to 255. Fewer where requests take the server long.",
		},
		{
			Name: "ca_file", Type: schema.String, Tuning: true,
			Help: "A PEM file with the authority that signed the server's certificate; only it is trusted then. Left out, the machine's authorities are.",
		},
	}}
}

// rawSettings is the settings block as the host sends it.
type rawSettings struct {
	URL               string   `json:"url"`
	Autodiscover      bool     `json:"autodiscover"`
	AutodiscoverHosts []string `json:"autodiscover_hosts"`
	Username          string   `json:"username"`
	Password          string   `json:"password"`
	Auth              string   `json:"auth"`
	ChannelBinding    bool     `json:"channel_binding"`
	Access            string   `json:"access"`
	Connections       int      `json:"connections"`
	ProbeBatch        int      `json:"probe_batch"`
	CAFile            string   `json:"ca_file"`
}

// settings is the settings block, checked.
type settings struct {
	// url is nil where the server is to be found by autodiscover; hosts are then the
	// further ones that it may live at.
	url                *url.URL
	hosts              []string
	username, password string
	// auth is authBasic or authNTLM; bound: the latter is tied to the certificate.
	auth  string
	bound bool
	// connections bounds the requests in flight, probeBatch the mailboxes of one.
	connections, probeBatch int
	// access is accessFull or accessImpersonation.
	access string
	// roots are the only authorities trusted, nil for the machine's.
	roots *x509.CertPool
}

func parseSettings(data json.RawMessage) (settings, error) {
	raw := rawSettings{
		Auth: authBasic, ChannelBinding: true, Access: accessFull,
		Connections: ews.DefaultConnections, ProbeBatch: ewscalendar.DefaultProbeBatch,
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return settings{}, contract.Undecodable()
	}
	var refused refusals
	refused.checkChoices(raw)
	refused.checkIdentity(raw)
	set := settings{
		url: refused.endpoint(raw), hosts: refused.names(raw), username: raw.Username, password: raw.Password,
		auth: raw.Auth, bound: raw.ChannelBinding, access: raw.Access, connections: raw.Connections, probeBatch: raw.ProbeBatch,
		roots: refused.authorities(raw.CAFile),
	}
	if err := refused.Err(); err != nil {
		return settings{}, err
	}
	return set, nil
}

// refusals collects what is wrong with the settings.
type refusals struct{ contract.Refusals }

func (r *refusals) checkChoices(raw rawSettings) {
	if raw.Auth != authBasic && raw.Auth != authNTLM {
		r.Add("auth", fmt.Sprintf("unknown auth %q", raw.Auth), `Set auth = "basic" or auth = "ntlm".`)
	}
	if raw.Access != accessFull && raw.Access != accessImpersonation {
		r.Add("access", fmt.Sprintf("unknown access %q", raw.Access), `Set access = "full" or access = "impersonation".`)
	}
	if raw.Connections < 1 || raw.Connections > maxConnections {
		r.Add("connections", fmt.Sprintf("connections must be from 1 to %d", maxConnections),
			"Exchange grants an account 27 at a time unless a throttling policy says otherwise.")
	}
	if raw.ProbeBatch < 1 || raw.ProbeBatch > ewscalendar.MaxProbeBatch {
		r.Add("probe_batch", fmt.Sprintf("probe_batch must be from 1 to %d", ewscalendar.MaxProbeBatch),
			"Exchange is known to take requests on 255 mailboxes.")
	}
	if !raw.ChannelBinding && raw.Auth != authNTLM {
		r.Add("channel_binding", "channel_binding has no meaning here", `Remove it, or set auth = "ntlm".`)
	}
}

func (r *refusals) checkIdentity(raw rawSettings) {
	switch {
	case raw.Username == "":
		r.Add("username", "username is missing", `Set the master account's sign-in name: DOMAIN\user or user@domain.`)
	case raw.Auth == authBasic && strings.Contains(raw.Username, ":"):
		r.Add("username", "username must not contain a colon", "Basic authentication ends the name at the first colon (RFC 7617).")
	}
	if raw.Password == "" {
		r.Add("password", "password is missing", "Set the master account's password.")
	}
}

// endpoint reads the server's address. Without a path it is completed with the usual
// one.
func (r *refusals) endpoint(raw rawSettings) *url.URL {
	switch {
	case raw.URL == "" && raw.Autodiscover:
		return nil
	case raw.URL == "":
		r.Add("url", "url is missing", "Set the server's EWS address, usually https://SERVER/EWS/Exchange.asmx, or autodiscover = true.")
		return nil
	case raw.Autodiscover:
		r.Add("autodiscover", "url and autodiscover exclude each other", "Remove one of them.")
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

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// names are the hosts that autodiscover may go to.
func (r *refusals) names(raw rawSettings) []string {
	if len(raw.AutodiscoverHosts) > 0 && !raw.Autodiscover {
		r.Add("autodiscover_hosts", "autodiscover_hosts has no meaning here", "Remove it, or set autodiscover = true instead of url.")
	}
	for _, h := range raw.AutodiscoverHosts {
		if !hostName.MatchString(h) {
			r.Add("autodiscover_hosts", "autodiscover_hosts holds something that is no host name", `Write names as in "mail.example.org", without https:// and without a path.`)
		}
	}
	return raw.AutodiscoverHosts
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
