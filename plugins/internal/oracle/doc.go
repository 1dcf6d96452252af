// Package oracle lets judges from outside decide about messages that tests saw: it is
// used by tests only.
//
// [EWS] collects messages of Exchange Web Services and has Microsoft's schema validate
// them; [Graph] does the same for Microsoft Graph with a JSON Schema made from
// Microsoft's metadata. The judges' data lies in the folder that the environment variable
// TRAINERCAL_ORACLES names, and is no part of this repository; without it the checks
// skip and say so in one line.
//
// The package promises that a judge which did not run is an error or a skipped test,
// never a passed one.
//
// Neighbours: plugins/exchangesim and the plugins' tests collect what they send and
// receive.
package oracle
