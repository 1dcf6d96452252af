package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
)

// ErrGone: what was asked for is past its retention.
var ErrGone = errors.New("no longer kept")

// Feed is the ordered list of changes of pulled unavailability (pull-10). Positions grow
// and are never used twice; a change is written in the transaction that makes it. It
// holds ids and versions alone: what an entry tells of the appointment is looked up when
// it is read, so that nothing is told that was blanked or forgotten since.
type Feed interface {
	// Changes returns at most limit changes after a position, those of the providers or
	// for nil of all, and the position to go on from; [ErrGone] where changes after it are
	// no longer kept, and for a position that there has not been yet: then the state is an
	// older one than the reader knew. Position 0 is before the first change.
	Changes(ctx context.Context, after int64, limit int, providers []string) (FeedPage, error)
	// FeedEpoch names the epoch in which positions are given out now. Each opening of the
	// state for changes begins a new one, so that a copy of an older state, however it was
	// made and put back, gives out the same positions under another name.
	FeedEpoch(ctx context.Context) (string, error)
	// InFeed answers [ErrGone] for a position that this state did not give out in the
	// epoch: it is of a state that was replaced by an older one, or the epoch is over for
	// longer than the feed is kept. All other positions of earlier epochs hold.
	InFeed(ctx context.Context, epoch string, position int64) error
	// FeedPosition is the newest position, zero where nothing has changed yet.
	FeedPosition(ctx context.Context) (int64, error)
	// FeedPositionOf is the newest position of a change of the providers, nil for all;
	// the position given where there is none after it.
	FeedPositionOf(ctx context.Context, after int64, providers []string) (int64, error)
	// AwaitChanges returns when there are changes after a position, of whatever provider
	// and also those of other processes; or with ctx's error, or [ErrGone].
	AwaitChanges(ctx context.Context, after int64) error
	// FeedSnapshot returns what is pulled, by trainer and id, after a trainer and id, at
	// most limit, and the position that the list is of at the latest: whoever applies the
	// list and then all changes after the position of the first page knows everything.
	FeedSnapshot(ctx context.Context, providers []string, after FeedKey, limit int) ([]FeedItem, int64, error)
	// PruneFeed deletes changes that are older than a time, as long as none that follows is
	// older than one before it, and returns how many.
	PruneFeed(ctx context.Context, before time.Time) (int, error)
}

// FeedOp is what happened to a pulled unavailability.
type FeedOp string

// The values of a [FeedChange]'s Op.
const (
	FeedCreate FeedOp = "create"
	FeedUpdate FeedOp = "update"
	FeedRemove FeedOp = "remove"
)

// FeedKey names a pulled unavailability.
type FeedKey struct {
	Trainer platform.TrainerID
	ID      string
}

// FeedItem is a pulled unavailability as it is now.
type FeedItem struct {
	FeedKey
	// Version grows with every change of the item, also when it goes and comes back: a
	// reader keeps the highest.
	Version int64
	Mirror  reconcile.Mirror
}

// FeedChange is an entry of the feed.
type FeedChange struct {
	Position int64
	At       time.Time
	FeedKey
	Op      FeedOp
	Version int64
	// Mirror is the unavailability as it is when the feed is read, nil where it is gone:
	// then a later entry says so, or a person's data were erased.
	Mirror *reconcile.Mirror
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Changes []FeedChange
	// Next is the position to go on from; Newest is the newest there is.
	Next, Newest int64
}

// FeedPlace is a position as readers get it: with its epoch, as one text that they hand
// back. The zero value is before the first change, in any epoch.
type FeedPlace struct {
	Epoch    string
	Position int64
}

// String is the epoch and the position, with a dot between; "0" for the zero value.
func (p FeedPlace) String() string {
	if p == (FeedPlace{}) {
		return "0"
	}
	return p.Epoch + "." + strconv.FormatInt(p.Position, 10)
}

// ParseFeedPlace reads what [FeedPlace.String] wrote. A number alone has no epoch.
func ParseFeedPlace(text string) (FeedPlace, error) {
	epoch, number, found := strings.Cut(text, ".")
	if !found {
		epoch, number = "", text
	}
	position, err := strconv.ParseUint(number, 10, 63)
	if err != nil || found && epoch == "" {
		return FeedPlace{}, errors.New("is no position of the feed")
	}
	return FeedPlace{Epoch: epoch, Position: int64(position)}, nil
}
