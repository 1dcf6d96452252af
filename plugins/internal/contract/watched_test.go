package contract

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
)

// A mailbox's ups and downs are told once each, and what was missed comes before it is
// up again.
func TestWatched(t *testing.T) {
	var said []string
	emit := func(e sdk.WatchEvent) error {
		switch {
		case e.State != nil:
			said = append(said, "up "+string(e.State.State))
		case e.Failure != nil:
			said = append(said, "down "+string(e.Failure.Err.Code))
		default:
			said = append(said, "dirty")
		}
		return nil
	}
	w := &Watched{Address: "a"}
	for _, step := range []func() error{
		func() error { return w.Up(emit, []byte("1")) },
		func() error { return w.Up(emit, []byte("2")) },
		func() error { return w.Down(emit, sdk.ErrThrottled) },
		func() error { return w.Down(emit, sdk.ErrUnavailable) },
		func() error { return w.Up(emit, []byte("3")) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"up 1", "up 2", "down throttled", "dirty", "up 3"}, said); diff != "" {
		t.Error(diff)
	}
}

// What ends a watch, and how long it waits otherwise.
func TestEndsWatch(t *testing.T) {
	enough := errors.New("enough")
	received := Guard(func(sdk.WatchEvent) error { return enough })(sdk.WatchEvent{})
	for _, c := range []struct {
		err  error
		ends bool
	}{
		{sdk.ErrCredentials, true},
		{sdk.ErrMethodNotOffered, true},
		{received, true},
		{enough, true},
		{sdk.ErrUnavailable, false},
		{sdk.ErrMailboxNotFound, false},
		{sdk.ErrThrottled, false},
	} {
		if got := EndsWatch(t.Context(), c.err); got != c.ends {
			t.Errorf("%v ends a watch: %v, want %v", c.err, got, c.ends)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if !EndsWatch(over, sdk.ErrUnavailable) {
		t.Error("a watch whose context has ended goes on")
	}
	for tries := 1; tries < 100; tries++ {
		if d := Pause(tries, time.Minute, sdk.ErrUnavailable); d < firstPause/2 || d > time.Minute {
			t.Errorf("after %d failures a pause of %s", tries, d)
		}
	}
	if d := Pause(1, time.Minute, sdk.ErrThrottled.WithRetryAfter(time.Hour)); d != time.Hour {
		t.Errorf("a pause of %s where the server asked for an hour", d)
	}
}
