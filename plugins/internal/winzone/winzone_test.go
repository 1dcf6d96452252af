package winzone

import (
	"archive/zip"
	"errors"
	"go/build"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The names users meet, among them the renamed zones of D7.
func TestToWindows(t *testing.T) {
	for iana, want := range map[string]string{
		"Europe/London":                  "GMT Standard Time",
		"Europe/Berlin":                  "W. Europe Standard Time",
		"Europe/Vienna":                  "W. Europe Standard Time",
		"Europe/Kyiv":                    "FLE Standard Time",
		"Europe/Kiev":                    "FLE Standard Time",
		"Asia/Kolkata":                   "India Standard Time",
		"Asia/Calcutta":                  "India Standard Time",
		"America/Nuuk":                   "Greenland Standard Time",
		"America/Godthab":                "Greenland Standard Time",
		"US/Pacific":                     "Pacific Standard Time",
		"UTC":                            "UTC",
		"Etc/UTC":                        "UTC",
		"Pacific/Kiritimati":             "Line Islands Standard Time",
		"America/Argentina/Buenos_Aires": "Argentina Standard Time",
	} {
		if got, ok := ToWindows(iana); !ok || got != want {
			t.Errorf("ToWindows(%q) = %q, %v; want %q", iana, got, ok, want)
		}
	}
	for _, unknown := range []string{"", "Local", "Mars/Olympus_Mons", "GMT Standard Time", "Antarctica/Troll"} {
		if got, ok := ToWindows(unknown); ok {
			t.Errorf("ToWindows(%q) = %q, want nothing", unknown, got)
		}
	}
}

func TestLoad(t *testing.T) {
	for name, want := range map[string]string{
		"GMT Standard Time":       "Europe/London",
		"gmt standard time":       "Europe/London",
		"Kamchatka Standard Time": "Asia/Kamchatka",
		"Europe/Kyiv":             "Europe/Kyiv",
		"US/Eastern":              "US/Eastern",
		"UTC":                     "UTC",
		"tzone://Microsoft/Utc":   "UTC",
		"UTC-11":                  "Etc/GMT+11",
		"UTC+01:00":               "UTC+01:00",
	} {
		loc, err := Load(name)
		if err != nil || loc.String() != want {
			t.Errorf("Load(%q) = %v, %v; want %s", name, loc, err, want)
		}
	}
}

// D7: names that have no rules are errors, never the machine's zone or UTC.
func TestLoadRefuses(t *testing.T) {
	for _, name := range []string{
		"", "Local", "tzone://Microsoft/Custom", "Customized Time Zone", "Kiev/Kyiv", "UTC+99:00", "../etc/passwd", "GMT+1:00x",
	} {
		if loc, err := Load(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("Load(%q) = %v, %v; want ErrUnknown", name, loc, err)
		}
	}
}

func TestFixedOffset(t *testing.T) {
	loc, err := Load("GMT-03:30")
	if err != nil {
		t.Fatal(err)
	}
	_, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, loc).Zone()
	if want := -(3*60 + 30) * 60; offset != want {
		t.Errorf("offset = %d s, want %d", offset, want)
	}
}

// Every zone that Go knows has a Windows name, so that a new edition of the IANA
// database cannot silently bring one that we do not know.
func TestEveryZoneGoKnows(t *testing.T) {
	var none []string
	for _, name := range goZones(t) {
		windows, ok := ToWindows(name)
		if !ok {
			none = append(none, name)
			continue
		}
		if _, err := Load(windows); err != nil {
			t.Errorf("%s is %q: %v", name, windows, err)
		}
	}
	// Antarctica/Troll switches by two hours, which no Windows zone does; Factory
	// stands for a zone that was never set.
	if diff := cmp.Diff([]string{"Antarctica/Troll", "Factory"}, none); diff != "" {
		t.Errorf("zones without a Windows name: run `go run ./gen`, or add to supplement (-want +got):\n%s", diff)
	}
}

// goZones are the names in the database that comes with Go.
func goZones(t *testing.T) []string {
	path := filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip")
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Skipf("Go's zone database is not where it is installed: %v", err)
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names
}

// A link means that two names have the same rules today; a wrong line in the table
// would move appointments.
func TestLinksHaveTheSameRules(t *testing.T) {
	for name := range tables().links {
		a, err := time.LoadLocation(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := time.LoadLocation(tables().target(name))
		if err != nil {
			t.Errorf("%s: %v", tables().target(name), err)
			continue
		}
		for month := range 36 {
			at := time.Date(2026, time.Month(1+month), 15, 12, 0, 0, 0, time.UTC)
			if _, x := at.In(a).Zone(); x != offsetIn(at, b) {
				t.Errorf("%s and %s differ at %s", name, tables().target(name), at.Format(time.DateOnly))
				break
			}
		}
	}
}

func offsetIn(at time.Time, loc *time.Location) int {
	_, offset := at.In(loc).Zone()
	return offset
}

// Both ways and back again lands in a zone of the same Windows name.
func TestRoundTrip(t *testing.T) {
	if n := len(tables().toIANA); n < 139 {
		t.Fatalf("%d Windows zones, want at least 139", n)
	}
	for windows, iana := range tables().toIANA {
		if _, err := Load(iana); err != nil {
			t.Errorf("%s: %v", windows, err)
		}
		back, ok := ToWindows(iana)
		if !isRetired(windows) && (!ok || !strings.EqualFold(back, windows)) {
			t.Errorf("%s is %s, whose Windows name is %q", windows, iana, back)
		}
	}
}

func isRetired(windows string) bool {
	for name := range retired {
		if strings.EqualFold(name, windows) {
			return true
		}
	}
	return false
}

func TestDamagedTable(t *testing.T) {
	if _, err := readTables([]byte("<supplementalData>"), ""); err == nil {
		t.Error("a damaged table was read")
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"GMT Standard Time", "Europe/Kyiv", "UTC+01:00", "tzone://Microsoft/Custom", "\x00", "a/../b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if loc, err := Load(name); (err == nil) != (loc != nil) || loc == time.Local {
			t.Errorf("Load(%q) = %v, %v", name, loc, err)
		}
	})
}
