package runner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
)

// asked is how long the server of these tests asks to wait.
const asked = 90 * time.Second

var busy = sdk.CodeThrottled.New("the server asks to wait").WithRetryAfter(asked)

// again runs and returns when each trainer is to be taken up again.
func (r *rig) again() map[string]time.Time {
	r.t.Helper()
	got := map[string]time.Time{}
	r.runner.Done = func(id platform.TrainerID, at time.Time) { got[id.Label] = at }
	r.run()
	return got
}

// G1: a server that asks for a longer wait than a call sleeps through, when a calendar is
// read or written to, holds up nobody else; what was done is stored, and whoever starts
// runs hears when the trainer is worth another one.
func TestServerAsksToWait(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(r *rig){
		"read": func(r *rig) {
			r.account.onRead = func(p *sdk.ReadPage) error {
				if p.Mailbox == r.target("ana").Mailbox.Address {
					p.Changes, p.Complete, p.Err = nil, nil, busy
				}
				return nil
			}
		},
		"write": func(r *rig) {
			r.account.onWrite = func(res *sdk.WriteResult) error {
				if res.Mailbox == r.target("ana").Mailbox.Address {
					*res = sdk.WriteResult{Mailbox: res.Mailbox, Operation: res.Operation, Err: busy}
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana", "ben")
			r.course("1", 3, "ana", "ben")
			refuse(r)
			want := map[string]time.Time{"ana": noon.Add(asked), "ben": {}}
			if diff := cmp.Diff(want, r.again()); diff != "" {
				t.Error(diff)
			}
			if f := r.memory("ana").Failing; f == nil || !f.Next.Equal(noon.Add(asked)) {
				t.Errorf("it is told that ana is failing as %+v", f)
			}
			if len(r.own("ben")) != 1 {
				t.Error("ben's course is not in his calendar")
			}
			r.account.onRead, r.account.onWrite = nil, nil
			if diff := cmp.Diff(map[string]time.Time{"ana": {}, "ben": {}}, r.again()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// G1, G8: a server that goes on asking for a second is asked less and less often, and one
// that asks for a day within the hour.
func TestWaitFor(t *testing.T) {
	for _, c := range []struct {
		asked    time.Duration
		attempts int
		want     time.Duration
	}{
		{time.Second, 1, 30 * time.Second},
		{time.Second, 2, time.Minute},
		{time.Second, 6, 15 * time.Minute},
		{time.Second, 1000, 15 * time.Minute},
		{time.Minute, 1, time.Minute},
		{20 * time.Minute, 1000, 20 * time.Minute},
		{24 * time.Hour, 1, time.Hour},
	} {
		if got := waitFor(c.asked, c.attempts); got != c.want {
			t.Errorf("asked for %s, at attempt %d: %s, want %s", c.asked, c.attempts, got, c.want)
		}
	}
}
