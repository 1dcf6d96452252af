package graph

import (
	"slices"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
)

// links are the members of a page that lead on.
var links = []string{"@odata.nextLink", "@odata.deltaLink"}

// foreignHost is where the links of [faults.Foreign] lead.
const foreignHost = "https://graph.elsewhere.example/v1.0"

// bend changes a page of events as a fault's mode says. Other answers stay as they are.
func (r *request) bend(body any, mode faults.Mode) {
	page, ok := body.(map[string]any)
	if !ok {
		return
	}
	rows, ok := page["value"].([]any)
	if !ok {
		return
	}
	switch mode {
	case faults.Foreign:
		r.leadAway(page)
	case faults.Circle:
		delete(page, "@odata.deltaLink")
		page["@odata.nextLink"] = r.root + r.path + "?" + r.URL.RawQuery
	case faults.Repeat:
		page["value"] = append(rows, rows...) // an empty page stays one
	case faults.Shuffle:
		slices.Reverse(rows)
	case faults.Orphans:
		page["value"] = slices.DeleteFunc(rows, isMaster)
	}
}

// leadAway makes the page's links lead to another host.
func (r *request) leadAway(page map[string]any) {
	for _, name := range links {
		if link, there := page[name].(string); there {
			page[name] = foreignHost + strings.TrimPrefix(link, r.root)
		}
	}
}

func isMaster(row any) bool {
	e, ok := row.(map[string]any)
	return ok && e["type"] == "seriesMaster"
}
