// Package host starts plugin processes and speaks to them. Only the gateway uses
// it.
//
// Main function: [Launch]; main type: [Process], a running plugin, whose accounts
// are [sdk.Account]s.
//
// It promises:
//   - nothing a plugin writes to its output can harm the host: lines are parsed
//     defensively and bounded, and only listed fields reach the log;
//   - Kill returns within seconds, whatever the plugin does;
//   - a plugin does not outlive the host, even a killed one;
//   - every call ends: it has a deadline, a silent connection is given up, and a
//     plugin that no longer answers a health ping is killed;
//   - a plugin gets none of the host's environment but a short list, runs only when
//     its checksum is the pinned one, and nobody else can connect to it.
//
// A plugin that ended during a call answers [sdk.ErrPluginDied]. A Process is not
// started again; the gateway's pluginhost launches another.
//
// Neighbours: sdk/serve is the other side, sdk/internal/rpc the calls.
package host
