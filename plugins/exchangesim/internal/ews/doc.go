// Package ews is the Exchange Web Services front of the simulated Exchange: SOAP
// requests in, schema-valid answers out, from and to a world.
//
// [New] makes a [Handler] for one world; [Options] say which version it reports, which
// ways to sign in it offers, and which faults it meets. Its operations are
// those of calendars: GetFolder, FindFolder, FindItem, GetItem, CreateItem, UpdateItem,
// DeleteItem, SyncFolderItems, ConvertId, GetServerTimeZones, ResolveNames,
// GetUserAvailability, and Subscribe, Unsubscribe and GetStreamingEvents for streaming
// notifications, whose [Streams] tests can disturb.
//
// The package promises to behave as Exchange does, not as a client would like it:
// requests are checked by Microsoft's schema (order of elements, required attributes,
// enumerations); credentials come before anything else; what is wrong with one item of
// a batch is that item's response code, what is wrong with the request is a SOAP fault
// under HTTP 500; answers are in the schema's order, with times in UTC. Requests are
// bounded in size, depth and number of elements, and document types are refused. What
// the server does not do it refuses by name.
//
// It shares no XML code with the plugins' client, so that a mistake in one is not
// hidden by the other.
//
// Neighbours: plugins/exchangesim/world holds the calendars and Exchange's rules,
// plugins/exchangesim mounts the handler, plugins/internal/winzone names time zones.
package ews
