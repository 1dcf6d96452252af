package exchangeonline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk/schema"
)

const (
	// defaultConcurrency is the stricter reading of Microsoft's pages, which name four
	// requests at once for each mailbox in one place and for each application in another.
	defaultConcurrency = 4
	maxConcurrency     = 64
	// defaultPerMailbox leaves room for another program with the same client_id, as far
	// as a mailbox takes requests at once at all.
	defaultPerMailbox = 3
	maxPerMailbox     = 4
)

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
				Name: "client_secret_expires", Type: schema.String, Tuning: true,
				Help: "The day on which client_secret ends, as 2027-01-31: the app registration shows it. verify and a metric tell of it 30 and 7 days ahead; a certificate's end is known without.",
			},
			{
				Name: "certificate_file", Type: schema.String, Tuning: true,
				Help: "Sign in with a certificate of the app registration: the absolute path of a PEM file with the certificate and its RSA key, or of a PFX file. It is read again for every token.",
			},
			{
				Name: "certificate_password", Type: schema.String, Sensitive: true,
				Help: "The password of certificate_file when it is a PFX file.",
			},
			{
				Name: "federated_token_file", Type: schema.String, Tuning: true,
				Help: "Sign in with a federated identity credential: the absolute path of the file that holds the token of the other identity provider. It is read again for every token.",
			},
			{
				Name: "cloud", Type: schema.String, Default: "global", Enum: []string{"global", "gcc-high", "dod", "china"},
				Help: "Which of Microsoft's clouds the tenant lives in; GCC belongs to global.",
			},
			{
				Name: "api", Type: schema.String, Default: apiGraph, Enum: []string{apiGraph, apiEWS},
				Help: "The API to speak. ews is for tenants that still allow Exchange Web Services, which Microsoft ends in Exchange Online on 1 April 2027; an account that changes to graph keeps its items.",
			},
			{
				Name: "graph_url", Type: schema.String,
				Help: "Overrides the cloud's Graph address, with or without /v1.0 at its end; for api = \"graph\".",
			},
			{
				Name: "login_url", Type: schema.String,
				Help: "Overrides the cloud's sign-in address, without the tenant.",
			},
			{
				Name: "ews_url", Type: schema.String,
				Help: "Overrides the cloud's EWS address; for api = \"ews\".",
			},
			{
				Name: "concurrency", Type: schema.Int, Tuning: true, Default: int64(defaultConcurrency),
				Help: "How many requests may be in flight at once for the account, from 1 to 64.",
			},
			{
				Name: "mailbox_concurrency", Type: schema.Int, Tuning: true, Default: int64(defaultPerMailbox),
				Help: "How many requests may be in flight at once for one mailbox, from 1 to 4. Exchange Online takes four of one application; lower it when other programs use the same client_id.",
			},
			{
				Name: "probe_outside", Type: schema.String, Tuning: true,
				Help: "The address of a mailbox that the application should not reach, such as the managing director's. verify tries to read it, and says how to limit the application when it can.",
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
	SecretExpires       string `json:"client_secret_expires"`
	CertificateFile     string `json:"certificate_file"`
	CertificatePassword string `json:"certificate_password"`
	FederatedTokenFile  string `json:"federated_token_file"`
	Cloud               string `json:"cloud"`
	API                 string `json:"api"`
	GraphURL            string `json:"graph_url"`
	LoginURL            string `json:"login_url"`
	EWSURL              string `json:"ews_url"`
	Concurrency         int    `json:"concurrency"`
	PerMailbox          int    `json:"mailbox_concurrency"`
	ProbeOutside        string `json:"probe_outside"`
}

// settings is the settings block, checked.
type settings struct {
	tenant string
	// proof is how the application signs in.
	proof proof
	// secretEnds is the day on which the operator says that the secret ends; zero
	// when that is not said.
	secretEnds time.Time
	// api is the one that is spoken.
	api string
	// graph is Graph's address with the version at its end, ews that of EWS.
	graph, ews *url.URL
	// concurrency is how many requests may be in flight, perMailbox how many of them
	// for one mailbox.
	concurrency, perMailbox int
	// scope asks for whatever the administrator granted the application.
	scope string
	// probeOutside is a mailbox that should be out of reach; empty for none.
	probeOutside string
}

// tenantForm keeps a tenant from leaving its place in the token endpoint's path.
var tenantForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

func parseSettings(data json.RawMessage) (settings, error) {
	raw := rawSettings{Cloud: "global", API: apiGraph, Concurrency: defaultConcurrency, PerMailbox: defaultPerMailbox}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return settings{}, contract.Undecodable()
	}
	var refused refusals
	refused.checkIdentity(raw)
	refused.checkProof(raw.proof())
	refused.between("concurrency", raw.Concurrency, maxConcurrency)
	refused.between("mailbox_concurrency", raw.PerMailbox, maxPerMailbox)
	refused.checkProbe(raw.ProbeOutside)
	set := refused.addresses(raw)
	set.secretEnds = refused.secretEnds(raw)
	if err := refused.Err(); err != nil {
		return settings{}, err
	}
	return set, nil
}

// refusals collects what is wrong with the settings.
type refusals struct{ contract.Refusals }

// between wants a number from 1 on.
func (r *refusals) between(attribute string, value, most int) {
	if value < 1 || value > most {
		r.Add(attribute, attribute+" is out of range", fmt.Sprintf("Set a number from 1 to %d, or leave it out.", most))
	}
}

func (r *refusals) checkProbe(address string) {
	if address == "" {
		return
	}
	if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
		r.Add("probe_outside", "probe_outside is not an email address", "Set the address of a mailbox that no trainer has, such as director@example.org, or leave it out.")
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
	set := settings{
		tenant: raw.TenantID, api: raw.API, concurrency: raw.Concurrency, perMailbox: raw.PerMailbox, probeOutside: raw.ProbeOutside,
	}
	if raw.API != apiGraph && raw.API != apiEWS {
		r.Add("api", fmt.Sprintf("unknown api %q", raw.API), `Set api = "graph", or api = "ews" where it is still allowed.`)
	}
	home, known := clouds[raw.Cloud]
	if !known {
		r.Add("cloud", fmt.Sprintf("unknown cloud %q", raw.Cloud), "Set global, gcc-high, dod or china.")
		return set
	}
	set.scope = home.scope(raw.API)
	set.graph = r.address("graph_url", raw.GraphURL, home.graph)
	if set.graph != nil && !strings.HasSuffix(set.graph.Path, graphVersion) {
		set.graph = set.graph.JoinPath(graphVersion)
	}
	set.ews = r.address("ews_url", raw.EWSURL, home.ews)
	if set.ews != nil && strings.Trim(set.ews.Path, "/") == "" {
		set.ews = set.ews.JoinPath(ewsPath)
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
