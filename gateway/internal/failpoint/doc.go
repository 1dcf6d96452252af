// Package failpoint names the moments at which a killed process must do no harm: both
// sides of every call to a plugin, every answer of it, and both sides of every commit
// of the state.
//
// Main function: [Reach]. In a normal build it does nothing. In a build with the tag
// "failpoints", made by tests alone, it can kill processes: the variable
// TRAINERCAL_FAILPOINT is "NAME:N:VICTIM", where N counts from 1 how often the name is
// reached, and VICTIM is "gateway" or "plugins"; the names reached are appended to the
// file named by TRAINERCAL_FAILPOINT_LOG.
//
// Neighbours: pluginhost and store/sqlite reach the points, cli's tests go through
// them one by one.
package failpoint
