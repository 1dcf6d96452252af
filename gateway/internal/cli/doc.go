// Package cli is the gateway's command line: one file a command, and the forms in
// which results are printed.
//
// Main function: [Main]. Results go to stdout, as text or with --json as one JSON
// document of a documented, stable form; logs, warnings and progress go to stderr.
//
// It promises the exit codes of the operator's guide (gateway/README.md), that every
// error says what happened, to whom, and what to do, and that nothing printed holds
// text of a trainer's own appointments: what was pulled is told by its time alone.
//
// Neighbours: main calls it; it calls app, and config to show where a configuration
// is wrong.
package cli
