package ews

import (
	"fmt"
	"slices"
)

// version is the schema version a client asks for, as an index into versions.
type version int

// versions are the values that some server understands, oldest first.
var versions = []string{
	"Exchange2007", "Exchange2007_SP1", "Exchange2009", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
	"Exchange2012", "Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016",
	"V2015_10_05", "V2016_01_06", "V2016_04_13", "V2016_07_13", "V2016_10_10", "V2017_01_07", "V2017_04_14", "V2017_07_11",
}

// oldestVersion holds for requests without RequestServerVersion.
const oldestVersion version = 0

// versionOf is a version by its name, which must be in versions.
func versionOf(name string) version { return version(slices.Index(versions, name)) }

// Build is the version a server reports about itself.
type Build struct {
	Major, Minor, Build, Revision int
	// Version is the newest schema the server names, for example V2017_07_11.
	Version string
	// Accepts is the newest RequestServerVersion it takes; empty for all. A client that
	// asks for a newer one is told ErrorInvalidServerVersion and steps down.
	Accepts string
}

// The servers of the last years. They differ in what they report, in the versions they
// take, and so in the properties they know.
var (
	Build2010   = Build{Major: 14, Minor: 3, Build: 123, Revision: 3, Version: "Exchange2010_SP2", Accepts: "Exchange2010_SP2"}
	Build2013   = Build{Major: 15, Minor: 0, Build: 1497, Revision: 2, Version: "V2_23", Accepts: "Exchange2013_SP1"}
	Build2016   = Build{Major: 15, Minor: 1, Build: 2507, Revision: 6, Version: "V2017_07_11"}
	Build2019   = Build{Major: 15, Minor: 2, Build: 1544, Revision: 4, Version: "V2017_07_11"}
	BuildSE     = Build{Major: 15, Minor: 2, Build: 2562, Revision: 17, Version: "V2017_07_11"}
	BuildOnline = Build{Major: 15, Minor: 20, Build: 9253, Revision: 18, Version: "V2018_01_08"}
)

// builds are the servers by the names that operators call them.
var builds = map[string]Build{
	"2010": Build2010, "2013": Build2013, "2016": Build2016, "2019": Build2019, "SE": BuildSE, "online": BuildOnline,
}

// BuildOf is the server of that name: 2010, 2013, 2016, 2019, SE or online.
func BuildOf(name string) (Build, error) {
	b, known := builds[name]
	if !known {
		return Build{}, fmt.Errorf("no Exchange %q: want 2010, 2013, 2016, 2019, SE or online", name)
	}
	return b, nil
}

// takes reports whether the server understands requests of that version.
func (b Build) takes(v version) bool { return b.Accepts == "" || v <= versionOf(b.Accepts) }

func (b Build) node() *node {
	return el("t:ServerVersionInfo").
		with("MajorVersion", fmt.Sprint(b.Major)).with("MinorVersion", fmt.Sprint(b.Minor)).
		with("MajorBuildNumber", fmt.Sprint(b.Build)).with("MinorBuildNumber", fmt.Sprint(b.Revision)).
		with("Version", b.Version)
}
