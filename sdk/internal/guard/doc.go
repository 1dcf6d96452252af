// Package guard holds an account to the contract of package sdk, whatever the
// backend behind it does.
//
// Main function: [Wrap]. The wrapped account refuses requests that break the
// contract; lets through only answers for mailboxes, items and operations that were
// asked about; sees that each mailbox's answer ends exactly once and each operation
// has exactly one result; bounds texts, cursors and the number of items; and drops
// private text, text beyond the wanted detail, and everything that is not our own
// where only that was asked for.
//
// It promises that a defect of one mailbox's answer fails that mailbox, and that a
// defect which cannot be laid at one mailbox's door fails the call, always with a
// typed error.
//
// Neighbours: sdk/internal/rpc wraps accounts on both sides, so that a backend's
// mistake does not leave the plugin and a hostile plugin's does not enter the host.
package guard
