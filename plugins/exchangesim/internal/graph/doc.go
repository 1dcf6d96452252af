// Package graph is the simulator's Microsoft Graph front: the calendar part of
// version 1.0, application credentials only.
//
// Main type: [Handler] answers everything below /graph/v1.0. A request is
// matched by the table in route.go to one function, which answers a result or an
// error; errors become Graph's error bodies in one place (errors.go). A $batch runs its
// items through the same table.
//
// What it promises, beside the obvious:
//   - links are absolute and point at the address that the client used;
//   - occurrences in a delta are stubs, a deleted occurrence has no @removed row, an
//     event that left the window has one, and a series comes whole in one page;
//   - delta tokens are opaque; one of an older generation or of an expired log is
//     answered with 410;
//   - Outlook's documented limits hold: operations at once and requests in ten minutes
//     for a mailbox, items of a $batch at a time; what is refused counts, too;
//   - ids come in two forms, classic and immutable, and a request understands the form
//     it asked for with its Prefer header;
//   - query options that are not simulated are refused, never ignored, except where
//     Graph itself ignores them.
//
// Neighbours: package world has the calendars, package login the tokens, package
// faults what goes wrong on purpose; plugins/internal/winzone knows zone names.
package graph
