// Package autodiscover is Exchange's Autodiscover service in its plain form (POX): it
// tells clients the address of EWS for a mailbox, or where else to ask.
//
// Main types: [Handler] serves it; an [Answer] says what it answers at one of the host
// names that it is asked under, what a hostile one answers included.
//
// Neighbours: plugins/exchangesim mounts it, internal/ews signs its callers in.
package autodiscover
