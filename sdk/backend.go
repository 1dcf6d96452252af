package sdk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/schema"
)

// MaxMailboxes is the most mailboxes one call may name.
const MaxMailboxes = 200

// MaxItems is the most items a mailbox may have in a window; a read of more
// answers [ErrTooManyItems] for that mailbox.
const MaxItems = 10_000

// MaxCursorBytes is the longest cursor a backend may hand out.
const MaxCursorBytes = 64 << 10

// Backend is a kind of calendar, for example Exchange Online. A plugin process
// serves one.
type Backend interface {
	// Describe says what the backend is. It does no I/O and always answers the same.
	Describe() Description
	// Open makes an account ready from its settings. It checks the settings but
	// need not reach the server: that is Verify's job. Settings that cannot work
	// are answered with a *[SettingsError].
	Open(ctx context.Context, req OpenRequest) (Account, error)
}

// Description is what a plugin says of itself.
type Description struct {
	// Service is the name operators use, for example "exchange-online".
	Service string
	// Version is the plugin's own semantic version.
	Version string
	// Summary is one line for lists.
	Summary  string
	Settings schema.Schema
	// Capabilities lists optional abilities by name ("watch", "deliver").
	Capabilities []string
}

// OpenRequest asks for an account.
type OpenRequest struct {
	// Name tells accounts apart in logs and traces, for example
	// "northwind/exchange-online".
	Name string
	// MasterAccount is the operator's master_account, for example
	// "calendar@northwind.example".
	MasterAccount string
	// Settings is the settings block as a JSON object, checked by the schema, with
	// defaults filled in.
	Settings json.RawMessage
}

// SettingsError says which settings cannot work.
type SettingsError struct {
	Diagnostics []schema.Diagnostic
}

// Error lists the summaries.
func (e *SettingsError) Error() string {
	text := "settings refused"
	for i, d := range e.Diagnostics {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += sep + d.Summary
	}
	return text
}

// Account is an opened master account. Its calls work on batches of mailboxes and
// may run at the same time. Each call takes one request a mailbox, answers through
// emit in any order of mailboxes, and returns an error only when the call as a
// whole failed; what concerns one mailbox is emitted for it. An error that emit
// returns must end the call and be returned. emit may be called from several
// goroutines at once, and blocks while the receiver is slow, so that a backend
// which works on a few mailboxes at a time never holds more than those.
type Account interface {
	// Verify checks the account, then each mailbox, step by step, and leaves
	// nothing behind.
	Verify(ctx context.Context, mailboxes []Mailbox, emit func(Check) error) error
	// Read reports what is in, or changed in, each mailbox's calendar. A mailbox's
	// pages end with exactly one that has Complete or Err set; without Complete
	// the host neither removes nor adds anything.
	Read(ctx context.Context, reqs []ReadRequest, emit func(ReadPage) error) error
	// Get returns whole items by id: every id is either in Items or in Missing.
	Get(ctx context.Context, reqs []GetRequest, emit func(GetPage) error) error
	// Write carries out operations, one result for each. Repeating an operation
	// never makes a second item, and no operation ever mails anybody.
	Write(ctx context.Context, reqs []WriteRequest, emit func(WriteResult) error) error
	// Find returns everything in each calendar that carries a gateway's marker.
	Find(ctx context.Context, reqs []FindRequest, emit func(FindPage) error) error
	// Close frees what the account holds. It is called once, after all calls ended.
	Close() error
}

// Warner is an [Account] that has something to say of its settings which does not stop
// it, such as a choice that will end. It is asked once, when the account was opened, and
// what it says is shown at its place in the operator's files.
type Warner interface {
	Warnings() []schema.Diagnostic
}

// Mailbox names a trainer's calendar.
type Mailbox struct {
	// Address is the mailbox's email address, as the operator wrote it.
	Address string
	// TimeZone is the IANA name of the trainer's zone; whole days are read in it.
	TimeZone string
}

// Outcome is the result of a check.
type Outcome string

