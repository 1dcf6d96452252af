// Package pluginhost runs the calendar plugins: it finds and launches them, learns
// what they are, opens accounts with the operator's settings, and starts a plugin
// again when it died.
//
// Main types: [Host] supplies accounts to the runner; [Spec] is an account as
// configured; [Process] is a running plugin.
//
// It promises that a plugin that dies is started again with growing pauses, and is
// given up for a while when it keeps dying; that an account whose credentials the
// server refused is not tried again by itself until its settings change or an
// operator verifies it, so that no master account is locked out; and that a
// plugin's word on a setting comes back with its place in the operator's files.
//
// It passes Watch and Deliver through for the accounts whose plugin can.
//
// Neighbours: sdk/host launches and speaks to processes, config decodes settings,
// runner and cli use the accounts.
package pluginhost
