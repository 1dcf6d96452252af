package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk/calendar"
)

func options(t testing.TB) ImportOptions {
	t.Helper()
	o := ImportOptions{Providers: map[string]*time.Location{}}
	for name, zone := range map[string]string{"northwind": "Europe/London", "contoso": "Europe/Paris"} {
		loc, err := LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		o.Providers[name] = loc
	}
	return o
}

func utc(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
}

const wholeJSON = `{
  "provider": "northwind",
  "courses": [
    {"id": 4711, "name": "Forklift", "alias": "FB1", "kind": "class", "status": "confirmed",
     "start": "2026-11-23T09:00", "end": "2026-11-27T17:00:00+01:00", "timezone": "Europe/Paris",
     "trainers": [{"id": "ana", "role": "lead", "webinar": {"url": "https://meet.example/1", "meeting_id": 12, "passcode": "p", "dial_in": "+44", "notes": "n"}},
                  {"id": "northwind/ben"}],
     "sessions": [{"id": "s1", "start": "2026-11-23T09:00", "end": "2026-11-23T17:00"}],
     "venue": {"name": "Centre", "address": "1 High St", "phone": "1", "email": "e@x.example"},
     "details_url": "https://platform.example/4711", "cost": 12.50, "cost_type": "each", "advertise": true, "sessional": false,
     "tax_exempt": true, "waiting_list": 0, "places": 12, "external_id": "x", "delivery_method": "room",
     "exclusive_accounts": ["a"], "delegate_webinar": {"url": "https://meet.example/2"}, "version": 7},
    {"id": "w", "provider": "contoso", "name": "Excel", "kind": "webinar", "status": "cancelled",
     "start": "2026-07-01 09:00", "end": "2026-07-01 10:00", "trainers": [], "venue": null}
  ],
  "unavailability": [
    {"id": "u1", "trainer": "ana", "description": "Leave", "start": "2026-12-24", "end": "2026-12-27", "all_day": true},
    {"id": "u2", "trainer": "contoso/zoe", "start": "2026-12-01T10:00", "end": "2026-12-01T11:00", "version": "2026-11-01T10:00:00Z"}
  ]
}`

func wholeImport() Import {
	return Import{
		Courses: []Course{
			{
				Provider: "northwind", ID: "4711", Name: "Forklift", Alias: "FB1", Kind: KindClass, Status: StatusConfirmed,
				Start: utc(2026, 11, 23, 8, 0), End: utc(2026, 11, 27, 16, 0), TimeZone: "Europe/Paris",
				Trainers: []CourseTrainer{
					{ID: "ana", Role: "lead", Webinar: &Webinar{URL: "https://meet.example/1", MeetingID: "12", Passcode: "p", DialIn: "+44", Notes: "n"}},
					{ID: "ben"},
				},
				Sessions: []Session{{
					ID: "s1", Start: utc(2026, 11, 23, 8, 0), End: utc(2026, 11, 23, 16, 0),
					Wall: &Wall{Start: utc(2026, 11, 23, 9, 0), End: utc(2026, 11, 23, 17, 0)},
				}},
				Venue:   &Venue{Name: "Centre", Address: "1 High St", Phone: "1", Email: "e@x.example"},
				Details: "https://platform.example/4711", Cost: "12.50", CostType: "each", Advertise: true, TaxExempt: true,
				WaitingList: ptr(0), Places: ptr(12), ExternalID: "x", DeliveryMethod: "room",
				ExclusiveAccounts: []string{"a"}, DelegateWebinar: &Webinar{URL: "https://meet.example/2"}, Version: "7",
			},
			{
				Provider: "contoso", ID: "w", Name: "Excel", Kind: KindWebinar, Status: StatusCancelled,
				Start: utc(2026, 7, 1, 7, 0), End: utc(2026, 7, 1, 8, 0), TimeZone: "Europe/Paris", Trainers: []CourseTrainer{},
				Wall: &Wall{Start: utc(2026, 7, 1, 9, 0), End: utc(2026, 7, 1, 10, 0)},
			},
		},
		Unavailability: []Unavailability{
			{
				ID: "u1", Trainer: TrainerID{"northwind", "ana"}, Description: "Leave", Origin: OriginPlatform,
				When: calendar.When{
					AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 24},
					EndDay: calendar.Date{Year: 2026, Month: 12, Day: 27}, TimeZone: "Europe/London",
				},
			},
			{
				ID: "u2", Trainer: TrainerID{"contoso", "zoe"}, Origin: OriginPlatform, Version: "2026-11-01T10:00:00Z",
				When: calendar.When{Start: utc(2026, 12, 1, 9, 0), End: utc(2026, 12, 1, 10, 0), TimeZone: "Europe/Paris"},
				Wall: &Wall{Start: utc(2026, 12, 1, 10, 0), End: utc(2026, 12, 1, 11, 0)},
			},
		},
		CoursesOf: []string{"contoso", "northwind"}, UnavailabilityOf: []string{"contoso", "northwind"},
	}
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	got, err := Decode([]File{{"all.json", []byte(wholeJSON)}}, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wholeImport(), got); diff != "" {
		t.Error(diff)
	}
}