// The outcomes of a [Check].
const (
	Passed  Outcome = "passed"
	Warned  Outcome = "warning"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Check is one step of Verify.
type Check struct {
	// Mailbox is the address, empty for a check of the account.
	Mailbox string
	// Step is a stable name: "settings", "autodiscover", "resolve", "tls", "schemes",
	// "credentials", "consent", "expiry", "api", "scope", "mailbox", "read", "private",
	// "write".
	Step    string
	Outcome Outcome
	// Observed is what was tried and what came back, Advice what to do about it.
	// Neither holds secrets or text of appointments.
	Observed, Advice string
	// Ends is when what was checked ends by itself, as credentials do, so that the host
	// can warn in time; zero where it does not, or nobody knows.
	Ends time.Time
}

// Detail says how much text of the trainer's own appointments is wanted.
type Detail string

// The levels of detail: subject and body, the subject alone, or times only.
const (
	DetailFull    Detail = "full"
	DetailSubject Detail = "subject"
	DetailBusy    Detail = "busy"
)

// Scope says which items a read may report.
type Scope string

// The scopes of a read.
const (
	// ScopeAll: every item of the calendar.
	ScopeAll Scope = "all"
	// ScopeOwn: only items the gateway wrote; nothing of the trainer's own leaves
	// the plugin.
	ScopeOwn Scope = "own"
)

// ReadRequest asks for one mailbox's calendar.
type ReadRequest struct {
	Mailbox Mailbox
	Window  calendar.Window
	// Cursor is what the last Complete of this mailbox held, empty for a full read.
	// A backend that no longer accepts it, or whose cursor was made for another
	// window, makes a full read by itself and says so in Complete.Full.
	Cursor []byte
	Detail Detail
	Scope  Scope
	// Own are the ids of items the gateway wrote, as far as it knows. Their text is
	// ours and is reported whatever their sensitivity; in ScopeOwn they are
	// reported even where a read cannot return markers.
	Own []calendar.ItemID
}

// ReadPage is a part of a mailbox's answer: some changes, and on the last page
// either Complete or Err.
type ReadPage struct {
	Mailbox  string
	Changes  []calendar.Change
	Complete *Complete
	Err      *Error
}

// Complete ends a mailbox's read that saw everything.
type Complete struct {
	// Cursor continues from here at the next read.
	Cursor []byte
	// Full: the changes are all there is in Covered, so what is not among them is
	// gone. Otherwise they are what changed since the cursor.
	Full bool
	// Covered is the window that the answer speaks of.
	Covered calendar.Window
}

// GetRequest asks for whole items of a mailbox.
type GetRequest struct {
	Mailbox Mailbox
	IDs     []calendar.ItemID
	Detail  Detail
	// Own is as in [ReadRequest].
	Own []calendar.ItemID
}

// GetPage is a part of a mailbox's answer to Get.
type GetPage struct {
	Mailbox string
	Items   []calendar.Item
	Missing []calendar.ItemID
	// Done is set on a mailbox's last page, unless Err is.
	Done bool
	Err  *Error
}

// OperationKind is what a write does.
type OperationKind string

// The kinds of [Operation].
const (
	Create OperationKind = "create"
	Update OperationKind = "update"
	Delete OperationKind = "delete"
)

// Operation is one write.
type Operation struct {
	// ID names the operation in its result; unique within a call.
	ID   string
	Kind OperationKind
	// Marker is put on the item by Create and Update.
	Marker calendar.Marker
	// ItemID and Version name the item that Update and Delete work on. An Update of
	// an item whose version is another fails with [ErrConflict]; an empty version
	// is not compared. A Delete of an item that is gone succeeds.
	ItemID  calendar.ItemID
	Version string
	// Appointment is the whole content that Create and Update leave behind.
	Appointment calendar.Appointment
	// Base is the content as last seen on the server, so that an Update can send
	// only what differs; nil when unknown.
	Base *calendar.Appointment
	// MaybeDone: an earlier attempt's outcome is unknown. A Create searches for its
	// marker first where the protocol has no idempotent create.
	MaybeDone bool
}

// WriteRequest is the writes of one mailbox.
type WriteRequest struct {
	Mailbox    Mailbox
	Operations []Operation
}

// WriteResult answers one operation.
type WriteResult struct {
	Mailbox   string
	Operation string
	// ItemID and Version are the item's after Create and Update.
	ItemID  calendar.ItemID
	Version string
	// Item is the item as the server holds it after the write, nil where the
	// protocol does not answer with it.
	Item *calendar.Item
	Err  *Error
}

// FindRequest asks for the marked items of one mailbox.
type FindRequest struct {
	Mailbox Mailbox
	// Since: items that ended before it may be left out.
	Since time.Time
}

// FindPage is a part of a mailbox's answer to Find.
type FindPage struct {
	Mailbox string
	Items   []calendar.Item
	// Done is set on a mailbox's last page, unless Err is.
	Done bool
	Err  *Error
}
