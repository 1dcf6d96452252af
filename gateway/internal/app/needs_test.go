package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
)

// needsNoon is the moment of the overviews below.
var needsNoon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// wellOverview is a gateway of one trainer that needs nobody.
func wellOverview() Overview {
	return Overview{
		Now: needsNoon, Expected: true, Serving: &Serving{Engine: true},
		Accounts: []AccountStatus{{Name: "northwind/exchange-online", Verified: needsNoon, Checks: []sdk.Check{
			{Step: "expiry", Outcome: sdk.Passed, Ends: needsNoon.Add(credentialSoon)},
		}}},
		Mappings: []Mapping{{
			Trainer: platform.TrainerID{Provider: "northwind", Label: "ana"}, Account: "northwind/exchange-online", Health: InSync,
			Standing: store.Standing{Proven: needsNoon}, Watch: &Watch{Watched: true},
		}},
		Webhooks:    []WebhookStatus{{Name: "platform"}},
		Queue:       Queue{Waiting: 1, Since: needsNoon.Add(-queueLong)},
		Disk:        &Disk{Path: "/state/gateway.db", Disk: sqlite.Disk{Free: 2*roomSpare - 1, Size: roomSpare - 1, Writable: true}},
		Certificate: &Certificate{File: "tls.crt", Ends: needsNoon.Add(certificateSoon)},
	}
}

// TestNeeds: whatever needs an operator is told, once, and what does not is not.
func TestNeeds(t *testing.T) {
	t.Parallel()
	since := needsNoon.Add(-time.Hour)
	trainer := func(h Health) func(*Overview) { return func(o *Overview) { o.Mappings[0].Health = h } }
	unwatched := func(code sdk.Code) func(*Overview) {
		return func(o *Overview) {
			o.Mappings[0].Watch = &Watch{Code: string(code), Reason: "it says no", Since: since}
		}
	}
	for name, test := range map[string]struct {
		change func(*Overview)
		want   []NeedKind
		text   string
	}{
		"nothing":                  {func(*Overview) {}, nil, ""},
		"nobody serves":            {func(o *Overview) { o.Serving = nil }, []NeedKind{NeedServe}, "is not running"},
		"another has the state":    {func(o *Overview) { o.Serving, o.Busy = nil, true }, []NeedKind{NeedServe}, "another gateway process"},
		"nobody is to serve":       {func(o *Overview) { o.Serving, o.Expected = nil, false }, nil, ""},
		"no reload":                {func(o *Overview) { o.Outdated = true }, []NeedKind{NeedReload}, "another configuration"},
		"a full disk":              {func(o *Overview) { o.Disk.Free-- }, []NeedKind{NeedDisk}, "511 MiB are free"},
		"a read-only disk":         {func(o *Overview) { o.Disk.Writable = false }, []NeedKind{NeedDisk}, "cannot be written to"},
		"a disk that nobody knows": {func(o *Overview) { o.Disk = nil }, nil, ""},
		"failing":                  {func(o *Overview) { trainer(Failing)(o); o.Mappings[0].FailingCode = "access_denied" }, []NeedKind{NeedFailing}, "(access_denied): ana"},
		"stale":                    {trainer(Stale), []NeedKind{NeedStale}, "1 trainer of northwind/exchange-online not proven"},
		"never proven":             {trainer(Unknown), []NeedKind{NeedUnknown}, "never proven"},
		"paused":                   {func(o *Overview) { trainer(Paused)(o); o.Mappings[0].Held = 2 }, nil, ""},
		"a pilot":                  {trainer(Pilot), nil, ""},
		"held":                     {func(o *Overview) { trainer(Held)(o); o.Mappings[0].Held = 7 }, []NeedKind{NeedApproval}, "7 removals wait"},
		"held and failing":         {func(o *Overview) { trainer(Failing)(o); o.Mappings[0].Held = 7 }, []NeedKind{NeedFailing, NeedApproval}, ""},
		"an account": {func(o *Overview) {
			o.Accounts[0].Failing = &store.Failing{Code: "credentials_refused", Message: "refused"}
			trainer(Failing)(o)
		}, []NeedKind{NeedAccount}, "refused (credentials_refused)"},
		"an account's verification": {func(o *Overview) { o.Accounts[0].Checks = []sdk.Check{{Step: "api", Outcome: sdk.Failed}} }, []NeedKind{NeedVerification}, "did not pass"},
		"a mailbox's verification": {func(o *Overview) {
			o.Accounts[0].Mappings = []store.Verification{{Label: "ana", Checks: []sdk.Check{{Outcome: sdk.Failed}}}}
		}, []NeedKind{NeedVerification}, "1 trainer of northwind/exchange-online"},
		"credentials that end":         {func(o *Overview) { o.Now = o.Now.Add(1); o.Queue = Queue{}; o.Certificate = nil }, []NeedKind{NeedCredential}, "end on 2026-12-24, in 29 days"},
		"credentials that ended":       {func(o *Overview) { o.Accounts[0].Checks[0].Ends = needsNoon }, []NeedKind{NeedCredential}, "ended on 2026-11-24"},
		"a certificate that ends":      {func(o *Overview) { o.Certificate.Ends = o.Certificate.Ends.Add(-1) }, []NeedKind{NeedCertificate}, "ends on 2026-12-08, in 13 days"},
		"a certificate that is broken": {func(o *Overview) { o.Certificate.Problem = "no PEM" }, []NeedKind{NeedCertificate}, "cannot be used: no PEM"},
		"a queue":                      {func(o *Overview) { o.Queue.Since = o.Queue.Since.Add(-1) }, []NeedKind{NeedQueue}, "1 trainer due"},
		"a queue that nobody works on": {func(o *Overview) { o.Queue.Since, o.Serving.Engine = since, false }, nil, ""},
		"a webhook": {func(o *Overview) {
			o.Webhooks[0].Trouble = &store.WebhookTrouble{Reason: "it answered 503", Since: since}
		}, []NeedKind{NeedWebhook}, "takes no messages: it answered 503"},
		"a webhook that is disabled":  {func(o *Overview) { o.Webhooks[0].Trouble = &store.WebhookTrouble{Disabled: true} }, []NeedKind{NeedWebhook}, "is disabled"},
		"a watch":                     {unwatched(sdk.CodeAccessDenied), []NeedKind{NeedWatch}, "1 calendar of northwind/exchange-online not watched: it says no (access_denied)"},
		"a watch that mends itself":   {unwatched(sdk.CodeUnavailable), nil, ""},
		"a server that notifies none": {unwatched(sdk.CodeUnsupported), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := wellOverview()
			test.change(&o)
			needs := o.Needs()
			var kinds []NeedKind
			for _, n := range needs {
				kinds = append(kinds, n.Kind)
				if n.Text == "" || n.Advice == "" && n.Kind != NeedAccount {
					t.Errorf("%s lacks words: %+v", n.Kind, n)
				}
			}
			if diff := cmp.Diff(test.want, kinds); diff != "" {
				t.Fatal(diff)
			}
			if test.text != "" && !strings.Contains(needs[0].Text, test.text) {
				t.Errorf("%q lacks %q", needs[0].Text, test.text)
			}
		})
	}
}

