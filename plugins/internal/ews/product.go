package ews

// oldest is the first build that knows the requests of this package: Exchange 2013 SP1.
var oldest = ServerVersion{Major: 15, Minor: 0, Build: 847}

// firstSE is the first build of the Subscription Edition, which counts on from 2019.
const firstSE = 2562

// Product is the name that operators know the version by; empty for an unknown one.
func (v ServerVersion) Product() string {
	switch {
	case v.Major == 8:
		return "Exchange Server 2007"
	case v.Major == 14:
		return "Exchange Server 2010"
	case v.Major != 15:
		return ""
	case v.Minor == 0:
		return "Exchange Server 2013"
	case v.Minor == 1:
		return "Exchange Server 2016"
	case v.Minor == 2 && v.Build < firstSE:
		return "Exchange Server 2019"
	case v.Minor == 2:
		return "Exchange Server Subscription Edition"
	case v.Minor == 20:
		return "Exchange Online"
	}
	return ""
}

// Known reports whether the server said its version at all.
func (v ServerVersion) Known() bool { return v.Major != 0 }

// TooOld reports whether the server is older than what this package speaks.
func (v ServerVersion) TooOld() bool {
	switch {
	case v.Major != oldest.Major:
		return v.Major < oldest.Major
	case v.Minor != oldest.Minor:
		return v.Minor < oldest.Minor
	}
	return v.Build < oldest.Build
}
