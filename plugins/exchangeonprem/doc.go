// Package exchangeonprem is the backend for Exchange Server on the operator's own
// machines (2013 SP1 and newer): it speaks Exchange Web Services with Basic
// authentication, as a master account that has full access to the mailboxes, editor
// rights on their calendars, or the right to act as their owners (impersonation).
//
// Main type: [New] returns the sdk.Backend. An account it opens reads in two steps:
// SyncFolderItems tells whether anything in the calendar changed since the cursor;
// only then the window is read as a whole, with FindItem's calendar view. So a read
// either brings no changes or is a full one, and a series that was changed in
// whatever way is right without recurrence rules. Lists have no bodies: items whose
// text is wanted are marked incomplete, and Get fetches them.
//
// The package promises what the contract of package sdk promises, and by these means:
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
// Neighbours: plugins/internal/ews is the client, plugins/internal/transport sends
// its requests, plugins/internal/winzone knows Windows zone names, and
// plugins/exchangesim plays the server in tests.
package exchangeonprem
