package contract

import "github.com/trainercal/trainercal/sdk"

// Unchecked is the check of a mailbox whose account cannot be used.
func Unchecked(mailbox string) sdk.Check {
	return sdk.Check{
		Mailbox: mailbox, Step: "mailbox", Outcome: sdk.Skipped,
		Observed: "not checked, because the account cannot be used",
	}
}
