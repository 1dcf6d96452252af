// Package exchangeonline is the backend for Exchange Online: it speaks Microsoft
// Graph with application credentials, and Exchange Web Services where a tenant still
// allows them.
//
// Main types: [New] returns the sdk.Backend; an account it opens reads with
// calendarView/delta, writes, gets and finds with $batch and verifies step by
// step. A read is a round of pages that is collected whole before anything of it
// is reported, because Graph sends occurrences as stubs that only their series'
// master explains. An account with api = "ews" leaves the calendars to
// plugins/internal/ewscalendar, and puts its errors into the words of Exchange Online;
// from the day on which Microsoft ends EWS it answers nothing but that.
//
// An account hints at changes. Over Graph it has a subscription to change notifications
// for each mailbox, which Graph keeps for days and which the host remembers: Watch makes,
// renews and replaces them, and Deliver takes the notifications that reached the host's
// listener, checks the secret of each and passes lifecycle events on to the watch. Over
// EWS it follows streaming notifications.
//
// The package promises what the contract of package sdk promises, and by these
// means:
//   - few requests: mailboxes without changes are asked for 20 to a request, writes
//     go 20 to a request, a token lasts an hour and serves every account of the same
//     application;
//   - no more at once than a mailbox takes, and all accounts of the process in turns on
//     one budget; whoever asks to wait is left alone, and what was not read is an error
//     and never an empty calendar;
//   - no item twice: a create carries a transactionId made from its marker, so that
//     repeating it answers the first one's event;
//   - no mail to anybody: attendees are never written, and what is to be changed or
//     deleted is asked for its attendees first. Graph mails them, and unlike EWS cannot
//     be told not to, so an event that a trainer invited people to is refused, be it to
//     one occurrence of what they made a series. This costs one part of a $batch more for
//     each update and deletion, and another for a series;
//   - no private text: what is not of normal sensitivity loses its text while it is
//     decoded, unless it is the gateway's own;
//   - no token elsewhere: links are followed only to the configured server, and
//     redirects never;
//   - no restart for a new certificate: the files of certificate_file and
//     federated_token_file are read for every token; the end of a certificate or secret
//     is told 30 days ahead, by verify, the log and a metric.
//
// Deleted events go to the mailbox's Deleted Items, as with every Outlook client.
//
// Neighbours: plugins/internal/transport sends the requests,
// plugins/internal/winzone knows Windows zone names, plugins/internal/exchange
// names the marker's property, plugins/internal/contract says whose an error is,
// plugins/internal/ews and plugins/internal/ewscalendar speak EWS, and
// plugins/exchangesim plays the server in tests.
package exchangeonline
