package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// The folder of files passes the whole suite but for what files cannot do.
func TestFolderConformance(t *testing.T) {
	sdktest.Run(t, sdktest.Subject{
		New: world,
		Cannot: map[sdktest.Feature]string{
			sdktest.Recurrence: "a recurring event is refused, for it would need to be expanded",
			sdktest.Outbox:     "a file cannot mail anybody",
		},
	})
}

func open(settings map[string]string) sdk.OpenRequest {
	raw, err := json.Marshal(settings)
	if err != nil {
		panic(err) // a map of strings
	}
	return sdk.OpenRequest{Name: "suite/hello", Settings: raw}
}

func world(t testing.TB) sdktest.World {
	dir, made := t.TempDir(), 0
	next := func(form string) string { made++; return fmt.Sprintf(form, made) }
	file := func(m sdk.Mailbox, name string) string { return filepath.Join(dir, m.Address, name) }
	put := func(t testing.TB, m sdk.Mailbox, name string, e sdktest.Entry) {
		a := calendar.Appointment{Subject: e.Subject, Location: e.Location, Body: e.Body, When: e.When, ShowAs: e.ShowAs, Sensitivity: e.Sensitivity}
		if err := os.WriteFile(file(m, name), format(sdk.Operation{Appointment: a}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sdktest.World{
		Backend: backend{},
		Account: open(map[string]string{"folder": dir}),
		Refused: []sdktest.Refused{{Name: "no such folder", Account: open(map[string]string{"folder": dir + "/none"}), Path: []string{"folder"}}},
		Mailbox: func(t testing.TB, zone string) sdk.Mailbox {
			m := sdk.Mailbox{Address: next("trainer%d@hello.example"), TimeZone: zone}
			if err := os.Mkdir(file(m, ""), 0o700); err != nil {
				t.Fatal(err)
			}
			return m
		},
		Unknown: sdk.Mailbox{Address: "nobody@hello.example", TimeZone: "Europe/London"},
		Add: func(t testing.TB, m sdk.Mailbox, e sdktest.Entry) string {
			name := next("native%d.ics")
			put(t, m, name, e)
			return name
		},
		Change: put,
		Remove: func(t testing.TB, m sdk.Mailbox, name string) {
			if err := os.Remove(file(m, name)); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// What cannot be read fails the mailbox, and no name leads out of the folder.
func TestFilesThatCannotBeRead(t *testing.T) {
	const event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20270315T090000%s\r\nDTEND:20270315T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	for name, c := range map[string]struct {
		content string
		want    sdk.Code
	}{
		"good":      {fmt.Sprintf(event, "Z"), ""},
		"floating":  {fmt.Sprintf(event, ""), ""},
		"recurring": {fmt.Sprintf(event, "Z\r\nRRULE:FREQ=DAILY"), sdk.CodeBadAnswer},
		"a word":    {"hello", sdk.CodeBadAnswer},
		"no time":   {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", sdk.CodeBadAnswer},
	} {
		w := world(t)
		a, err := w.Backend.Open(t.Context(), w.Account)
		if err != nil {
			t.Fatal(err)
		}
		m := w.Mailbox(t, "Asia/Tokyo")
		if err := os.WriteFile(filepath.Join(a.(*account).root.Name(), m.Address, "x.ics"), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		items, failed := a.(*account).items(m)
		if (failed == nil) != (c.want == "") || (failed != nil && failed.Code != c.want) {
			t.Errorf("%s: %v, want %q", name, failed, c.want)
		}
		if name == "floating" && items[0].When.Start.Hour() != 0 {
			t.Errorf("floating 09:00 in Tokyo is read as %v, want 00:00 UTC", items[0].When.Start)
		}
		if _, failed := a.(*account).items(sdk.Mailbox{Address: "../" + filepath.Base(a.(*account).root.Name())}); failed == nil {
			t.Errorf("%s: a mailbox outside the folder is read", name)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzRead: whatever is in a file, reading it ends in an item or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Paris:20270315T090000\r\nDTEND:20270316\r\nCLASS:X\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	f.Add(format(sdk.Operation{}))
	f.Fuzz(func(t *testing.T, content []byte) {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		if err := root.WriteFile("x.ics", content, 0o600); err != nil {
			t.Fatal(err)
		}
		item, err := (&account{root: root}).read("x.ics", sdk.Mailbox{TimeZone: "Europe/London"})
		if err == nil && item.ID != "x.ics" {
			t.Errorf("an item of id %q", item.ID)
		}
	})
}
