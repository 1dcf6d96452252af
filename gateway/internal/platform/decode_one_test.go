package platform

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func oneOptions(t testing.TB) OneOptions {
	t.Helper()
	zone, err := LoadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return OneOptions{Provider: "northwind", Zone: zone}
}

const oneCourse = `{"id":"4711","name":"Go","kind":"class","status":"confirmed","start":"2026-07-01T09:00","end":"2026-07-01T17:00:00+02:00",` +
	`"timezone":"Europe/Paris","trainers":[{"id":"ana"}],"version":3}`

// TestDecodeCourse holds time-1: local time is in the course's zone, else the provider's.
func TestDecodeCourse(t *testing.T) {
	t.Parallel()
	c, err := DecodeCourse([]byte(oneCourse), oneOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	want := Course{
		Provider: "northwind", ID: "4711", Name: "Go", Kind: KindClass, Status: StatusConfirmed, TimeZone: "Europe/Paris",
		Start: time.Date(2026, 7, 1, 7, 0, 0, 0, time.UTC), End: time.Date(2026, 7, 1, 15, 0, 0, 0, time.UTC),
		Trainers: []CourseTrainer{{ID: "ana"}}, Version: "3",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

// TestDecodeOneMistakes: every field that is wrong is named, and no value is repeated.
func TestDecodeOneMistakes(t *testing.T) {
	t.Parallel()
	course := func(data []byte, o OneOptions) error { _, err := DecodeCourse(data, o); return err }
	unavailability := func(data []byte, o OneOptions) error { _, err := DecodeUnavailability(data, o); return err }
	deletion := func(data []byte, o OneOptions) error { _, err := DecodeDeletion(data, o); return err }
	for _, c := range []struct {
		name, text, id string
		decode         func([]byte, OneOptions) error
		want           []string
	}{
		{"A11 no trainers", strings.Replace(oneCourse, `"trainers":[{"id":"ana"}],`, "", 1), "", course, []string{"trainers"}},
		{"another id", oneCourse, "4712", course, []string{"id"}},
		{"no id", strings.Replace(oneCourse, `"id":"4711",`, "", 1), "", course, []string{"id"}},
		{"half", oneCourse[:len(oneCourse)-1], "", course, []string{""}},
		{"two", oneCourse + oneCourse, "", course, []string{""}},
		{"no object", `["secret"]`, "", course, []string{""}},
		{"no JSON", `secret`, "", course, []string{""}},
		{"no UTF-8", "{\"id\":\"\xff\"}", "", course, []string{""}},
		{"too long", `{"id":"` + strings.Repeat("x", MaxObjectBytes) + `"}`, "", course, []string{""}},
		{
			"values", `{"id":"1","name":"secret","kind":"secret","status":"secret","start":"secret","end":"secret","timezone":"secret","venue":{"name":1},` +
				`"trainers":[{"id":"secret"},{"id":"secret"}],"sessions":[{"id":"secret","start":"secret"}],"version":"secret","provider":"secret"}`, "", course,
			[]string{"provider", "timezone", "kind", "status", "venue.name", "version", "start", "end", "trainers[1].id", "sessions[0].start", "sessions[0].end"},
		},
		{"a trainer elsewhere", `{"id":"1","trainer":"contoso/ana","start":"2026-07-01T09:00","end":"2026-07-01T10:00"}`, "", unavailability, []string{"trainer"}},
		{
			"read-only fields", `{"id":"1","trainer":"ana","start":"2026-07-01T09:00","end":"2026-07-01T10:00","origin":"calendar","busy":true}`, "", unavailability,
			[]string{"origin", "busy"},
		},
		{"deletion", `{"version":"secret","x":1}`, "", deletion, []string{"id", "version", "x"}},
	} {
		o := oneOptions(t)
		o.ID = c.id
		err := c.decode([]byte(c.text), o)
		var all ImportErrors
		if !errors.As(err, &all) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var paths []string
		for _, e := range all {
			paths = append(paths, e.Path)
		}
		if diff := cmp.Diff(c.want, paths); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestDecodeOneByAddress: the address may say the id, also of an object that says it.
func TestDecodeOneByAddress(t *testing.T) {
	t.Parallel()
	o := oneOptions(t)
	o.ID = "17"
	for _, own := range []string{"", `"id":"17",`, `"id":17,`} {
		u, err := DecodeUnavailability([]byte(`{`+own+`"trainer":"ana","start":"2026-07-01","end":"2026-07-02","all_day":true}`), o)
		if err != nil || u.ID != "17" || u.Trainer != (TrainerID{"northwind", "ana"}) || !u.When.AllDay {
			t.Errorf("%s: %+v, %v", own, u, err)
		}
	}
}

// FuzzDecodeOne: no bytes make decoding panic, and what is taken is whole.
func FuzzDecodeOne(f *testing.F) {
	f.Add([]byte(oneCourse))
	f.Add([]byte(`{"id":1,"trainer":"northwind/ana","start":"2026-07-01","end":"2026-07-02","all_day":true}`))
	f.Add([]byte(`{"id":"1","version":"2026-11-23T09:00:00Z"}`))
	f.Add([]byte(`{"id":"1"`))
	o := oneOptions(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := DecodeCourse(data, o); err == nil {
			if c.ID == "" || c.Provider != o.Provider || c.Trainers == nil || !c.Start.Before(c.End) || c.TimeZone == "" {
				t.Errorf("half a course: %+v", c)
			}
		}
		if u, err := DecodeUnavailability(data, o); err == nil {
			if u.ID == "" || u.Trainer.Provider != o.Provider || u.Trainer.Label == "" || u.Origin != OriginPlatform {
				t.Errorf("half an unavailability: %+v", u)
			}
		}
		if d, err := DecodeDeletion(data, o); err == nil && d.ID == "" {
			t.Error("a deletion of nothing")
		}
	})
}
