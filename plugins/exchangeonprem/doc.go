// Package exchangeonprem is the backend for Exchange Server on the operator's own
// machines (2013 SP1 and newer): it speaks Exchange Web Services with Basic
// authentication or NTLM, at a configured address or one found by Autodiscover, as a
// master account that has full access to the mailboxes, editor rights on their calendars,
// or the right to act as their owners (impersonation).
//
// Main type: [New] returns the sdk.Backend. This package has the settings, the sign-in
// and the checks of the account; all that is done with mailboxes, and what is promised
// for them, is plugins/internal/ewscalendar's.
//
// Neighbours: plugins/internal/ews is the client, plugins/internal/transport sends its
// requests, plugins/internal/ntlm signs connections in, plugins/internal/autodiscover finds
// servers, and plugins/exchangesim plays the server in tests.
package exchangeonprem
