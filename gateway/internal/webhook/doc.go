// Package webhook tells the receivers of webhooks that the feed has moved on, and what
// operators should know, by the Standard Webhooks scheme
// (https://www.standardwebhooks.com): signed messages that are sent again until they
// are taken.
//
// Main types: [Sender] sends, [Message] is what is sent.
//
// It promises that each event reaches each receiver that wants it at least once, in the
// events' order, also over the end of the process, unless the receiver wants to hear
// nothing any more (410) or the event is past its retention. That the feed has moved on
// is told of its newest position alone: what happened in between is in the feed, which
// carries the guarantee. The two are told apart from each other: a receiver that cannot
// take an event still hears of the feed. A message has names, counts and positions, no
// text of appointments, and its id stays the same when it is sent again. Secrets and
// addresses are in no log and no error.
//
// Neighbours: store holds events, feed and how far each receiver was told; app starts
// the sender within a serve; config says who is told.
package webhook
