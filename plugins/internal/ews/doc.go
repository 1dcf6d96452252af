// Package ews is a client of Exchange Web Services, as far as calendars need it.
//
// Main types: [Client] sends the operations, one method each; [Item] is a calendar
// item as a server shows it, and [Item.Calendar] turns it into the contract's;
// [NewItem] and [Change] are what is written. An answer that concerns one of several
// things asked for is a [Result].
//
// [Client.Subscribe] and [Client.Stream] follow changes as they happen; a group of
// subscriptions shares an [Affinity], which keeps them on one server.
//
// The package promises:
//   - requests are in schema order by construction: the fields of the request
//     structs are in the order of Microsoft's schema files;
//   - answers are read by local name, never by position, as servers differ in order
//     and prefix; a document type definition is refused, a body is bounded;
//   - every error is an *[sdk.Error] whose Detail is the server's own response code,
//     and none holds text of appointments, addresses or URLs;
//   - an answer that is not the one asked for, or not the whole of it, is an error and
//     never an empty list;
//   - no mail to anybody: everything is sent with SendToNone, nothing has attendees;
//   - refused credentials are tried twice and then ever more rarely, whoever
//     asks, so that no account is locked out; a server that asks to wait is left
//     alone by the whole account;
//   - an account has no more requests in flight than its connections, and fewer while the
//     server complains; mailboxes whose requests wait take turns.
//
// Neighbours: plugins/internal/transport sends the requests, plugins/internal/winzone
// knows zone names, plugins/internal/exchange names the marker's property;
// plugins/exchangeonprem builds its backend on this package.
package ews
