// Package schemas holds the JSON schemas (draft 2020-12) of what the gateway's commands
// print with --json: one file a command, written anew by `make generate` from the types
// that are printed.
//
// It promises that the schemas are strict, so that a field that is not described is a
// mistake, and that documents of the same gateway conform to them.
//
// Neighbours: cli prints them with `gateway schema` and tests every document that its
// scripts see against them.
package schemas

import "embed"

// Files are the schemas, each COMMAND.json.
//
//go:embed *.json
var Files embed.FS
