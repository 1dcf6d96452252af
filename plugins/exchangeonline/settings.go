package exchangeonline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk/schema"
)

// cloud is one of Microsoft's separate clouds: tokens of one mean nothing in another.
type cloud struct{ login, graph string }

// clouds are Microsoft's national clouds and their hosts ("National cloud
// deployments" in the Microsoft Graph documentation).
var clouds = map[string]cloud{
	"global":   {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
	"gcc-high": {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
	"dod":      {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
	"china":    {"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
}

// defaultConcurrency is the stricter reading of Microsoft's pages, which name four
// requests at once for each mailbox in one place and for each application in another.
const (
	defaultConcurrency = 4
	maxConcurrency     = 64
)

// graphVersion is the version of Graph that is spoken.
const graphVersion = "/v1.0"

func settingsSchema() schema.Schema {
	return schema.Schema{
		Attributes: []schema.Attribute{
			{
				Name: "tenant_id", Type: schema.String, Required: true,
				Help: "The directory (tenant) id of the app registration, or one of the tenant's domains.",
			},
			{
				Name: "client_id", Type: schema.String, Required: true,
				Help: "The application (client) id of the app registration.",
			},
			{
				Name: "client_secret", Type: schema.String, Sensitive: true,
				Help: "The value of a client secret of the app registration, not the secret's id.",
			},
			{
				Name: "certificate_file", Type: schema.String,
				Help: "Sign in with a certificate of the app registration: the absolute path of a PEM file with the certificate and its RSA key, or of a PFX file. It is read again for every token.",
			},
			{
				Name: "certificate_password", Type: schema.String, Sensitive: true,
				Help: "The password of certificate_file when it is a PFX file.",
			},
			{
				Name: "federated_token_file", Type: schema.String,
				Help: "Sign in with a federated identity credential: the absolute path of the file that holds the token of the other identity provider. It is read again for every token.",
			},
			{
				Name: "cloud", Type: schema.String, Default: "global", Enum: []string{"global", "gcc-high", "dod", "china"},
				Help: "Which of Microsoft's clouds the tenant lives in; GCC belongs to global.",
			},
			{
				Name: "api", Type: schema.String, Default: "graph", Enum: []string{"graph", "ews"},
				Help: "The API to speak. Only graph is supported yet.",
			},
			{
				Name: "graph_url", Type: schema.String,
				Help: "Overrides the cloud's Graph address, with or without /v1.0 at its end.",
			},
			{
				Name: "login_url", Type: schema.String,
				Help: "Overrides the cloud's sign-in address, without the tenant.",
			},
			{
				Name: "ews_url", Type: schema.String,
				Help: "Overrides the cloud's EWS address. Not supported yet.",
			},
			{
				Name: "concurrency", Type: schema.Int, Default: int64(defaultConcurrency),
				Help: "How many requests may be in flight at once for the account, from 1 to 64. No mailbox ever gets more than three.",
			},
		},
		ExactlyOneOf: [][]string{{"client_secret", "certificate_file", "federated_token_file"}},
	}
}

// rawSettings is the settings block as the host sends it.
type rawSettings struct {
	TenantID            string `json:"tenant_id"`
	ClientID            string `json:"client_id"`
	ClientSecret        string `json:"client_secret"`
	CertificateFile     string `json:"certificate_file"`
	CertificatePassword string `json:"certificate_password"`
	FederatedTokenFile  string `json:"federated_token_file"`
	Cloud               string `json:"cloud"`
	API                 string `json:"api"`
	GraphURL            string `json:"graph_url"`
	LoginURL            string `json:"login_url"`
	EWSURL              string `json:"ews_url"`
	Concurrency         int    `json:"concurrency"`
}

// settings is the settings block, checked.
type settings struct {
	tenant string
	// proof is how the application signs in.
	proof proof
	// graph is Graph's address with the version at its end.
	graph *url.URL
	// concurrency is how many requests may be in flight.
	concurrency int
	// scope asks for whatever the administrator granted the application.
	scope string
}

// tenantForm keeps a tenant from leaving its place in the token endpoint's path.
var tenantForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

func parseSettings(data json.RawMessage) (settings, error) {
	raw := rawSettings{Cloud: "global", API: "graph", Concurrency: defaultConcurrency}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return settings{}, contract.Undecodable()
	}
	var refused refusals
	refused.checkSupport(raw)
	refused.checkIdentity(raw)
	refused.checkProof(raw.proof())
	if raw.Concurrency < 1 || raw.Concurrency > maxConcurrency {
		refused.Add("concurrency", "concurrency is out of range", fmt.Sprintf("Set a number from 1 to %d, or leave it out.", maxConcurrency))
	}
	set := refused.addresses(raw)
	if err := refused.Err(); err != nil {
		return settings{}, err
	}
	return set, nil
}

// refusals collects what is wrong with the settings.
type refusals struct{ contract.Refusals }

func (r *refusals) checkSupport(raw rawSettings) {
	for _, later := range []struct{ name, value string }{
		{"ews_url", raw.EWSURL},
	} {
		if later.value != "" {
			r.Add(later.name, later.name+" is not supported yet", "Remove it; Exchange Online is reached over Graph.")
		}
	}
	switch raw.API {
	case "graph":
	case "ews":
		r.Add("api", `api = "ews" is not supported yet`, `Remove it, or set api = "graph".`)
	default:
		r.Add("api", fmt.Sprintf("unknown api %q", raw.API), `Set api = "graph".`)
	}
}

func (r *refusals) checkIdentity(raw rawSettings) {
	switch strings.ToLower(raw.TenantID) {
	case "":
		r.Add("tenant_id", "tenant_id is missing", "Set the directory (tenant) id of the app registration.")
	case "common", "organizations", "consumers":
		r.Add("tenant_id", "tenant_id must name one tenant",
			"Application credentials work in one tenant only: set its id or one of its domains.")
	default:
		if !tenantForm.MatchString(raw.TenantID) {
			r.Add("tenant_id", "tenant_id is neither an id nor a domain", "Copy the directory (tenant) id of the app registration.")
		}
	}
	if raw.ClientID == "" {
		r.Add("client_id", "client_id is missing", "Set the application (client) id of the app registration.")
	}
}

func (r *refusals) addresses(raw rawSettings) settings {
	set := settings{tenant: raw.TenantID, concurrency: raw.Concurrency}
	home, known := clouds[raw.Cloud]
	if !known {
		r.Add("cloud", fmt.Sprintf("unknown cloud %q", raw.Cloud), "Set global, gcc-high, dod or china.")
		return set
	}
	set.scope = home.graph + "/.default"
	set.graph = r.address("graph_url", raw.GraphURL, home.graph)
	if set.graph != nil && !strings.HasSuffix(set.graph.Path, graphVersion) {
		set.graph = set.graph.JoinPath(graphVersion)
	}
	if login := r.address("login_url", raw.LoginURL, home.login); login != nil {
		set.proof = raw.proof()
		set.proof.tokenURL = login.JoinPath(raw.TenantID, "oauth2/v2.0/token").String()
	}
	return set
}

// address reads an overriding address, or takes the cloud's.
func (r *refusals) address(attribute, override, standard string) *url.URL {
	raw := standard
	if override != "" {
		raw = strings.TrimRight(override, "/")
	}
	u, err := transport.CheckEndpoint(raw)
	if err != nil {
		r.Add(attribute, attribute+" cannot be used: "+err.Error(), "Set an https address, or leave it out.")
		return nil
	}
	return u
}
