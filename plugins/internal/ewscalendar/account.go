package ewscalendar

import (
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
)

// mailboxesAtOnce is how many mailboxes of a call are worked on at a time. It bounds
// memory; how many of their requests are in flight is the client's to decide.
const mailboxesAtOnce = 12

// batch is how the calls work on their mailboxes.
var batch = contract.Batch{AtOnce: mailboxesAtOnce, Stops: contract.StopsAccount}

// Options configure an [Account]; Client is required. How the mailboxes are reached, by
// full access or as their owners, is the client's to know.
type Options struct {
	Client *ews.Client
	// ProbeBatch is how many mailboxes one request asks about, where the account has full
	// access; [DefaultProbeBatch] by default, [MaxProbeBatch] at most.
	ProbeBatch int
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// Account serves the calls of sdk.Account that work on mailboxes, but for Close, and for
// Verify, of which it has the mailboxes' part. It is safe for concurrent use.
type Account struct {
	client     *ews.Client
	now        func() time.Time
	probeBatch int
	folders    *folders
	trust      *trust
	warned     warned
	followers  *followers
}

// New returns an account. It does no I/O.
func New(opts Options) *Account {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.ProbeBatch <= 0 {
		opts.ProbeBatch = DefaultProbeBatch
	}
	return &Account{
		client: opts.Client, now: opts.Now, probeBatch: min(opts.ProbeBatch, MaxProbeBatch),
		folders: newFolders(), trust: newTrust(), followers: &followers{byID: map[string]*follower{}},
	}
}
