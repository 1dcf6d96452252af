package store

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// Watches keeps how mailboxes are watched for changes (pull-9), so that a restart
// subscribes none anew.
type Watches interface {
	// Watches returns what is stored, by trainer: of one account, or of all for an empty
	// name.
	Watches(ctx context.Context, account string) ([]Watch, error)
	// PutWatches stores watches in one transaction, each in place of the trainer's last.
	PutWatches(ctx context.Context, watches []Watch) error
}

// Watch is how a trainer's mailbox is watched.
type Watch struct {
	Trainer platform.TrainerID
	// Account is "provider/service", Identity what the account reaches, and Address the
	// mailbox's: a state is of these alone.
	Account, Identity, Address string
	// State is what the plugin takes the watch up with; empty for none.
	State []byte
	// Failing says why the mailbox is not watched; nil when it is.
	Failing *Failing
}
