// Package winzone translates between the two ways to name a time zone: Windows
// names such as "GMT Standard Time", which Exchange speaks, and IANA names such as
// "Europe/London", which everybody else does.
//
// [ToWindows] and [ToIANA] translate a name; [Load] returns the rules behind a name
// of either kind. The way to Windows loses the city (Vienna and Berlin share a
// name), so whoever needs the original keeps it.
//
// The package promises to know every zone that Go knows, but for two that Windows
// has no match for. Its data is embedded: windowsZones.xml of Unicode's CLDR (see
// LICENSE-UNICODE), and in links.txt the older and newer names of a zone from the
// IANA database, because CLDR lists each zone under one of its names only. The
// rules themselves are those of package time. `go run ./gen` in this folder writes
// both files anew from a newer edition of the data; that is no part of `make
// generate`, whose result must not depend on what the machine has installed.
//
// Neighbours: plugins/internal/ews, plugins/exchangeonprem and
// plugins/exchangeonline write and read zones with it, and plugins/exchangesim
// plays the server's side.
package winzone
