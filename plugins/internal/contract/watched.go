package contract

import "github.com/trainercal/trainercal/sdk"

// Watched is what the host knows of a mailbox under watch, for one goroutine.
type Watched struct {
	Address string
	// Missed: there may have been changes that nobody hinted at.
	Missed bool
	told   told
}

// told is what the host was told of a mailbox.
type told int

const (
	nothing told = iota
	watched
	notWatched
)

// Up tells that the mailbox is watched from here on, and what is to be stored. What was
// missed comes first.
func (w *Watched) Up(emit func(sdk.WatchEvent) error, state []byte) error {
	if w.Missed {
		if err := emit(sdk.WatchEvent{Dirty: []string{w.Address}}); err != nil {
			return err
		}
	}
	w.Missed, w.told = false, watched
	return emit(sdk.WatchEvent{State: &sdk.WatchState{Mailbox: w.Address, State: state}})
}

// IsUp reports whether the host takes the mailbox for watched.
func (w *Watched) IsUp() bool { return w.told == watched }

// Down tells that the mailbox is not watched, once.
func (w *Watched) Down(emit func(sdk.WatchEvent) error, err *sdk.Error) error {
	w.Missed = true
	if w.told == notWatched {
		return nil
	}
	w.told = notWatched
	return emit(sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: w.Address, Err: err}})
}
