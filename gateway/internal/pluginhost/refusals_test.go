package pluginhost

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// auth-4: a refused password is not tried again by a gateway that is started again, and may be
// once it works (the 401 breaker outlives the process).
func TestRefusalOutlivesTheGateway(t *testing.T) {
	wrong := true
	w := &world{onCall: func(context.Context, *fakeAccount) (*sdk.Error, error) {
		if wrong {
			return nil, sdk.CodeCredentials.New("401").WithDetail("LockMeOut")
		}
		return nil, nil
	}}
	cfg := load(t, twoAccounts)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	kept := map[string]Refusal{}
	start := func() *Host {
		o := Options{
			Setup: Setup{Launch: w.launch, Accounts: specs(cfg), Eval: cfg.EvalContext}, Now: func() time.Time { return at },
			Refused: func(r Refusal) { kept[r.Fingerprint] = r }, Accepted: func(_, fingerprint string) { delete(kept, fingerprint) },
		}
		for _, r := range kept {
			o.Known = append(o.Known, r)
		}
		h := New(o)
		t.Cleanup(h.Close)
		return h
	}
	if err := readOne(t, start(), "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Fatal(err)
	}
	at = at.Add(time.Hour)
	second := start()
	if err := readOne(t, second, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("after a restart: %v", err)
	}
	if _, _, calls := w.count(); calls != 1 || len(kept) != 1 {
		t.Errorf("the credentials were tried %d times, kept are %v", calls, kept)
	}
	for _, r := range kept {
		if r.Account != "a/caldav" || r.Err.Detail != "LockMeOut" || !r.Since.Equal(at.Add(-time.Hour)) {
			t.Errorf("kept is %+v", r)
		}
	}
	wrong = false
	account, err := second.Verified(t.Context(), "a/caldav")
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Verify(t.Context(), nil, func(sdk.Check) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := readOne(t, start(), "a/caldav"); err != nil || len(kept) != 0 {
		t.Errorf("after a verify that passed: %v, kept are %v", err, kept)
	}
}

// Credentials that were changed are tried, and the refusal of the former ones goes once
// they work.
func TestChangedCredentialsAreTried(t *testing.T) {
	w, gone := &world{}, ""
	cfg := load(t, twoAccounts)
	h := New(Options{
		Setup: Setup{Launch: w.launch, Accounts: specs(cfg), Eval: cfg.EvalContext}, Accepted: func(account, _ string) { gone = account },
		Known: []Refusal{{Account: "a/caldav", Fingerprint: "of the former password", Err: sdk.ErrCredentials}},
	})
	t.Cleanup(h.Close)
	if err := readOne(t, h, "a/caldav"); err != nil || gone != "a/caldav" {
		t.Errorf("%v; the refusal went for %q", err, gone)
	}
}

// What is in a file of credentials counts, and not only its name.
func TestFingerprintCoversFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "certificate.pem")
	settings, err := json.Marshal(map[string]string{"certificate_file": path, "client_id": "1"})
	if err != nil {
		t.Fatal(err)
	}
	of := func(content string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return credentialsOf(Spec{Service: "x", MasterAccount: "m"}, settings)
	}
	first, second, again := of("one"), of("two"), of("one")
	if first == second || first != again {
		t.Errorf("fingerprints %s, %s, %s", first, second, again)
	}
	o := &opened{name: "a/x", spec: Spec{Service: "x", MasterAccount: "m"}, settings: settings, credentials: second}
	h := New(Options{Known: []Refusal{{Account: "a/x", Fingerprint: second, Err: sdk.ErrCredentials}}})
	if !h.renewed(o) {
		t.Error("a file that was replaced was not noticed")
	}
	if o.credentials = first; h.renewed(o) {
		t.Error("an account that was not refused is opened again")
	}
}