// TestAbsenceIsNotEmpty: a file without a list says nothing about it; an empty list
// says that there is nothing.
func TestAbsenceIsNotEmpty(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Import{
		`{"provider": "northwind"}`:                {},
		`{"provider": "northwind", "courses": []}`: {CoursesOf: []string{"northwind"}},
		`{"courses": []}`:                          {},
	} {
		got, err := Decode([]File{{"x.json", []byte(text)}}, options(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(s []string) []string {
			if len(s) == 0 {
				return nil
			}
			return s
		})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestDecodeCSV(t *testing.T) {
	t.Parallel()
	courses := "\ufeffprovider,id,name,kind,status,start,end,timezone,trainers,venue_name,webinar_url,places,advertise,exclusive_accounts\n" +
		"northwind,1,\"Forklift, basic\",class,confirmed,2026-11-23 09:00,2026-11-23 17:00,Europe/Paris,ana; ben,Centre,,8,yes,a;b\n" +
		"northwind,2,Excel,webinar,provisional,2026-11-24 09:00,2026-11-24 10:00,,ana,,https://meet.example/1,,,\n" +
		"contoso,3,Alone,class,confirmed,2026-11-24T09:00:00Z,2026-11-24T10:00:00Z,,,,,,no,\n"
	blocks := "id,trainer,description,start,end,all_day\n7,northwind/ana,Leave,2026-12-24,2026-12-25,true\n"
	want := Import{
		Courses: []Course{
			{
				Provider: "northwind", ID: "1", Name: "Forklift, basic", Kind: KindClass, Status: StatusConfirmed,
				Start: utc(2026, 11, 23, 8, 0), End: utc(2026, 11, 23, 16, 0), TimeZone: "Europe/Paris",
				Wall:     &Wall{Start: utc(2026, 11, 23, 9, 0), End: utc(2026, 11, 23, 17, 0)},
				Trainers: []CourseTrainer{{ID: "ana"}, {ID: "ben"}}, Venue: &Venue{Name: "Centre"}, Places: ptr(8), Advertise: true,
				ExclusiveAccounts: []string{"a", "b"},
			},
			{
				Provider: "northwind", ID: "2", Name: "Excel", Kind: KindWebinar, Status: StatusProvisional,
				Start: utc(2026, 11, 24, 9, 0), End: utc(2026, 11, 24, 10, 0), TimeZone: "Europe/London",
				Wall:     &Wall{Start: utc(2026, 11, 24, 9, 0), End: utc(2026, 11, 24, 10, 0)},
				Trainers: []CourseTrainer{{ID: "ana", Webinar: &Webinar{URL: "https://meet.example/1"}}},
			},
			{
				Provider: "contoso", ID: "3", Name: "Alone", Kind: KindClass, Status: StatusConfirmed,
				Start: utc(2026, 11, 24, 9, 0), End: utc(2026, 11, 24, 10, 0), TimeZone: "Europe/Paris", Trainers: []CourseTrainer{},
			},
		},
		Unavailability: []Unavailability{{
			ID: "7", Trainer: TrainerID{"northwind", "ana"}, Description: "Leave", Origin: OriginPlatform,
			When: calendar.When{
				AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 24},
				EndDay: calendar.Date{Year: 2026, Month: 12, Day: 25}, TimeZone: "Europe/London",
			},
		}},
		CoursesOf: []string{"contoso", "northwind"}, UnavailabilityOf: []string{"northwind"},
	}
	got, err := Decode([]File{{"courses.csv", []byte(courses)}, {"blocks.CSV", []byte(blocks)}}, options(t))
	if err != nil {
		t.Fatal(err)
	}
	got.Columns = nil // see TestTableColumns
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// course is a good course as JSON, with a field replaced or added.
func course(change string) string {
	fields := map[string]string{
		"id": `"1"`, "name": `"X"`, "kind": `"class"`, "status": `"confirmed"`,
		"start": `"2026-11-23T09:00"`, "end": `"2026-11-23T10:00"`, "trainers": `[]`,
	}
	if name, value, ok := strings.Cut(change, "="); ok {
		fields[name] = value
	} else {
		delete(fields, change)
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, `"`+name+`": `+value)
	}
	return `{"provider": "northwind", "courses": [{` + strings.Join(parts, ", ") + `}]}`
}

func TestDecodeRefusesCourses(t *testing.T) {
	t.Parallel()
	tests := []struct{ change, path, message string }{
		{"trainers", "courses[0].trainers", "is missing; a course without trainers has an empty list"}, // A11
		{"trainers=null", "courses[0].trainers", "is missing; a course without trainers has an empty list"},
		{`trainers="ana"`, "courses[0].trainers", "want a list"},
		{`trainers=["ana"]`, "courses[0].trainers[0]", "want an object"},
		{`trainers=[{"id": "contoso/zoe"}]`, "courses[0].trainers[0].id", "the trainer is of another provider than northwind"},
		{`trainers=[{"id": "ana"}, {"id": "northwind/ana"}]`, "courses[0].trainers[1].id", `trainer "ana" is on the course twice`},
		{`trainers=[{"id": "ana", "rôle": "x"}]`, "courses[0].trainers[0].rôle", `unknown field. Did you mean "role"?`},
		{"id", "courses[0].id", "is missing"},
		{`id="a b"`, "courses[0].id", "an id has no white space"},
		{`id=true`, "courses[0].id", "want text"},
		{`name=""`, "courses[0].name", "is missing"},
		{`name="a\u0000b"`, "courses[0].name", "has control characters"},
		{`venu={}`, "courses[0].venu", `unknown field. Did you mean "venue"?`},
		{`kind="clas"`, "courses[0].kind", `"clas" is not known. Did you mean "class"? Want one of class, webinar.`},
		{`start="tomorrow"`, "courses[0].start", `"tomorrow" is not a time: want 2026-11-23T09:00 in the zone, or with an offset 2026-11-23T09:00:00+01:00`},
		{`start="0001-01-01T00:00:00Z"`, "courses[0].start", "the year 1 is not between 1990 and 2200"},
		{`start="2026-11-23T11:00"`, "courses[0].end", "it is not after the start"},
		{`timezone="Europe/Lodnon"`, "courses[0].timezone", `time zone "Europe/Lodnon" is not known: want an IANA name such as "Europe/London"`},
		{`timezone="Local"`, "courses[0].timezone", `time zone "Local": want an IANA name such as "Europe/London"`},
		{`provider="nortwind"`, "courses[0].provider", `provider "nortwind" is not in the configuration. Did you mean "northwind"?`},
		{`places=-1`, "courses[0].places", "want a whole number"},
		{`places="8"`, "courses[0].places", "want a whole number"},
		{`advertise="true"`, "courses[0].advertise", "want true or false"},
		{`details_url="javascript:alert(1)"`, "courses[0].details_url", "want an address such as https://platform.example/courses/4711"},
		{`version="v2"`, "courses[0].version", `"v2" is neither a whole number nor a time such as 2026-11-23T09:00:00Z`},
		{`alias="` + strings.Repeat("x", 1001) + `"`, "courses[0].alias", "longer than 1000 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.change[:min(len(tt.change), 40)], func(t *testing.T) {
			t.Parallel()
			got, err := Decode([]File{{"c.json", []byte(course(tt.change))}}, options(t))
			var all ImportErrors
			if !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("err is %v, want one mistake", err)
			}
			if all[0].Path != tt.path || all[0].Message != tt.message {
				t.Errorf("got %s: %s\nwant %s: %s", all[0].Path, all[0].Message, tt.path, tt.message)
			}
			if got.Courses != nil {
				t.Error("something is imported")
			}
		})
	}
}

