package ews

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// impersonating is the header of a caller who acts as somebody.
func impersonating(address string) string {
	return `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address + `</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
}

const ownCalendar = `<t:DistinguishedFolderId Id="calendar"/>`

func folderRequest(ids ...string) string {
	return `<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape><m:FolderIds>` + strings.Join(ids, "") + `</m:FolderIds></m:GetFolder>`
}

// TestCredentials come before everything else, and a refusal lists what is offered.
func TestCredentials(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct {
		name, user, password, bearer string
		want                         int
	}{
		{"none", "", "", "", 401},
		{"a wrong password", "svc@example.org", "nope", "", 401},
		{"an unknown user", "zoe@example.org", "pw", "", 401},
		{"the user's UPN", "SVC@example.org", "pw", "", 200},
		{"the domain form", `example\svc`, "pw", "", 200},
		{"a token", "", "", "good", 200},
		{"an old token", "", "", "old", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			message := r.envelope(folderRequest(calendarOf(ana)))
			if tt.bearer != "" {
				message = strings.Replace(message, "<s:Header>", "<s:Header>"+impersonating(ana), 1)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(message))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.bearer != "":
				req.Header.Set("Authorization", "Bearer "+tt.bearer)
			case tt.user != "":
				req.SetBasicAuth(tt.user, tt.password)
			}
			res, _ := r.do(req)
			if res.StatusCode != tt.want {
				t.Fatalf("HTTP %d, want %d", res.StatusCode, tt.want)
			}
			offered := res.Header.Values("WWW-Authenticate")
			if want := []string{"Negotiate", "NTLM", BasicScheme, BearerScheme}; tt.want == 401 && !slices.Equal(offered, want) {
				t.Errorf("offered %q, want %q", offered, want)
			}
		})
	}
}

// TestSchemeNotOffered: a server without Basic refuses a right password too.
func TestSchemeNotOffered(t *testing.T) {
	r := newRig(t)
	r.handler.opts.Schemes = []string{"Negotiate", "NTLM"}
	res, _ := r.post(r.envelope(folderRequest(calendarOf(ana))))
	if res.StatusCode != http.StatusUnauthorized || !slices.Equal(res.Header.Values("WWW-Authenticate"), []string{"Negotiate", "NTLM"}) {
		t.Errorf("HTTP %d, offered %q", res.StatusCode, res.Header.Values("WWW-Authenticate"))
	}
}

// TestWhere: the path is matched without regard to case, and only POST is an operation.
func TestWhere(t *testing.T) {
	r := newRig(t)
	base := strings.TrimSuffix(r.url, Path)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, "/ews/exchange.asmx", 200},
		{http.MethodPost, "/EWS/EXCHANGE.ASMX", 200},
		{http.MethodPost, "/EWS/Services.wsdl", 404},
		{http.MethodGet, Path, 405},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, base+tt.path, strings.NewReader(r.envelope(folderRequest(calendarOf(ana)))))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(r.user, "pw")
		req.Header.Set("client-request-id", "cri-1")
		req.Header.Set("return-client-request-id", "true")
		res, _ := r.do(req)
		if res.StatusCode != tt.want {
			t.Errorf("%s %s: HTTP %d, want %d", tt.method, tt.path, res.StatusCode, tt.want)
		}
		if res.Header.Get("request-id") == "" || res.Header.Get("client-request-id") != "cri-1" {
			t.Errorf("%s %s: no request id", tt.method, tt.path)
		}
	}
}

