package scheduler

import (
	"cmp"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// Workers is how many batches a process works on at once. Of one account, so many are in
// the queue or worked on at once, and of these so many turns of the interval: there is
// room for a change, and for other accounts. So many workers are left free by accounts
// that have a batch under way already, so that a few slow ones do not take all (G4).
const (
	Workers         = 8
	accountBatches  = 3
	accountInterval = 2
	leftFree        = 3
)

// account is what is due of one account, and ready.
type account struct {
	name   string
	asked  []platform.TrainerID
	turns  []platform.TrainerID
	flying store.Flights
}

// Batches puts trainers that are due into batches of one account each: as many as there
// is room for besides those that are queued or worked on, the accounts by turns, first
// those that have least under way. Next is when the first is ready of those who are not
// yet; zero for none. Due comes in the order of time.
func Batches(due []store.Due, flights map[string]store.Flights, now time.Time, newID func() string) (batches []store.Work, next time.Time) {
	accounts, next := byAccount(due, flights, now)
	room := room(flights)
	for some := true; some && room > 0; {
		some = false
		slices.SortStableFunc(accounts, func(a, b *account) int { return cmp.Compare(a.flying.All, b.flying.All) })
		for _, a := range accounts {
			if room == 0 || (a.flying.All > 0 && room <= leftFree && !a.behindTurns()) {
				continue
			}
			trainers, interval := a.next()
			if len(trainers) == 0 {
				continue
			}
			batches = append(batches, store.Work{ID: newID(), Account: a.name, Trainers: trainers, Interval: interval})
			room--
			some = true
		}
	}
	return batches, next
}

// room is how many batches more there is room for.
func room(flights map[string]store.Flights) int {
	n := Workers
	for _, f := range flights {
		n -= f.All
	}
	return n
}

// byAccount sorts what is ready by account, in the order in which accounts come first.
func byAccount(due []store.Due, flights map[string]store.Flights, now time.Time) (accounts []*account, next time.Time) {
	byName := map[string]*account{}
	for _, d := range due {
		if ready := Ready(d); ready.After(now) {
			if next.IsZero() || ready.Before(next) {
				next = ready
			}
			continue
		}
		a := byName[d.Account]
		if a == nil {
			a = &account{name: d.Account, flying: flights[d.Account]}
			byName[d.Account] = a
			accounts = append(accounts, a)
		}
		if d.Cause == store.CauseInterval {
			a.turns = append(a.turns, d.Trainer)
		} else {
			a.asked = append(a.asked, d.Trainer)
		}
	}
	return accounts, next
}

// behindTurns reports whether somebody waits for the account, and has only turns of the
// interval before: a change does not wait for those.
func (a *account) behindTurns() bool {
	return len(a.asked) > 0 && a.flying.All == a.flying.Interval
}

// next takes the account's next batch: what somebody asked for first, and apart, so that
// it does not wait for those whose turn it is.
func (a *account) next() (trainers []platform.TrainerID, interval bool) {
	from := &a.asked
	if interval = len(a.asked) == 0; interval {
		from = &a.turns
	}
	if a.flying.All >= accountBatches || (interval && a.flying.Interval >= accountInterval) {
		return nil, interval
	}
	n := min(len(*from), sdk.MaxMailboxes)
	trainers, *from = (*from)[:n:n], (*from)[n:]
	if n > 0 {
		a.flying.All++
		if interval {
			a.flying.Interval++
		}
	}
	return trainers, interval
}