// TestDecodeReportsAll: every mistake is reported with its place, in every file, and
// nothing is imported.
func TestDecodeReportsAll(t *testing.T) {
	t.Parallel()
	files := []File{
		{"a.json", []byte("{\"provider\": \"northwind\",\n \"unavailability\": [\n  {\"id\": 1, \"trainer\": \"ana\", \"start\": \"2026-12-24\", \"end\": \"2026-12-24\",\n" +
			"   \"all_day\": true, \"origin\": \"calendar\", \"id\": 2}\n ], \"corses\": []}")},
		{"b.csv", []byte("id,name,trainers\n1,\"\",ana\n2\n")},
		{"l.csv", []byte("id,name,kind,status,start,end,trainers\n1,\"\",,confirmed,2026-11-23 09:00,2026-11-23 10:00,ana\n2\n")},
		{"c.csv", []byte("id,name\n")},
		{"d.txt", nil},
		{"e.json", []byte("{\"courses\": [\n{\"id\": 1,}]}")},
		{"f.json", []byte("[]")},
		{"g.json", []byte("{} x")},
		{"h.csv", []byte("id,trainer,start,end,busy,id\n")},
		{"i.csv", []byte("a,\"trainers\nx")},
		{"j.json", []byte("{\n\"courses\": \"\xff\"}")},
		{"k.csv", nil},
		{"m.csv", []byte("id,trainer,start,end\n1,northwind/ana,2026-11-23 09:00,2026-11-23 10:00")},
	}
	want := `a.json:5:5: corses: unknown name. Did you mean "courses"? Want courses, unavailability or provider.
a.json:4:43: unavailability[0].id: the name came before in the same object
a.json:4:31: unavailability[0].origin: is read-only: leave it out
b.csv:1:1: there is no column for "kind". Say which it is with --column kind=HEADER, or what all rows have with --set kind=VALUE
b.csv:1:1: there is no column for "status". Say which it is with --column status=HEADER, or what all rows have with --set status=VALUE
b.csv:1:1: there is no column for "start". Say which it is with --column start=HEADER, or what all rows have with --set start=VALUE
b.csv:1:1: there is no column for "end". Say which it is with --column end=HEADER, or what all rows have with --set end=VALUE
l.csv:2:1: provider: is missing, and the file has none for all
l.csv:2:3: name: is missing
l.csv:2:6: kind: is missing
l.csv:3:1: the row has another number of cells than the first one
c.csv:1:1: the first row must name the fields: a column "trainers" makes it a table of courses, a column "trainer" one of unavailability
d.txt:1:1: want a file that ends in .json, .csv or .tsv
e.json:2:10: not JSON: invalid character '}' looking for beginning of object key string
f.json:1:1: want an object with the lists "courses" and "unavailability"
g.json:1:4: not JSON: invalid character 'x' after top-level value
h.csv:1:27: id: this and the column "id" are both "id". Say which is, with --column id=HEADER
i.csv:2:2: not CSV: extraneous or missing " in quoted-field
j.json:2:13: the text is not UTF-8
k.csv:1:1: the file is empty
m.csv:2:50: the last line does not end, so the file may have been cut off. When it is whole, put a line end behind it`
	got, err := Decode(files, options(t))
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
	if got.Courses != nil || got.Unavailability != nil {
		t.Error("something is imported")
	}
}

