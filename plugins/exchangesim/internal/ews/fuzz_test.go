package ews

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// FuzzRequest feeds the server anything: it answers, with well-formed XML, and never
// breaks. The published requests are seeds where they can be found.
func FuzzRequest(f *testing.F) {
	r := &rig{version: "Exchange2013_SP1"}
	for _, body := range []string{
		folderRequest(calendarOf(ana)), viewRequest("2026-10-01T00:00:00", "2026-11-01T00:00:00Z", calendarOf(ana)),
		createRequest(`<t:Subject>s</t:Subject>`), syncRequest("x", 5, ownCalendar), availabilityRequest("Detailed", ana),
		getItemRequest(shape("AllProperties", markerField), `<t:ItemId Id="AAMk"/>`),
	} {
		f.Add([]byte(r.envelope(body)))
	}
	f.Add([]byte(r.envelope(strings.ReplaceAll(availabilityRequest("Detailed", ana), "<t:Month>10", "<t:Month>13"))))
	f.Add([]byte(`<!DOCTYPE s [<!ENTITY a "b">]><s/>`))
	f.Add([]byte(`<s:Envelope xmlns:s="` + nsSOAP + `"><s:Body/></s:Envelope>`))
	for _, file := range publishedMessages(f) {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := world.New(world.Options{})
		if _, err := w.AddMailbox(world.Profile{SMTP: ana}); err != nil {
			t.Fatal(err)
		}
		account := world.Account{User: ana, Default: world.Access{Full: true, Impersonate: true}}
		h := New(Options{World: w})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer := h.serve(req, caller{account: &account}, body)
		if answer.Status != http.StatusOK && answer.Status != http.StatusInternalServerError {
			t.Fatalf("HTTP %d", answer.Status)
		}
		if _, err := parseXML(answer.Body); err != nil {
			t.Fatalf("the answer is not XML: %v\n%s", err, answer.Body)
		}
	})
}

// publishedMessages are the published EWS messages, none without the oracles.
func publishedMessages(t testing.TB) []string {
	t.Helper()
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(root, "samples/ews/*/*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no published messages in %s: %v", root, err)
	}
	return files
}

// TestPublishedRequests: every published request of an operation this server has is
// understood, unless its publisher's own schema refuses it.
func TestPublishedRequests(t *testing.T) {
	files := publishedMessages(t)
	if files == nil {
		t.Skip("TRAINERCAL_ORACLES is not set: published requests are not read")
	}
	read := 0
	for _, file := range files {
		name := filepath.Base(file)
		operation, _, _ := strings.Cut(name, "__")
		if operations[operation] == nil {
			continue
		}
		read++
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		env, f := openEnvelope(body, BuildSE)
		if f != nil {
			t.Errorf("%s: %v", name, f)
			continue
		}
		if f := validate(env.operation); f != nil {
			t.Errorf("%s: %v", name, f)
		}
	}
	if read < 30 {
		t.Errorf("only %d requests were read", read)
	}
}

// FuzzIDs: whatever is read as an id, a change key or a sync state is written the
// same again, and nothing breaks.
func FuzzIDs(f *testing.F) {
	f.Add(itemID{mailbox: "m", folder: world.Calendar, ref: world.Ref{Item: 7, Occurrence: world.Date{Year: 2026, Month: 2, Day: 3}}}.String())
	f.Add(folderID{mailbox: "m", folder: "calendar"}.String())
	f.Add(syncState{mailbox: "m", base: world.Position{Epoch: 1, Sequence: 2}, seen: 3}.String())
	f.Add(changeKey(12))
	f.Add(strings.Replace(folderID{mailbox: "m", folder: "calendar"}.String(), "k", "k\n", 1))
	f.Fuzz(func(t *testing.T, s string) {
		if id, bad := parseItemID(s); bad == nil {
			if again, bad := parseItemID(id.String()); bad != nil || again != id {
				t.Errorf("item %+v is written as %+v", id, again)
			}
		}
		if id, bad := parseFolderID(s); bad == nil && id.String() != s {
			t.Errorf("folder %+v", id)
		}
		if state, bad := parseSyncState(s); bad == nil {
			if again, bad := parseSyncState(state.String()); bad != nil || again != state {
				t.Errorf("state %+v is written as %+v", state, again)
			}
		}
		if version, bad := parseChangeKey(s); bad == nil {
			if again, bad := parseChangeKey(changeKey(version)); bad != nil || again != version {
				t.Errorf("version %d is written as %d", version, again)
			}
		}
	})
}
