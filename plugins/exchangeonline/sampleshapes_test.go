package exchangeonline

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// object is a JSON object.
type object = map[string]any

func decoded(t *testing.T, v any) object {
	t.Helper()
	data, isRaw := v.(json.RawMessage)
	if !isRaw {
		var err error
		if data, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// form is a value's shape: the names and kinds of what is in it, without the texts.
func form(v any) any {
	switch v := v.(type) {
	case object:
		o := object{}
		for name, member := range v {
			o[name] = form(member)
		}
		return o
	case []any:
		if len(v) == 0 {
			return []any{}
		}
		return []any{form(v[0])}
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "yes or no"
	}
	return nil
}

// unwritten are members that the plugin never writes: they invite, mail, or belong to
// the trainer.
var unwritten = []string{
	"attendees", "recurrence", "isOnlineMeeting", "onlineMeetingProvider", "allowNewTimeProposals", "hideAttendees", "categories",
	"includeResourceData", "encryptionCertificate", "encryptionCertificateId",
	"locations", "responseRequested", "reminderMinutesBeforeStart", "originalStartTimeZone", "originalEndTimeZone", "responseStatus", "iCalUId",
}

// sameShape compares the members that both bodies have, by their form; what is to be the
// very same is compared by value, too.
func sameShape(t *testing.T, theirs, ours object, same ...string) {
	t.Helper()
	for name, member := range theirs {
		own, written := ours[name]
		if slices.Contains(unwritten, name) {
			if written {
				t.Errorf("%s is written", name)
			}
			continue
		}
		if !written {
			t.Errorf("%s is not written", name)
			continue
		}
		if diff := cmp.Diff(form(common(member, own)), form(common(own, member))); diff != "" {
			t.Errorf("%s: (-published +ours)\n%s", name, diff)
		}
		if diff := cmp.Diff(member, own); slices.Contains(same, name) && diff != "" {
			t.Errorf("%s: (-published +ours)\n%s", name, diff)
		}
	}
}

// common is a without the members of objects that b leaves out: a place has more than a
// name.
func common(a, b any) any {
	left, ok := a.(object)
	right, both := b.(object)
	if !ok || !both {
		return a
	}
	o := object{}
	for name, member := range left {
		if other, there := right[name]; there {
			o[name] = common(member, other)
		}
	}
	return o
}

// contentOf is the appointment of a published body.
func contentOf(t *testing.T, body json.RawMessage) calendar.Appointment {
	t.Helper()
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	a := calendar.Appointment{ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal}
	if e.Subject != nil {
		a.Subject = *e.Subject
	}
	if e.Body != nil {
		a.Body = e.Body.Content
	}
	if e.Location != nil {
		a.Location = e.Location.DisplayName
	}
	if e.Start == nil {
		return a
	}
	start, err := e.Start.instant()
	if err != nil {
		t.Fatal(err)
	}
	end, err := e.End.instant()
	if err != nil {
		t.Fatal(err)
	}
	zone, _ := winzone.ToIANA(e.Start.TimeZone)
	a.When = calendar.When{Start: start, End: end, TimeZone: zone}
	return a
}

func createShape(t *testing.T, p published) {
	op := sdk.Operation{Kind: sdk.Create, Marker: marker, Appointment: contentOf(t, p.Body)}
	ours := decoded(t, createBody(op, anaBox, false, transactionID(marker, 0)))
	sameShape(t, decoded(t, p.Body), ours, "subject", "start", "end")
}

func patchShape(t *testing.T, p published) {
	theirs := decoded(t, p.Body)
	for _, name := range []string{"start", "end"} { // the plugin writes whole seconds
		if z, ok := theirs[name].(object); ok {
			z["dateTime"] = strings.TrimSuffix(z["dateTime"].(string), ".0000000")
		}
	}
	a := calendar.Appointment{}
	if theirs["start"] != nil {
		a = contentOf(t, p.Body)
	}
	ours := decoded(t, updateBody(a, nil, marker, anaBox, false))
	sameShape(t, theirs, ours, "start", "end")
}

// parameters are the names of a request's query options, in lower case.
func parameters(t *testing.T, address string) []string {
	t.Helper()
	_, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range values {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	return names
}

// samePath compares the ends of two addresses' paths.
func samePath(t *testing.T, theirs, ours string) {
	t.Helper()
	end := regexp.MustCompile(`[^/]+(/delta)?$`)
	rest := func(address string) string {
		path, _, _ := strings.Cut(address, "?")
		return end.FindString(path)
	}
	if a, b := rest(theirs), rest(ours); a == "" || !strings.EqualFold(a, b) {
		t.Errorf("published %q, ours %q", a, b)
	}
}

var published2016 = calendar.Window{Start: time.Date(2016, 12, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2016, 12, 30, 0, 0, 0, 0, time.UTC)}

func address(p published) string {
	_, address, _ := strings.Cut(p.line(), " ")
	return address
}

func deltaShape(t *testing.T, p published) {
	ours := deltaPath(ana, published2016)
	samePath(t, address(p), ours)
	if diff := cmp.Diff(parameters(t, address(p)), parameters(t, ours)); diff != "" {
		t.Error(diff)
	}
	linkShape(t, p)
}

// linkShape: every page names the size of pages, as published, and is asked for by the
// link as it is.
func linkShape(t *testing.T, p published) {
	if name, _, _ := strings.Cut(p.Headers["Prefer"], "="); !strings.Contains(preferPages, name+"=") {
		t.Errorf("published with %q, ours with %q", p.Headers["Prefer"], preferPages)
	}
	s := &session{base: &url.URL{Scheme: "https", Host: "graph.microsoft.com", Path: graphVersion}}
	path, err := s.relative(p.URL)
	if err != nil || s.link(path) != p.URL {
		t.Errorf("the link %s is followed to %s, %v", p.URL, s.link(path), err)
	}
}

func viewShape(t *testing.T, p published) {
	ours := viewPath(ana, published2016)
	samePath(t, address(p), ours)
	for _, name := range parameters(t, address(p)) {
		if !slices.Contains(parameters(t, ours), name) {
			t.Errorf("%s is not sent", name)
		}
	}
}

func instancesShape(t *testing.T, p published) {
	h := hydration{req: sdk.ReadRequest{Mailbox: anaBox, Window: published2016}}
	ours := h.path("E")
	if !strings.Contains(ours, "/events/E/instances?") {
		t.Errorf("ours is %s", ours)
	}
	for _, name := range []string{"startdatetime", "enddatetime"} {
		if !slices.Contains(parameters(t, ours), name) || !slices.Contains(parameters(t, address(p)), name) {
			t.Errorf("%s is not sent", name)
		}
	}
}

func selectShape(t *testing.T, p published) {
	ours := eventPath(ana, "E") + invitedFields
	if len(parameters(t, address(p))) > 0 {
		if diff := cmp.Diff(parameters(t, address(p)), parameters(t, ours)); diff != "" {
			t.Error(diff)
		}
	}
}

// searchShape: the documentation's filter with our property is our filter. Its page has
// the rest of the address in what looks like a header.
func searchShape(t *testing.T, p published) {
	for begin, rest := range p.Headers {
		_, filter, _ := strings.Cut(begin+": "+rest, "$filter=")
		filter = strings.NewReplacer("{id_value}", "PROPERTY", "{property_value}", "VALUE").Replace(strings.TrimSuffix(filter, "'"))
		values, err := url.ParseQuery(strings.SplitN(markedPath(ana, "ep/value eq 'VALUE'"), "?", 2)[1])
		if err != nil {
			t.Fatal(err)
		}
		ours := regexp.MustCompile(`ep/id eq '[^']*'`).ReplaceAllString(values.Get("$filter"), "ep/id eq 'PROPERTY'")
		if diff := cmp.Diff(strings.TrimSuffix(filter, ")"), strings.TrimSuffix(ours, ")")); diff != "" {
			t.Error(diff)
		}
	}
}

func batchShape(t *testing.T, p published) {
	var theirs, ours struct{ Requests []object }
	if err := json.Unmarshal(p.Body, &theirs); err != nil {
		t.Fatal(err)
	}
	request := batchRequest{Requests: []batchPart{{
		ID: "1", Method: http.MethodPatch, URL: eventPath(ana, "E"), Headers: map[string]string{"Content-Type": "application/json"},
		Body: updateBody(course, nil, marker, anaBox, false), DependsOn: []string{"0"},
	}}}
	data, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &ours); err != nil {
		t.Fatal(err)
	}
	for _, part := range theirs.Requests {
		for name, member := range part {
			if own, there := ours.Requests[0][name]; !there || name != "body" && !sameKind(member, own) {
				t.Errorf("%s is %v, ours %v", name, form(member), form(own))
			}
		}
	}
}

// sameKind compares the outermost form.
func sameKind(a, b any) bool {
	_, bothObjects := a.(object)
	_, other := b.(object)
	_, list := a.([]any)
	_, otherList := b.([]any)
	_, text := a.(string)
	_, otherText := b.(string)
	return bothObjects == other && list == otherList && text == otherText
}

func readsBatch(t *testing.T, p published) {
	var body batchResponse
	if err := json.Unmarshal(p.Body, &body); err != nil {
		t.Fatal(err)
	}
	for i := range body.Responses { // ours are counted from 0
		body.Responses[i].ID = string("0123"[i])
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	answers, refused := readBatch(data, len(body.Responses))
	if refused != nil || len(answers) != 4 {
		t.Fatalf("%d answers, %v", len(answers), refused)
	}
	s := &session{tokens: newTokens(transport.New(transport.Options{}), settings{}, time.Now), now: time.Now}
	for id, a := range answers {
		got := s.partAnswer(&part{mailbox: ana}, a, "")
		if (got.err == nil) != (a.Status < 300) {
			t.Errorf("answer %s with status %d: %v", id, a.Status, got.err)
		}
	}
}

func readsThrottling(t *testing.T, p published) {
	r := readRefusal(http.StatusTooManyRequests, p.Body)
	header := http.Header{}
	for name, value := range p.Headers {
		header.Set(name, value)
	}
	wait, said := transport.RetryAfter(header, time.Now())
	if err := r.err(); err.Code != sdk.CodeThrottled || err.Detail != "TooManyRequests" || !said || wait != 2128*time.Millisecond {
		t.Errorf("err = %+v, wait %v", err, wait)
	}
}

func readsEvent(t *testing.T, p published) {
	if len(p.Body) == 0 {
		return // published without a body
	}
	_, err := readEvent(p.Body)
	if (err != nil) != withoutID[filepath.Base(t.Name())] {
		t.Errorf("read: %v", err)
	}
}

func readsPage(t *testing.T, p published) {
	if len(p.Body) == 0 {
		return
	}
	_, err := readPage(p.Body)
	if (err != nil) != withoutID[filepath.Base(t.Name())] {
		t.Errorf("read: %v", err)
	}
}

func isEmpty(t *testing.T, p published) {
	if len(p.Body) > 0 && string(p.Body) != "null" {
		t.Errorf("a body: %s", p.Body)
	}
}

func subscribeShape(t *testing.T, p published) {
	if len(p.Body) == 0 {
		return
	}
	ours := newSubscription{
		ChangeType: allChanges, URL: "https://x.example/n", LifecycleURL: "https://x.example/n", Resource: userPath(ana, "/events"),
		Expires: untilText(time.Now()), ClientState: "s", TLS: "v1_2",
	}
	sameShape(t, decoded(t, p.Body), decoded(t, ours))
}

func renewShape(t *testing.T, p published) {
	sameShape(t, decoded(t, p.Body), decoded(t, renewal{Expires: untilText(time.Now())}))
}

func readsSubscription(t *testing.T, p published) {
	if len(p.Body) == 0 {
		return
	}
	if _, err := readSubscription(p.Body, time.Time{}); (err != nil) != withoutID[filepath.Base(t.Name())] {
		t.Errorf("read: %v", err)
	}
}

func readsNotifications(t *testing.T, p published) {
	notes, err := readNotifications(p.Body)
	if err != nil || len(notes) == 0 || notes[0].Subscription == "" {
		t.Errorf("read: %+v, %v", notes, err)
	}
}

// neverSent: nothing in the plugin's own code names the request.
func neverSent(t *testing.T, p published) {
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	path, _, _ := strings.Cut(address(p), "?")
	last := path[strings.LastIndex(path, "/")+1:]
	if regexp.MustCompile(`^[A-Za-z]+$`).FindString(last) == "" {
		return
	}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), `/`+last+`"`) {
			t.Errorf("%s has a request to %s", file, last)
		}
	}
}
