package contract

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// A watch beats as long as it makes progress, waiting included, and falls silent when
// it hangs.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p, start := NewPulse(), time.Now()
		var beats []time.Duration
		ended := make(chan error)
		go func() {
			ended <- p.Beat(ctx, func(sdk.WatchEvent) error { beats = append(beats, time.Since(start)); return nil })
		}()
		if err := p.Wait(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // it hangs
		synctest.Wait()
		if last, want := beats[len(beats)-1], time.Hour+longestStep; last > want || last < time.Hour {
			t.Errorf("the last beat came after %s, want none after %s", last, want)
		}
		for i := 1; i < len(beats); i++ {
			if gap := beats[i] - beats[i-1]; gap > sdk.WatchBeat {
				t.Errorf("%s without a beat", gap)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := p.Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait of a watch that has ended: %v", err)
		}
	})
}
