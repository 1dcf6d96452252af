package exchangeonline

// cloud is one of Microsoft's separate clouds: tokens of one mean nothing in another.
type cloud struct{ login, graph, ews string }

// clouds are Microsoft's national clouds and their hosts ("National cloud deployments"
// in the Microsoft Graph documentation). GCC is a part of the global cloud.
var clouds = map[string]cloud{
	"global":   {"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://outlook.office365.com"},
	"gcc-high": {"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://outlook.office365.us"},
	"dod":      {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://webmail.apps.mil"},
	"china":    {"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://partner.outlook.cn"},
}

// The values of api.
const (
	apiGraph = "graph"
	apiEWS   = "ews"
)

const (
	// graphVersion is the version of Graph that is spoken.
	graphVersion = "/v1.0"
	// ewsPath is where Exchange serves EWS.
	ewsPath = "/EWS/Exchange.asmx"
)

// scope asks for whatever the administrator granted the application in an API.
func (c cloud) scope(api string) string {
	if api == apiEWS {
		return c.ews + "/.default"
	}
	return c.graph + "/.default"
}
