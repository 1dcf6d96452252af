// Package wire translates between the contract's values (packages sdk, calendar
// and schema) and the messages of calendar.proto.
//
// Main functions come in pairs: XToProto and XFromProto. StatusFromError and
// ErrorFromStatus carry errors.
//
// The package promises that a value of the contract comes back equal, instants as
// instants; that a message with missing fields or impossible values is refused
// with an error or read as its cautious meaning (an unknown sensitivity is
// private), never with a panic; and that only the listed parts of an error cross,
// its cause never.
//
// Neighbours: sdk/internal/rpc moves the messages.
package wire
