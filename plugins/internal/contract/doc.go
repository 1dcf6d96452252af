// Package contract is what the Exchange backends share to keep the promises of package
// sdk's calls, whichever protocol they speak.
//
// A call works on a batch of mailboxes: [Each] does the work for every one, a few at a
// time, and tells apart whose error ends what: one mailbox's is reported for it, the
// account's and the receiver's end the call ([Guard] marks the receiver's). [Final] puts
// the error a call ends with into the contract's terms. [Refusals] collects all that is
// wrong with a settings block.
//
// A watch lasts: [Pulse] shows that it makes progress, [Watched] tells the host of a
// mailbox's ups and downs, and [EndsWatch] and [Pause] say what becomes of a failure.
//
// Neighbours: plugins/exchangeonline, plugins/exchangeonprem and
// plugins/internal/ewscalendar build their calls on it.
package contract
