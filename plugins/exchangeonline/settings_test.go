package exchangeonline

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/serve"
)

// asPlugin makes the test program the plugin.
const asPlugin = "EXCHANGEONLINE_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		serve.Main(New())
		return
	}
	hclog.SetDefault(hclog.NewNullLogger()) // notices of the end of EWS
	goleak.VerifyTestMain(m)
}

// block is a settings block that works, with changes; nil leaves a setting out.
func block(changes map[string]any) json.RawMessage {
	all := map[string]any{"tenant_id": "northwind.example", "client_id": "app", "client_secret": "hunter2"}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	data, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return data
}

// Addresses follow the cloud and the API, or what overrides them.
func TestSettings(t *testing.T) {
	type addresses struct{ Token, Graph, EWS, Scope string }
	tests := map[string]struct {
		changes map[string]any
		want    addresses
	}{
		"defaults": {nil, addresses{
			"https://login.microsoftonline.com/northwind.example/oauth2/v2.0/token", "https://graph.microsoft.com/v1.0",
			"https://outlook.office365.com/EWS/Exchange.asmx", "https://graph.microsoft.com/.default",
		}},
		"ews": {map[string]any{"api": "ews"}, addresses{
			"https://login.microsoftonline.com/northwind.example/oauth2/v2.0/token", "https://graph.microsoft.com/v1.0",
			"https://outlook.office365.com/EWS/Exchange.asmx", "https://outlook.office365.com/.default",
		}},
		"gcc-high": {map[string]any{"cloud": "gcc-high"}, addresses{
			"https://login.microsoftonline.us/northwind.example/oauth2/v2.0/token", "https://graph.microsoft.us/v1.0",
			"https://outlook.office365.us/EWS/Exchange.asmx", "https://graph.microsoft.us/.default",
		}},
		"dod": {map[string]any{"cloud": "dod"}, addresses{
			"https://login.microsoftonline.us/northwind.example/oauth2/v2.0/token", "https://dod-graph.microsoft.us/v1.0",
			"https://webmail.apps.mil/EWS/Exchange.asmx", "https://dod-graph.microsoft.us/.default",
		}},
		"china over ews": {map[string]any{"cloud": "china", "api": "ews"}, addresses{
			"https://login.chinacloudapi.cn/northwind.example/oauth2/v2.0/token", "https://microsoftgraph.chinacloudapi.cn/v1.0",
			"https://partner.outlook.cn/EWS/Exchange.asmx", "https://partner.outlook.cn/.default",
		}},
		"overridden": {map[string]any{
			"graph_url": "http://127.0.0.1:18080/graph/", "login_url": "http://127.0.0.1:18080/login", "ews_url": "http://127.0.0.1:18080/ews/Exchange.asmx",
		}, addresses{
			"http://127.0.0.1:18080/login/northwind.example/oauth2/v2.0/token", "http://127.0.0.1:18080/graph/v1.0",
			"http://127.0.0.1:18080/ews/Exchange.asmx", "https://graph.microsoft.com/.default",
		}},
		"with version": {map[string]any{"graph_url": "https://graph.microsoft.com/v1.0"}, addresses{
			"https://login.microsoftonline.com/northwind.example/oauth2/v2.0/token", "https://graph.microsoft.com/v1.0",
			"https://outlook.office365.com/EWS/Exchange.asmx", "https://graph.microsoft.com/.default",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set, err := parseSettings(block(test.changes))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, addresses{set.proof.tokenURL, set.graph.String(), set.ews.String(), set.scope}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every mistake is reported at its setting, all at once, without a secret's value.
func TestSettingsRefused(t *testing.T) {
	tests := map[string]struct {
		changes map[string]any
		want    []string
	}{
		"nothing set":   {map[string]any{"tenant_id": nil, "client_id": nil, "client_secret": nil}, []string{"client_id", "client_secret", "tenant_id"}},
		"for everybody": {map[string]any{"tenant_id": "Organizations"}, []string{"tenant_id"}},
		"not a tenant":  {map[string]any{"tenant_id": "../x"}, []string{"tenant_id"}},
		"unknown api":   {map[string]any{"api": "rest"}, []string{"api"}},
		"no address":    {map[string]any{"ews_url": "u", "api": "ews"}, []string{"ews_url"}},
		"a name":        {map[string]any{"probe_outside": "Ana <ana@northwind.example>"}, []string{"probe_outside"}},
		"no day":        {map[string]any{"client_secret_expires": "in spring"}, []string{"client_secret_expires"}},
		"unknown cloud": {map[string]any{"cloud": "nine"}, []string{"cloud"}},
		"plain http":    {map[string]any{"graph_url": "http://graph.example", "login_url": "http://login.example"}, []string{"graph_url", "login_url"}},
		"too eager":     {map[string]any{"concurrency": 1000}, []string{"concurrency"}},
		"none at once":  {map[string]any{"concurrency": 0}, []string{"concurrency"}},
		"over a limit":  {map[string]any{"mailbox_concurrency": 5}, []string{"mailbox_concurrency"}},
		"unknown name":  {map[string]any{"tenant": "x"}, []string{""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New().Open(t.Context(), sdk.OpenRequest{Settings: block(test.changes)})
			var refused *sdk.SettingsError
			if !errors.As(err, &refused) {
				t.Fatalf("err = %v, want a refusal", err)
			}
			var paths []string
			for _, d := range refused.Diagnostics {
				paths = append(paths, strings.Join(d.Path, "."))
				if strings.Contains(d.Summary+d.Detail, "hunter2") {
					t.Errorf("gives the secret away: %+v", d)
				}
			}
			slices.Sort(paths)
			if diff := cmp.Diff(test.want, paths); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The schema describes every setting that is read, and nothing else.
func TestSchemaMatchesSettings(t *testing.T) {
	read := map[string]any{}
	data, err := json.Marshal(rawSettings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, a := range settingsSchema().Attributes {
		described = append(described, a.Name)
		if a.Help == "" {
			t.Errorf("%s is not explained", a.Name)
		}
	}
	if diff := cmp.Diff(sortedKeys(read), described, sortStrings); diff != "" {
		t.Error(diff)
	}
}
