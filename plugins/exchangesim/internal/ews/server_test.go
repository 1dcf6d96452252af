package ews

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestVersionsOfServers: a server takes the versions of its time, reports itself, and
// tells newer requests so, upon which clients step down.
func TestVersionsOfServers(t *testing.T) {
	for _, tt := range []struct {
		server, asked, code string
		reports             string
	}{
		{"2010", "Exchange2010_SP2", "", `MajorVersion="14" MinorVersion="3"`},
		{"2010", "Exchange2013_SP1", "ErrorInvalidServerVersion", `MajorVersion="14"`},
		{"2013", "Exchange2013_SP1", "", `MajorVersion="15" MinorVersion="0" MajorBuildNumber="1497"`},
		{"2013", "Exchange2016", "ErrorInvalidServerVersion", `MinorVersion="0"`},
		{"2016", "Exchange2016", "", `MinorVersion="1"`},
		{"SE", "V2017_07_11", "", `MajorBuildNumber="2562"`},
		{"SE", "Exchange2030", "ErrorInvalidServerVersion", `MajorBuildNumber="2562"`},
	} {
		t.Run(tt.server+" "+tt.asked, func(t *testing.T) {
			r := newRig(t)
			build, err := BuildOf(tt.server)
			if err != nil {
				t.Fatal(err)
			}
			r.handler.opts.Build, r.version = build, tt.asked
			_, body := r.raw(r.envelope(folderRequest(calendarOf(ana))))
			if !strings.Contains(body, tt.reports) || tt.code == "" && !strings.Contains(body, "NoError") || !strings.Contains(body, tt.code) {
				t.Errorf("answered %s", body)
			}
		})
	}
	if _, err := BuildOf("2003"); err == nil {
		t.Error("an Exchange that there is none of")
	}
}

// raw posts a message and returns the answer as text.
func (r *rig) raw(message string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, strings.NewReader(message))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(r.user, "pw")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

// TestBudget: an account spends what it saved up and is then told how long to wait for
// what it lacks; the budgets of accounts are their own.
func TestBudget(t *testing.T) {
	clock := now
	b := budgets{
		policy: Throttling{Cost: time.Second, Burst: 3 * time.Second, Cutoff: 2 * time.Second, Recharge: time.Minute},
		now:    func() time.Time { return clock },
	}
	for i := range 6 {
		if wait := b.charge("a"); wait != 0 {
			t.Fatalf("request %d has to wait %s", i, wait)
		}
	}
	// Three seconds below zero, at a minute an hour.
	if wait := b.charge("a"); wait != 3*time.Minute {
		t.Errorf("has to wait %s, want 3m", wait)
	}
	if wait := b.charge("b"); wait != 0 {
		t.Errorf("another account has to wait %s", wait)
	}
	clock = clock.Add(3 * time.Minute)
	if wait := b.charge("a"); wait != 0 {
		t.Errorf("has to wait %s after the wait", wait)
	}
}

// TestNTLMChallenge: the first message of a handshake is answered by a challenge, where
// handshakes are offered. The rest of it is tested with its clients.
func TestNTLMChallenge(t *testing.T) {
	r := newRig(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw==")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing in it
	offered := res.Header.Values("WWW-Authenticate")
	if res.StatusCode != 401 || len(offered) != 1 || !strings.HasPrefix(offered[0], "NTLM TlRM") {
		t.Errorf("HTTP %d, %q; want a challenge alone", res.StatusCode, offered)
	}
	r.handler.opts.Schemes = []string{BasicScheme}
	res, err = http.DefaultClient.Do(req.Clone(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing in it
	if got := res.Header.Values("WWW-Authenticate"); len(got) != 1 || got[0] != BasicScheme {
		t.Errorf("%q; want what is offered", got)
	}
}