// TestFolderAccess: one request asks about several mailboxes, and each answers for itself.
func TestFolderAccess(t *testing.T) {
	both := folderRequest(calendarOf(ana), calendarOf("zoe@example.org"), calendarOf(bob))
	var messages oracle.EWS
	for _, tt := range []struct {
		name, user, headers, request string
		want                         []string
	}{
		{"full access", "svc@example.org", "", both, []string{"NoError", "ErrorNonExistentMailbox", "NoError"}},
		{"no rights", "stranger@example.org", "", folderRequest(calendarOf(ana)), []string{"ErrorFolderNotFound"}},
		{"no mailbox of its own", "svc@example.org", "", folderRequest(ownCalendar), []string{"ErrorMissingEmailAddress"}},
		{"its own mailbox", ana, "", folderRequest(ownCalendar, calendarOf(bob)), []string{"NoError", "ErrorFolderNotFound"}},
		{"impersonation", "svc@example.org", impersonating(ana), folderRequest(ownCalendar, calendarOf(ana), calendarOf(bob)), []string{"NoError", "NoError", "ErrorFolderNotFound"}},
		{"a delegate", "delegate@example.org", "", folderRequest(calendarOf(ana), strings.Replace(calendarOf(ana), "calendar", "root", 1)), []string{"NoError", "ErrorFolderNotFound"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.messages, r.user, r.headers = &messages, tt.user, tt.headers
			if diff := cmp.Diff(tt.want, codes(r.call(tt.request))); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
		})
	}
	messages.Check(t)
}

