package exchangeonprem

import (
	"context"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/sdk"
)

// Verify checks the account and then each mailbox, in the order in which a first sync
// would run into trouble.
func (a *account) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	emit = contract.Guard(emit)
	a.ews.TryAgain()
	good, err := a.verifyAccount(ctx, mailboxes, emit)
	if err != nil {
		return contract.Final(ctx, err)
	}
	return contract.Final(ctx, a.VerifyMailboxes(ctx, mailboxes, good, emit))
}

// verifyAccount emits every step of the account; those after one that failed were not
// made, and say so.
func (a *account) verifyAccount(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) (good bool, err error) {
	failed := ""
	for _, s := range a.steps(mailboxes) {
		check := sdk.Check{Outcome: sdk.Skipped, Observed: "not checked, because the step " + failed + " failed"}
		if failed == "" {
			check = s.run(ctx)
		}
		check.Step = s.name
		if err := emit(check); err != nil {
			return false, err
		}
		if check.Outcome == sdk.Failed {
			failed = s.name
		}
	}
	return failed == "", nil
}
