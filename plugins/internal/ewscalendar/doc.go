// Package ewscalendar keeps the contract of package sdk over Exchange Web Services: the
// calls that work on mailboxes, whatever plugin serves them and however it signs in.
//
// Main type: [New] makes an [Account] of an EWS client. It reads in two steps: first it
// finds out in which calendars anything changed since their cursors; only of those the
// window is read as a whole, with FindItem's calendar view. So a read either brings no
// changes or is a full one, and a series that was changed in whatever way is right
// without recurrence rules. Lists have no bodies: items whose text is wanted are marked
// incomplete, and Get fetches them.
//
// What finds the changes depends on how mailboxes are reached. With full access one
// GetFolder request takes the marks of many calendar folders: when an item last changed,
// how many there are, how many left. No document promises that marks move with every
// change, so that has to be proven for the server's version: by Verify, which tries it out
// with its test appointment, or by reads, which watch the marks while they ask each
// mailbox by SyncFolderItems. A server whose marks miss a change is asked by
// SyncFolderItems for good, and Verify says so. What is known of that travels in the
// cursors. As the mailboxes' owner each is asked by SyncFolderItems anyway.
//
// Writes go in batches of 50: with full access updates and deletes of many mailboxes
// together, creates for each mailbox. One that stops a batch is left out, and the rest is
// sent again.
//
// As the mailboxes' owner, Watch follows streaming notifications: the mailboxes of a call
// are a group, whose subscriptions live on one server and are read by one connection,
// which is charged to a mailbox of the group. What is lost or missed is hinted at and
// subscribed anew.
//
// The package promises what the contract promises, and by these means:
//   - no item twice: a create whose outcome is unknown is searched for by its marker
//     before it is repeated;
//   - nothing overwritten: an update names the version it replaces;
//   - no mail to anybody: attendees are never written, and every write says SendToNone;
//   - no private text: what is not of normal sensitivity loses its text while it is
//     decoded, unless it is the gateway's own;
//   - gone means gone: that an item is not found counts only while the calendar itself
//     can be seen, as Exchange answers the same without permission.
//
// Deleted appointments go to the mailbox's deleted items, as with every Outlook.
//
// Neighbours: plugins/internal/ews is the client, plugins/internal/contract says whose
// an error is, plugins/internal/winzone knows Windows zone names;
// plugins/exchangeonprem and plugins/exchangeonline build their backends on this package.
package ewscalendar