// TestImpersonationRefused: what is wrong with the header fails the whole request.
func TestImpersonationRefused(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct{ name, user, headers, want string }{
		{"no right to", "stranger@example.org", impersonating(ana), "ErrorImpersonateUserDenied"},
		{"nobody", "svc@example.org", impersonating("zoe@example.org"), "ErrorNonExistentMailbox"},
		{"two users", "svc@example.org", strings.Replace(impersonating(ana), "<t:PrimarySmtpAddress>", "<t:SmtpAddress>"+bob+"</t:SmtpAddress><t:PrimarySmtpAddress>", 1), "ErrorInvalidExchangeImpersonationHeaderData"},
	} {
		r.user, r.headers = tt.user, tt.headers
		if got := r.fault(folderRequest(ownCalendar)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestTokenMustImpersonate: an application has no mailbox of its own.
func TestTokenMustImpersonate(t *testing.T) {
	r := newRig(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(r.envelope(folderRequest(calendarOf(ana)))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer good")
	res, body := r.do(req)
	if res.StatusCode != 500 || faultCode(body) != "ErrorInvalidExchangeImpersonationHeaderData" {
		t.Errorf("HTTP %d %s", res.StatusCode, faultCode(body))
	}
}

// TestMailboxStates: a mailbox that cannot be used says why; where every further entry
// might meet the same, the rest of the batch is left untouched.
func TestMailboxStates(t *testing.T) {
	var judged oracle.EWS
	for _, tt := range []struct {
		state world.State
		want  []string
	}{
		{world.OK, []string{"NoError", "NoError"}},
		{world.NoPermission, []string{"ErrorAccessDenied", "ErrorBatchProcessingStopped"}},
		{world.Disabled, []string{"ErrorAccountDisabled", "ErrorBatchProcessingStopped"}},
		{world.Moving, []string{"ErrorMailboxMoveInProgress", "ErrorBatchProcessingStopped"}},
		{world.Moved, []string{"ErrorNonExistentMailbox", "NoError"}},
	} {
		t.Run(string(tt.state), func(t *testing.T) {
			r := newRig(t)
			r.messages = &judged
			r.ana.SetState(tt.state)
			messages := r.call(folderRequest(calendarOf(ana), calendarOf(bob)))
			if diff := cmp.Diff(tt.want, codes(messages)); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
			if messages[1].value("ResponseCode") == "ErrorBatchProcessingStopped" && messages[1].attr("ResponseClass") != "Warning" {
				t.Error("what was left untouched is a warning, not an error")
			}
		})
	}
	judged.Check(t)
}

// TestBatchStopsAtQuota: the item before the stopped ones is the culprit.
func TestBatchStopsAtQuota(t *testing.T) {
	r := newRig(t)
	r.ana.SetMaxItems(1)
	item := `<t:CalendarItem><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End></t:CalendarItem>`
	bad := strings.Replace(item, "10:00", "08:00", 1)
	request := strings.Replace(createRequest(""), "<t:CalendarItem></t:CalendarItem>", bad+item+item+item, 1)
	want := []string{"ErrorCalendarEndDateIsEarlierThanStartDate", "NoError", "ErrorQuotaExceeded", "ErrorBatchProcessingStopped"}
	if diff := cmp.Diff(want, codes(r.call(request))); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	r.messages.Check(t)
}

// TestDelegatesAndPrivateItems: without the right to see private items a delegate
// learns their time only, and may not change them (auth-2).
func TestDelegatesAndPrivateItems(t *testing.T) {
	r := newRig(t)
	private := world.Appointment{Subject: "Doctor", Location: "Clinic", Start: now, Sensitivity: world.Private, Body: world.Body{Content: "secret"}, Properties: map[world.Property]string{marker: "secret"}}
	it := r.add(private)
	r.user = "delegate@example.org"
	got := r.one(getItemRequest(shape("AllProperties", markerField), r.id(it))).path("Items", "CalendarItem")
	if got.value("Subject")+got.value("Location")+got.value("Body") != "" || got.first("ExtendedProperty") != nil {
		t.Errorf("the text of a private item is shown: %q", got.value("Subject"))
	}
	if got.value("Sensitivity") != "Private" || got.value("Start") != instant(now) {
		t.Error("the time of a private item is not shown")
	}
	rights := r.one(folderRequest(calendarOf(ana))).path("Folders", "CalendarFolder", "EffectiveRights")
	if rights.value("ViewPrivateItems") != "false" {
		t.Error("EffectiveRights promise sight of private items")
	}
	update := updateRequest(r.id(it), "AlwaysOverwrite", set("item:Subject", `<t:Subject>x</t:Subject>`))
	if got := codes(r.call(update)); got[0] != "ErrorAccessDenied" {
		t.Errorf("an update of a private item: %v", got)
	}
	found := r.one(findRequest("", `<m:Restriction><t:Exists>`+markerField+`</t:Exists></m:Restriction>`)).path("RootFolder", "Items")
	if len(found.elements()) != 0 {
		t.Error("a search tells what a private item holds")
	}
	rights = r.one(folderRequest(calendarOf(bob))).path("Folders", "CalendarFolder", "EffectiveRights")
	if rights.value("ViewPrivateItems") != "true" {
		t.Error("Bob lets the delegate see private items")
	}
	r.user = "svc@example.org"
	if got := r.getOne(r.id(it)); got.value("Subject") != "Doctor" {
		t.Error("full access sees all")
	}
}

// TestItemsOfOthers: without rights an item is not there, as if it did not exist.
func TestItemsOfOthers(t *testing.T) {
	r := newRig(t)
	it := r.add(world.Appointment{Subject: "s", Start: now})
	for _, tt := range []struct{ name, user, headers string }{
		{"no rights", "stranger@example.org", ""},
		{"acting as somebody else", "svc@example.org", impersonating(bob)},
	} {
		r.user, r.headers = tt.user, tt.headers
		if got := codes(r.call(getItemRequest(shape("IdOnly"), r.id(it)))); got[0] != "ErrorItemNotFound" {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestVersions: unknown versions are refused, old ones lack what came later, and none
// means the oldest.
func TestVersions(t *testing.T) {
	const zones = `<t:Start>2026-12-01T09:00:00</t:Start><t:End>2026-12-01T10:00:00</t:End>`
	const newer = zones + `<t:StartTimeZone Id="GMT Standard Time"/>`
	const older = zones + `<t:MeetingTimeZone TimeZoneName="GMT Standard Time"/>`
	var messages oracle.EWS
	for _, tt := range []struct{ version, item, want string }{
		{"Exchange2019", newer, "fault ErrorInvalidServerVersion"},
		{"V2017_07_11", newer, "NoError"},
		{"Exchange2016", newer, "NoError"},
		{"Exchange2010", newer, "NoError"},
		{"Exchange2007_SP1", newer, "ErrorInvalidPropertyRequest"},
		{"Exchange2007_SP1", older, "NoError"},
		{"", newer, "ErrorInvalidPropertyRequest"},
		{"", older, "NoError"},
		{"Exchange2013_SP1", strings.Replace(older, "<t:MeetingTimeZone", `<t:MeetingTimeZone Offset="x"`, 1), "NoError"},
	} {
		r := newRig(t)
		r.messages, r.version = &messages, tt.version
		res, body := r.post(r.envelope(createRequest(tt.item)))
		got := "fault " + faultCode(body)
		if res.StatusCode == http.StatusOK {
			got = codes(body.children[0].first("ResponseMessages").elements())[0]
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.version, got, tt.want)
		}
	}
	messages.Check(t)
}

// TestFaults: what the simulator is told to do wrong, in each of Exchange's ways.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rule   faults.Rule
		status int
		check  func(*http.Response, *element) bool
	}{
		{"throttled as a whole", faults.Rule{Mode: faults.Refuse, Status: 500, Code: "ErrorServerBusy", RetryAfter: "3"}, 500, func(_ *http.Response, b *element) bool {
			value := b.path("Fault", "detail", "MessageXml", "Value")
			return faultCode(b) == "ErrorServerBusy" && value.attr("Name") == "BackOffMilliseconds" && value.content() == "3000"
		}},
		{"throttled item by item", faults.Rule{Mode: faults.Refuse, Status: 200, Code: "ErrorServerBusy", RetryAfter: "3"}, 200, func(_ *http.Response, b *element) bool {
			messages := b.children[0].first("ResponseMessages").elements()
			return slices.Equal(codes(messages), []string{"ErrorServerBusy", "ErrorBatchProcessingStopped"}) &&
				messages[0].path("MessageXml").value("Value") == "3000"
		}},
		{"blocked by policy", faults.Rule{Mode: faults.Refuse, Status: 403, Code: "EWS is disabled for this user or tenant"}, 403, func(res *http.Response, b *element) bool {
			return b == nil && res.Header.Get("X-EWS-Policy-Reason") == "EWS is disabled for this user or tenant"
		}},
		{"a queue that is full", faults.Rule{Mode: faults.Refuse, Status: 503, RetryAfter: "7"}, 503, func(res *http.Response, b *element) bool {
			return b == nil && res.Header.Get("Retry-After") == "7"
		}},
		{"a sign-in page", faults.Rule{Mode: faults.HTML}, 200, func(res *http.Response, b *element) bool { return b == nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			tt.rule.Protocol, tt.rule.Kind, tt.rule.Times = "ews", "GetFolder", 1
			if _, err := r.faults.Add(tt.rule); err != nil {
				t.Fatal(err)
			}
			request := r.envelope(folderRequest(calendarOf(ana), calendarOf(ana)))
			res, body := r.post(request)
			if res.StatusCode != tt.status || !tt.check(res, body) {
				t.Errorf("HTTP %d, header %v", res.StatusCode, res.Header)
			}
			if res, _ := r.post(request); res.StatusCode != http.StatusOK {
				t.Error("the fault was to hit once")
			}
			want := []faults.Count{{Protocol: "ews", Kind: "GetFolder", Mailbox: ana, Requests: 2}}
			if diff := cmp.Diff(want, r.faults.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLostAnswer does what was asked and loses the answer, as a broken connection does.
func TestLostAnswer(t *testing.T) {
	r := newRig(t)
	if _, err := r.faults.Add(faults.Rule{Mode: faults.Lost, Kind: "CreateItem"}); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(r.envelope(createRequest(`<t:Subject>s</t:Subject>`))))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(r.user, "pw")
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close() //nolint:errcheck // the test has failed anyway
		t.Fatalf("HTTP %d, want a broken connection", res.StatusCode)
	}
	if items := r.ana.Items(world.Calendar); len(items) != 1 {
		t.Errorf("%d items, want the one whose answer was lost", len(items))
	}
}

// TestConcurrency refuses what an account asks for beyond its limit, and lets others in.
func TestConcurrency(t *testing.T) {
	r := newRig(t)
	r.handler.opts.Concurrency = 1
	svc, _ := r.world.Authenticate("svc@example.org", "pw")
	if !r.handler.enter(caller{account: &svc}) {
		t.Fatal("the first request is refused")
	}
	if code := r.fault(folderRequest(calendarOf(ana))); code != "ErrorExceededConnectionCount" {
		t.Errorf("a second request: %s", code)
	}
	r.user = ana
	r.one(folderRequest(ownCalendar))
	r.handler.leave(caller{account: &svc})
	r.user = "svc@example.org"
	r.one(folderRequest(calendarOf(ana)))
}