func TestDecodeBounds(t *testing.T) {
	t.Parallel()
	deep := `{"provider": "northwind", "courses": [` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `]}`
	if _, err := Decode([]File{{"deep.json", []byte(deep)}}, options(t)); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("deep nesting: %v", err)
	}
	if _, err := Decode([]File{{"big.json", make([]byte, MaxImportBytes+1)}}, options(t)); err == nil || !strings.Contains(err.Error(), "split it") {
		t.Errorf("a long file: %v", err)
	}
	many := `{"provider": "northwind", "courses": [` + strings.TrimSuffix(strings.Repeat("1,", 5000), ",") + `]}`
	_, err := Decode([]File{{"many.json", []byte(many)}}, options(t))
	var all ImportErrors
	if !errors.As(err, &all) || len(all) != maxImportErrors {
		t.Errorf("%d mistakes are reported, want %d", len(all), maxImportErrors)
	}
}

// TestDecodeTwice: an object that comes twice, also in another file, is a mistake.
func TestDecodeTwice(t *testing.T) {
	t.Parallel()
	_, err := Decode([]File{{"a.json", []byte(course(""))}, {"b.json", []byte(course(""))}}, options(t))
	if err == nil || !strings.Contains(err.Error(), `course "1" of northwind came before, in a.json`) {
		t.Errorf("err is %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(true, []byte(wholeJSON))
	f.Add(true, []byte(course("trainers")))
	f.Add(true, []byte(`{"courses":[{"trainers":[{"id":{}}],"venue":[],"sessions":{}}]}`))
	f.Add(false, []byte("id,trainers,venue,venue_name,webinar,webinar_url\n1,a;b,x,y,z,w\n"))
	f.Add(false, []byte("id,trainer,start,end\n1,northwind/ana,2026-01-01T00:00,2026-01-02T00:00\n"))
	o := options(f)
	o.Provider = "northwind"
	f.Fuzz(func(t *testing.T, isJSON bool, data []byte) {
		name := "x.csv"
		if isJSON {
			name = "x.json"
		}
		got, err := Decode([]File{{name, data}}, o)
		if err != nil {
			var all ImportErrors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if isJSON {
			wholeLists(t, data, got)
		}
		for _, c := range got.Courses {
			if !c.Start.Before(c.End) || c.ID == "" || c.TimeZone == "" || c.Trainers == nil {
				t.Fatalf("imported %+v", c)
			}
			if _, err := RenderCourse(c, CourseTrainer{}, RenderOptions{}); err != nil {
				t.Error(err)
			}
		}
		for _, u := range got.Unavailability {
			if start, end := u.When.Span(time.UTC); !start.Before(end) || u.Trainer.Label == "" {
				t.Fatalf("imported %+v", u)
			}
		}
	})
}

// wholeLists checks that every element of the file's lists is in the import.
func wholeLists(t *testing.T, data []byte, got Import) {
	var lists struct {
		Courses        []any `json:"courses"`
		Unavailability []any `json:"unavailability"`
	}
	if json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &lists) != nil {
		return // encoding/json takes names in any letter case, and then other lists
	}
	if len(lists.Courses) > len(got.Courses) || len(lists.Unavailability) > len(got.Unavailability) {
		t.Fatalf("%d and %d objects of %d and %d are imported", len(got.Courses), len(got.Unavailability), len(lists.Courses), len(lists.Unavailability))
	}
}
