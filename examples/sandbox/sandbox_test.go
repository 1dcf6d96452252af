package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		args string
		bad  bool
	}{
		{"", false},
		{"--listen 127.0.0.1:18080 --tls --latency 5ms", false},
		{"--mailboxes 3 --items 2 --seed 7", false},
		{"--tour", false},
		{"--tour --demo", true},
		{"--tour --empty", true},
		{"--demo --tls", true},
		{"--empty --mailboxes 1", true},
		{"--mailboxes -1", true},
		{"--latency -1s", true},
		{"--items 3", true},
		{"--empty --seed 2", true},
		{"extra", true},
		{"--unknown", true},
	} {
		if _, err := parse(strings.Fields(c.args)); (err != nil) != c.bad {
			t.Errorf("parse(%q): %v, want an error: %t", c.args, err, c.bad)
		}
	}
}

// TestReady starts the sandbox in its forms and follows the line it prints.
func TestReady(t *testing.T) {
	for _, c := range []struct {
		args      string
		mailboxes int
	}{
		{"", len(people)},
		{"--empty", 0},
		{"--mailboxes 5 --items 3", 5},
	} {
		t.Run(c.args, func(t *testing.T) {
			o, err := parse(strings.Fields(c.args))
			if err != nil {
				t.Fatal(err)
			}
			sim, err := start(o)
			if err != nil {
				t.Fatal(err)
			}
			defer sim.Close()
			var out bytes.Buffer
			if err := announce(&out, sim); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(out.String(), "\n"); n != 1 {
				t.Errorf("%d lines, want one", n)
			}
			checkReady(t, out.Bytes(), c.mailboxes)
		})
	}
}

func checkReady(t *testing.T, line []byte, mailboxes int) {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields("ews_url graph_url token_url control_url tenant_id client_id client_secret ews_user ews_password") {
		if text, _ := r[field].(string); text == "" {
			t.Errorf("%s is missing", field)
		}
	}
	if got := len(r["mailboxes"].([]any)); got != mailboxes {
		t.Errorf("%d mailboxes, want %d", got, mailboxes)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, url := range []string{r["control_url"].(string) + "/mailboxes", r["page_url"].(string)} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", url, resp.Status)
		}
	}
}

// The sandbox and the repository's configuration must speak of the same trainers.
func TestPeopleAreThoseOfTheConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../gateway.hcl")
	if err != nil {
		t.Fatal(err)
	}
	var declared, seeded []string
	for _, m := range regexp.MustCompile(`(?m)^\s+email\s+= "(.*)"`).FindAllStringSubmatch(string(text), -1) {
		declared = append(declared, m[1])
	}
	for _, p := range people {
		seeded = append(seeded, p.address)
	}
	slices.Sort(declared)
	slices.Sort(seeded)
	if !slices.Equal(declared, seeded) {
		t.Errorf("gateway.hcl declares %v, the sandbox has %v", declared, seeded)
	}
	for _, secret := range []string{tenantID, clientID, clientSecret, ewsUser, ewsPassword} {
		if !strings.Contains(string(text), secret) {
			t.Errorf("gateway.hcl does not use %q", secret)
		}
	}
}

// The week is the next one whatever day it is, and every diary can be written in it.
func TestEveryDayOfTheWeek(t *testing.T) {
	for day := range 14 {
		now := time.Date(2027, 3, 20+day, 22, 30, 0, 0, time.UTC)
		monday := week(now)
		if monday.Weekday() != time.Monday || !monday.After(now) || monday.Sub(now) > 8*24*time.Hour {
			t.Errorf("on %s the week begins %s", now, monday)
		}
		w := world.New(world.Options{Now: func() time.Time { return now }})
		if err := settle(w); err != nil {
			t.Errorf("on %s: %v", now, err)
		}
		for _, p := range people {
			box, err := w.Mailbox(p.address)
			if err != nil {
				t.Fatal(err)
			}
			if len(box.View(now, now.AddDate(0, 2, 0), false)) == 0 {
				t.Errorf("on %s the calendar of %s is empty", now, p.address)
			}
		}
	}
}

// A week shows every kind of course, and trainers of both providers and of every
// direction.
func TestScheduleShowsEverything(t *testing.T) {
	s := newSchedule(time.Now())
	seen := map[string]bool{}
	for _, c := range s.Courses {
		seen[c.Kind], seen[c.Status], seen[c.Provider] = true, true, true
		seen["alias"] = seen["alias"] || c.Alias != ""
		seen["no venue"] = seen["no venue"] || c.Kind == "class" && c.Venue == nil
		seen["several trainers"] = seen["several trainers"] || len(c.Trainers) > 1
		seen["several days"] = seen["several days"] || c.Start[:10] != c.End[:10]
	}
	for _, want := range []string{
		"class", "webinar", "confirmed", "provisional", "cancelled", "northwind", "lakeside",
		"alias", "no venue", "several trainers", "several days",
	} {
		if !seen[want] {
			t.Errorf("no course shows %q", want)
		}
	}
	if len(s.Unavailability) < 2 {
		t.Error("no unavailability")
	}
	before := s.titles()
	s.change()
	after := s.titles()
	if slices.Equal(before["ida@lakeside.example"], after["ida@lakeside.example"]) {
		t.Error("the change moves nothing")
	}
}
