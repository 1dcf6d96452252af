// Package transport is the HTTP client of the Exchange plugins: one [Client] an
// account, for whatever protocol.
//
// [Client.Do] sends a [Request] that it can repeat and answers a [Response] that
// is read and closed. In between it keeps what every remote service asks for: a
// limit on requests in flight per mailbox and per account, a time-out per
// attempt, bounded bodies, no redirects, and repetition with jitter of what may be
// repeated, by the server's Retry-After where it gives one. A wait longer than
// [Options.MaxWait] is not slept through: the refusing answer is returned, and
// [RetryAfter] reads from it when to come back.
//
// [Client.Stream] is for answers that last: it bounds their silence instead of their
// length.
//
// The package promises that neither an [Error] nor a span holds a URL's path or
// query, a header or a body: these name mailboxes and hold secrets.
//
// Neighbours: plugins/exchangeonline speaks Microsoft Graph and
// plugins/exchangeonprem speaks EWS through it.
package transport
