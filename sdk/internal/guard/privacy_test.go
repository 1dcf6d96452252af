package guard

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	leakySubject  = "Biopsy results"
	leakyLocation = "Oncology, room 5"
	leakyBody     = "Bring the scans."
)

// leaky is an account that holds nothing back, for a mailbox with one item of every
// kind.
func leaky(items []calendar.Item) *scripted {
	changes := upserts(items...)
	series := make([]calendar.Item, len(items))
	for i, it := range items {
		it.ID += "-occurrence"
		series[i] = it
	}
	changes = append(changes, calendar.Change{ReplaceSeries: &calendar.Series{ID: "series", Items: series}})
	return &scripted{
		read: []sdk.ReadPage{{Mailbox: "a", Changes: changes}, {Mailbox: "a", Complete: done}},
		get:  []sdk.GetPage{{Mailbox: "a", Items: items, Done: true}},
	}
}

func leakyItem(id string, s calendar.Sensitivity) calendar.Item {
	i := item(id)
	i.Subject, i.Location, i.Body, i.Sensitivity = leakySubject, leakyLocation, leakyBody, s
	i.Incomplete = true
	return i
}

// reported runs Read and Get on the leaky account, and returns what came out by id.
func reported(t testing.TB, s *scripted, r sdk.ReadRequest) map[calendar.ItemID]calendar.Item {
	t.Helper()
	got := map[calendar.ItemID]calendar.Item{}
	account := Wrap(s)
	err := account.Read(t.Context(), []sdk.ReadRequest{r}, func(p sdk.ReadPage) error {
		for _, c := range p.Changes {
			if c.Upsert != nil {
				got[c.Upsert.ID] = *c.Upsert
			}
			if c.ReplaceSeries != nil {
				for _, i := range c.ReplaceSeries.Items {
					got[i.ID] = i
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// pull-1, pull-3, pull-8: what may leave of a trainer's own items, and of ours.
func TestTextThatLeaves(t *testing.T) {
	marked := leakyItem("marked", calendar.SensitivityPrivate)
	marked.Marker = &calendar.Marker{Installation: "i", Key: "k", Generation: "g"}
	items := []calendar.Item{
		leakyItem("normal", calendar.SensitivityNormal),
		leakyItem("private", calendar.SensitivityPrivate),
		leakyItem("personal", calendar.SensitivityPersonal),
		leakyItem("confidential", calendar.SensitivityConfidential),
		leakyItem("strange", "of-the-future"),
		leakyItem("unset", ""),
		leakyItem("ours", calendar.SensitivityPrivate),
		marked,
	}
	type texts struct{ subject, location, body string }
	all := texts{leakySubject, leakyLocation, leakyBody}
	for _, c := range []struct {
		detail sdk.Detail
		normal texts
	}{
		{sdk.DetailFull, texts{subject: leakySubject, body: leakyBody}},
		{sdk.DetailSubject, texts{subject: leakySubject}},
		{sdk.DetailBusy, texts{}},
	} {
		r := request("a")[0]
		r.Detail, r.Own = c.detail, []calendar.ItemID{"ours", "ours-occurrence"}
		want := map[string]texts{
			"normal": c.normal, "private": {}, "personal": {}, "confidential": {}, "strange": {}, "unset": {},
			"ours": all, "marked": all,
		}
		for id, got := range reported(t, leaky(items), r) {
			w := want[strings.TrimSuffix(string(id), "-occurrence")]
			if (texts{got.Subject, got.Location, got.Body}) != w {
				t.Errorf("detail %s: of %s left %q, %q, %q, want %+v", c.detail, id, got.Subject, got.Location, got.Body, w)
			}
			if w == (texts{}) && got.Incomplete {
				t.Errorf("detail %s: %s asks to be fetched whole, and nothing more may come", c.detail, id)
			}
		}
		account := Wrap(leaky(items))
		var ids []calendar.ItemID
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		err := account.Get(t.Context(), []sdk.GetRequest{{Mailbox: r.Mailbox, IDs: ids, Detail: c.detail, Own: r.Own}}, func(p sdk.GetPage) error {
			for _, got := range p.Items {
				if (texts{got.Subject, got.Location, got.Body}) != want[string(got.ID)] {
					t.Errorf("detail %s: Get let out more or less of %s", c.detail, got.ID)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Direction out: nothing of the trainer's own leaves, not even that it is there.
func TestScopeOwn(t *testing.T) {
	marked := item("marked")
	marked.Marker = &calendar.Marker{Installation: "i", Key: "k", Generation: "g"}
	s := leaky([]calendar.Item{item("theirs"), item("ours"), marked})
	s.read[0].Changes = append(s.read[0].Changes,
		calendar.Change{Remove: "theirs-gone"}, calendar.Change{Remove: "ours-gone"},
		calendar.Change{ReplaceSeries: &calendar.Series{ID: "their-series", Items: []calendar.Item{item("theirs-2")}}},
		calendar.Change{ReplaceSeries: &calendar.Series{ID: "our-series"}},
	)
	r := request("a")[0]
	r.Scope, r.Own = sdk.ScopeOwn, []calendar.ItemID{"ours", "ours-gone", "our-series"}
	var ids []string
	err := Wrap(s).Read(t.Context(), []sdk.ReadRequest{r}, func(p sdk.ReadPage) error {
		for _, c := range p.Changes {
			switch {
			case c.Upsert != nil:
				ids = append(ids, string(c.Upsert.ID))
			case c.ReplaceSeries != nil:
				ids = append(ids, string(c.ReplaceSeries.ID))
				for _, i := range c.ReplaceSeries.Items {
					ids = append(ids, string(i.ID))
				}
			default:
				ids = append(ids, string(c.Remove))
			}
		}
		return nil
	})
	want := "ours marked series marked-occurrence ours-gone our-series"
	if got := strings.Join(ids, " "); err != nil || got != want {
		t.Errorf("reported %s (%v), want %s", got, err, want)
	}
}

// No private text survives, whatever the item, the detail and the scope.
func TestPrivateTextNeverLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := leakyItem("x", calendar.Sensitivity(rapid.SampledFrom([]string{"", "private", "personal", "confidential", "Normal", "public"}).Draw(t, "sensitivity")))
		f := newFilter(nil,
			rapid.SampledFrom([]sdk.Detail{sdk.DetailFull, sdk.DetailSubject, sdk.DetailBusy}).Draw(t, "detail"),
			rapid.SampledFrom([]sdk.Scope{sdk.ScopeAll, sdk.ScopeOwn}).Draw(t, "scope"))
		got, _ := f.item(i)
		for _, text := range []string{leakySubject, leakyLocation, leakyBody} {
			if strings.Contains(fmt.Sprintf("%+v", got), text) {
				t.Fatalf("%q left the plugin", text)
			}
		}
	})
}

func TestTextsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := item("x")
		i.Subject, i.Body = rapid.StringN(0, 400, -1).Draw(t, "subject"), rapid.StringN(0, -1, 20<<10).Draw(t, "body")
		i.ShowAs = calendar.ShowAs(rapid.SampledFrom([]string{"busy", "", "asleep"}).Draw(t, "show as"))
		got := bounded(i)
		if len(got.Subject) > calendar.MaxSubjectBytes || len(got.Body) > calendar.MaxBodyBytes {
			t.Fatalf("%d and %d bytes", len(got.Subject), len(got.Body))
		}
		if !utf8.ValidString(got.Subject) || !strings.HasPrefix(i.Body, got.Body) {
			t.Fatal("cut in the middle of a character")
		}
		if got.ShowAs != calendar.ShowAsBusy && got.ShowAs != calendar.ShowAsUnknown {
			t.Fatalf("shown as %q", got.ShowAs)
		}
	})
}