// Ten thousand trainers with the same trouble are one need, on one line.
func TestManyTrainersAreOneNeed(t *testing.T) {
	t.Parallel()
	o := wellOverview()
	o.Mappings = nil
	for i := range 10000 {
		o.Mappings = append(o.Mappings, Mapping{
			Trainer: platform.TrainerID{Provider: "northwind", Label: fmt.Sprint("t", i)}, Account: "northwind/exchange-online",
			Health: Failing, Standing: store.Standing{FailingCode: "throttled", FailingSince: needsNoon.Add(-time.Duration(i) * time.Second)},
		})
	}
	needs := o.Needs()
	if len(needs) != 1 || len(needs[0].Trainers) != 10000 || !needs[0].Since.Equal(needsNoon.Add(-9999*time.Second)) {
		t.Fatalf("%d needs", len(needs))
	}
	want := "10000 trainers of northwind/exchange-online cannot be synchronised (throttled): t0, t1, t2 and 9997 more"
	if diff := cmp.Diff(want, needs[0].Text); diff != "" {
		t.Error(diff)
	}
}

// Who may see one provider is told what concerns it, and of the machine nothing (map-3).
func TestNeedsOfOneProvider(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{
		Providers: []config.Provider{{Name: "northwind"}, {Name: "lakeside"}},
		API:       config.API{Webhooks: []config.Webhook{{Name: "all"}, {Name: "lakeside", Providers: []string{"lakeside"}}}},
	}
	o := wellOverview()
	o.Accounts[0].Failing = &store.Failing{Message: "refused"}
	o.Mappings[0].Health = Stale
	o.Disk.Writable = false
	o.Webhooks = []WebhookStatus{
		{Name: "all", WebhookState: store.WebhookState{Trouble: &store.WebhookTrouble{}}},
		{Name: "lakeside", WebhookState: store.WebhookState{Trouble: &store.WebhookTrouble{}}},
	}
	for providers, want := range map[string]string{
		"northwind": "account", "lakeside": "webhook", "northwind lakeside": "disk account webhook webhook", "": "",
	} {
		var got []string
		for _, n := range o.Of(cfg, strings.Fields(providers)).Needs() {
			got = append(got, string(n.Kind))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q: %s", providers, diff)
		}
	}
}
