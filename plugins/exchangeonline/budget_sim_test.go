package exchangeonline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
)

// Never more requests are in flight for a mailbox than set, alone and in batches, by one
// call and by several at once (G2).
func TestMailboxConcurrency(t *testing.T) {
	for set := 1; set <= 4; set++ {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			s := newSim(t, exchangesim.Options{Latency: 5 * time.Millisecond})
			m := s.mailbox(t, "Europe/London")
			get := sdk.GetRequest{Mailbox: m, Detail: sdk.DetailFull}
			for i := range 12 {
				add(t, s.box(t, m), m, entry(fmt.Sprint("Visit ", i), hours(16+i, 9, 10)))
			}
			a := s.openWith(t, map[string]any{"mailbox_concurrency": set, "concurrency": 16})
			for _, change := range readOne(t, a, m, nil).Changes {
				get.IDs = append(get.IDs, change.Upsert.ID)
			}
			s.ResetPeak()
			done := make(chan error)
			for range 3 {
				go func() {
					done <- a.Get(t.Context(), []sdk.GetRequest{get}, func(p sdk.GetPage) error {
						if p.Err != nil {
							return p.Err
						}
						return nil
					})
				}()
			}
			for range 3 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if _, most := s.Peak(); most == 0 || most > set {
				t.Errorf("%d requests were in flight at once, want %d at most", most, set)
			}
			s.ResetPeak() // it is judged by the default at the test's end
		})
	}
}
