//go:build race

package main

// raceFlags build the programs as the test is built, so that they come out of its cache
// and are watched as it is.
var raceFlags = []string{"-race"}
