package exchangeonline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// published is a published message: a request, or an answer with the request that it
// belongs to.
type published struct {
	Kind, Method, URL, Request, Definition string
	Headers                                map[string]string
	Body                                   json.RawMessage
}

// line is the request that the message is, or belongs to: "POST /me/events".
func (p published) line() string {
	line := p.Method + " " + p.URL
	if p.Kind == "response" {
		line = p.Request
	}
	method, address, _ := strings.Cut(line, " ")
	for _, prefix := range []string{"https://graph.microsoft.com", "/v1.0", "/beta"} {
		address = strings.TrimPrefix(address, prefix)
	}
	return method + " " + address
}

// class is what a published message is to this plugin.
type class struct {
	name string
	// kind is "request" or "response"; line matches the request, file the file's name.
	kind       string
	line, file *regexp.Regexp
	check      func(t *testing.T, p published)
}

func lines(kind, name, pattern string, check func(*testing.T, published)) class {
	return class{name: name, kind: kind, line: regexp.MustCompile(`(?i)` + pattern), check: check}
}

func files(name, pattern string, check func(*testing.T, published)) class {
	return class{name: name, file: regexp.MustCompile(pattern), check: check}
}

// event, calendar and user paths as they are published.
const (
	oneEvent  = `/(me|users/[^/]+)(/calendar|/calendars/[^/]+)?/events/[^/?]+`
	allEvents = `/(me|users/[^/]+)(/calendar|/calendars/[^/]+)?/events`
	oneView   = `/(me|users/[^/]+)(/calendar|/calendars/[^/]+)?/calendarView`
)

// classes is tried in order. What the plugin sends is compared with what it would send
// for the same; what it reads is read; the rest is named with why it is nothing to it.
var classes = []class{
	files("a refused request", `^throttling__`, readsThrottling),
	files("the batch's requests", `^json-batching__json0[13]`, batchShape),
	files("the batch's answers", `^json-batching__json02`, readsBatch),
	files("not an event: a folder's licence and source", `^(LICENSE|SOURCE)$`, nil),
	files("recorded views, decoded by TestRecordedViews", `^calendar\d_calendar_view`, readsPage),
	files("recorded events", `^calendar\d_event\d`, readsEvent),
	files("recorded calendars and sign-in pages: not read", `^(calendar\d|calendars|calendars_one|discovery|me|openid)\.json$`, nil),
	files("notifications", `^webhooks.*__json\d`, readsNotifications),

	lines("request", "create", `^POST `+allEvents+`$`, createShape),
	lines("request", "update", `^PATCH `+oneEvent+`$`, patchShape),
	lines("request", "first page of a delta", `^GET `+oneView+`/delta\?startdatetime=`, deltaShape),
	lines("request", "later page of a delta", `^GET `+oneView+`/delta\?\$(skip|delta)token=`, linkShape),
	lines("request", "calendarView", `^GET `+oneView+`\?`, viewShape),
	lines("request", "instances", `^GET `+oneEvent+`/instances\?`, instancesShape),
	lines("request", "one event", `^GET `+oneEvent+`(\?\$select=.*)?$`, selectShape),
	lines("request", "search by a property", `^GET /me/events\?\$filter=singleValueExtendedProperties`, searchShape),
	lines("request", "the batch", `^POST /\$batch$`, nil),

	lines("request", "subscribe", `^POST /subscriptions$`, subscribeShape),
	lines("request", "renew", `^PATCH /subscriptions/`, renewShape),
	lines("request", "other requests to subscriptions: they end, or are listed", `^(GET|DELETE) /subscriptions`, nil),

	lines("response", "subscriptions", `^(POST|PATCH) /subscriptions|^GET /subscriptions/`, readsSubscription),
	lines("response", "lists of subscriptions: not read", `^GET /subscriptions$`, nil),
	lines("response", "created", `^POST `+allEvents+`$`, readsEvent),
	lines("response", "updated", `^PATCH `+oneEvent+`$`, readsEvent),
	lines("response", "one event", `^GET `+oneEvent+`(\?|$)`, readsEvent),
	lines("response", "pages", `^GET (`+oneView+`|`+oneView+`/delta|`+oneEvent+`/instances|`+allEvents+`)(\?|$)`, readsPage),
	lines("response", "deleted", `^DELETE `, isEmpty),

	lines("request", "lists of events: the plugin asks with a filter", `^GET `+allEvents+`(\?\$select=.*)?$`, nil),
	lines("", "actions of an attendee or organizer: they mail", `^POST `+oneEvent+`/(accept|decline|tentativelyAccept|cancel|forward|snoozeReminder|dismissReminder)`, neverSent),
	lines("", "attachments", oneEvent+`/attachments`, neverSent),
	lines("", "free and busy of many", `/getSchedule$`, neverSent),
	lines("", "calendars, groups and permissions", `/(me|users/[^/]+)/(calendars?|calendarGroups?)(/[^/?]+)?(/calendarPermissions.*|/calendars)?(\?.*)?$`, nil),
	lines("", "translation of ids: EWS's items are found by their marker", `/translateExchangeIds$`, neverSent),
	lines("", "mail, contacts and mailbox settings", `/(messages|mailFolders|contacts|contactFolders|mailboxSettings)`, neverSent),
	lines("", "zones: Windows names are known to every mailbox", `/outlook/supportedTimeZones`, neverSent),
}

// TestPublishedMessages walks all published and recorded messages: each is of a known
// class, and is what the class says.
func TestPublishedMessages(t *testing.T) {
	seen := map[string]int{}
	for _, folder := range []string{"docs", "ms365-calendar"} {
		paths, err := filepath.Glob(filepath.Join(oracles(t), "samples/graph", folder, "*"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no messages in %s: %v", folder, err)
		}
		for _, path := range paths {
			name := filepath.Base(path)
			t.Run(name, func(t *testing.T) {
				p := readPublished(t, path)
				c := classOf(name, p)
				if c == nil {
					t.Fatalf("not classified: %s %s", p.Kind, p.line())
				}
				seen[c.name]++
				if c.check != nil {
					c.check(t, p)
				}
			})
		}
	}
	for _, c := range classes {
		if seen[c.name] == 0 {
			t.Errorf("no message is of the class %q", c.name)
		}
	}
}

func readPublished(t *testing.T, path string) published {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) != ".json" {
		return published{}
	}
	var p published
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	if p.Kind == "" { // recorded messages are the body alone
		p.Body = data
	}
	return p
}

func classOf(name string, p published) *class {
	for i := range classes {
		c := &classes[i]
		byFile := c.file != nil && c.file.MatchString(name)
		byLine := c.line != nil && p.Kind != "" && (c.kind == "" || c.kind == p.Kind) && c.line.MatchString(p.line())
		if byFile || byLine {
			return c
		}
	}
	return nil
}
