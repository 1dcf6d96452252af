package sdktest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var textCases = []testCase{
	{"private text stays in the plugin", []Feature{Private}, privateText},
	{"own text crosses though it is private", []Feature{Private, Write}, ownPrivateText},
	{"no more detail than asked for", nil, lessDetail},
	{"long text is cut between characters", nil, longText},
}

const secret = "Biopsy results"

// leaks returns what of the secret is in the changes.
func leaks(changes []calendar.Change, items ...calendar.Item) bool {
	text := fmt.Sprint(items)
	for _, c := range changes {
		if c.Upsert != nil {
			text += fmt.Sprint(*c.Upsert)
		}
		if c.ReplaceSeries != nil {
			text += fmt.Sprint(*c.ReplaceSeries)
		}
	}
	return strings.Contains(text, secret)
}

// pull-3: a block of time, and not a word.
func privateText(t testing.TB, w *world) {
	m := w.mailbox(t)
	for i, s := range []calendar.Sensitivity{
		calendar.SensitivityPrivate, calendar.SensitivityPersonal, calendar.SensitivityConfidential,
	} {
		e := lunch()
		e.Subject, e.Body, e.Location, e.Sensitivity = secret, secret, secret, s
		e.When = hours(i, 0, 1)
		w.Add(t, m, e)
		r := readRequest(m)
		changes, c := w.read(t, r)
		read := state{}
		read.apply(t, changes, c)
		item := read.at(t, e.When)
		got, _ := w.get(t, sdk.GetRequest{Mailbox: m, IDs: []calendar.ItemID{item.ID}, Detail: sdk.DetailFull})
		if leaks(changes, got...) {
			t.Errorf("the text of a %s item left the plugin", s)
		}
		if !item.Sensitivity.Private() {
			t.Errorf("a %s item is reported as %s", s, item.Sensitivity)
		}
	}
}

func ownPrivateText(t testing.TB, w *world) {
	m := w.mailbox(t)
	a := course()
	a.Sensitivity = calendar.SensitivityPrivate
	r := w.wrote(t, m, w.create(a))
	if got := w.content(t, m, r.ItemID).Subject; got != a.Subject {
		t.Errorf("subject %q of our own private item, want %q", got, a.Subject)
	}
}

// pull-8.
func lessDetail(t testing.TB, w *world) {
	m := w.mailbox(t)
	e := lunch()
	e.Body = secret
	w.Add(t, m, e)
	for _, d := range []sdk.Detail{sdk.DetailSubject, sdk.DetailBusy} {
		r := readRequest(m)
		r.Detail = d
		s, _ := w.full(t, r)
		item := s.at(t, e.When)
		items, _ := w.get(t, sdk.GetRequest{Mailbox: m, IDs: []calendar.ItemID{item.ID}, Detail: d})
		items = append(items, item)
		for _, i := range items {
			if i.Body != "" || (d == sdk.DetailBusy && i.Subject != "") {
				t.Errorf("text beyond the detail %q left the plugin", d)
			}
		}
	}
}

func longText(t testing.TB, w *world) {
	m := w.mailbox(t)
	e := lunch()
	e.Subject = strings.Repeat("é", calendar.MaxSubjectBytes/2) // an even number of bytes
	e.Body = strings.Repeat("Привет, мир. ", 800)
	w.Add(t, m, e)
	r := readRequest(m)
	s, _ := w.full(t, r)
	w.whole(t, r, s)
	item := s.at(t, e.When)
	if len(item.Subject) > calendar.MaxSubjectBytes || len(item.Body) > calendar.MaxBodyBytes {
		t.Errorf("%d bytes of subject and %d of body, want at most %d and %d",
			len(item.Subject), len(item.Body), calendar.MaxSubjectBytes, calendar.MaxBodyBytes)
	}
	if strings.ContainsRune(item.Subject+item.Body, '\uFFFD') {
		t.Error("a character was split")
	}
	if !strings.HasPrefix(e.Body, strings.TrimSpace(item.Body)) || len(item.Body) < calendar.MaxBodyBytes/2 {
		t.Error("the body is not the beginning of the text")
	}
}
