package pluginhost

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// TestRestartPauses: at once after the first death, then after growing pauses, and
// not at all for a while after too many.
func TestRestartPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		h := New(Options{Setup: Setup{Launch: w.launch}})
		defer h.Close()
		var waited []time.Duration
		for range loopDeaths {
			begun := time.Now()
			if _, err := h.Describe(t.Context(), "caldav"); err != nil {
				t.Fatal(err)
			}
			waited = append(waited, time.Since(begun))
			w.process().Kill()
		}
		want := []time.Duration{0, 0, firstPause, 2 * firstPause, 4 * firstPause, 8 * firstPause}
		if !slices.Equal(waited, want) {
			t.Errorf("waited %v, want %v", waited, want)
		}
		_, err := h.Describe(t.Context(), "caldav")
		if !errors.Is(err, sdk.ErrPluginDied) {
			t.Fatalf("in a crash loop: %v, want ErrPluginDied", err)
		}
		time.Sleep(loopWindow)
		if _, err := h.Describe(t.Context(), "caldav"); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		if n, _, _ := w.count(); n != loopDeaths+1 {
			t.Errorf("%d starts, want %d", n, loopDeaths+1)
		}
	})
}

// TestFailedStarts: a plugin that cannot start is in a crash loop too, whose error
// says why; a wrong configuration is not.
func TestFailedStarts(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"dies at once", sdk.CodePluginDied.New("no handshake"), loopDeaths},
		{"wrong checksum", sdk.CodeInvalidSettings.New("another checksum"), 2 * loopDeaths},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				starts := 0
				w := &world{onLaunch: func(context.Context, string) error { starts++; return c.err }}
				h := New(Options{Setup: Setup{Launch: w.launch}})
				defer h.Close()
				for range 2 * loopDeaths {
					_, err := h.Describe(t.Context(), "caldav")
					if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.err.(*sdk.Error).Message) {
						t.Fatalf("got %v, want one that says %v", err, c.err)
					}
				}
				if starts != c.want {
					t.Errorf("%d starts, want %d", starts, c.want)
				}
			})
		})
	}
}

// TestWrongProgram: a program that serves something else, or does not answer, is not
// left running.
func TestWrongProgram(t *testing.T) {
	for _, c := range []struct {
		name        string
		description sdk.Description
		err         error
		want        error
	}{
		{"another service", sdk.Description{Service: "google-calendar"}, nil, sdk.ErrInvalidSettings},
		{"no answer", sdk.Description{}, context.DeadlineExceeded, sdk.ErrPluginDied},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{onDescribe: func(context.Context) (sdk.Description, error) { return c.description, c.err }}
			h := New(Options{Setup: Setup{Launch: w.launch}})
			defer h.Close()
			if _, err := h.Describe(t.Context(), "caldav"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			select {
			case <-w.process().Done():
			default:
				t.Error("the process is left running")
			}
		})
	}
}

// TestGivenUp: whoever waits for a plugin can give up, alone or because the gateway
// shuts down, and that counts as nothing against the plugin.
func TestGivenUp(t *testing.T) {
	hang := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	t.Run("one caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{onLaunch: hang}
			h := New(Options{Setup: Setup{Launch: w.launch}})
			defer h.Close()
			for range 2 * loopDeaths {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := h.Describe(ctx, "caldav")
				cancel()
				if err == nil {
					t.Fatal("a start that hung succeeded")
				}
			}
			w.onLaunch = nil
			if _, err := h.Describe(t.Context(), "caldav"); err != nil {
				t.Errorf("a good start afterwards: %v", err)
			}
		})
	})
	t.Run("second caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{onLaunch: hang}
			h := New(Options{Setup: Setup{Launch: w.launch}})
			defer h.Close()
			go func() { _, _ = h.Describe(t.Context(), "caldav") }()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := h.Describe(ctx, "caldav"); !errors.Is(err, sdk.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	})
	t.Run("shutdown", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{onLaunch: hang}
			h := New(Options{Setup: Setup{Launch: w.launch}})
			failed := make(chan error, 1)
			go func() {
				_, err := h.Describe(t.Context(), "caldav")
				failed <- err
			}()
			synctest.Wait()
			h.Close()
			h.Close()
			if err := <-failed; err == nil {
				t.Error("a start outlived the host")
			}
			for _, service := range []string{"caldav", "another"} {
				if _, err := h.Describe(t.Context(), service); !errors.Is(err, sdk.ErrUnavailable) {
					t.Errorf("%s after Close: %v, want ErrUnavailable", service, err)
				}
			}
		})
	})
}

// TestOneStart: callers at the same time share one process.
func TestOneStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onLaunch: func(context.Context, string) error { time.Sleep(time.Second); return nil }}
		h := New(Options{Setup: Setup{Launch: w.launch}})
		defer h.Close()
		for range 10 {
			go func() {
				if _, err := h.Describe(t.Context(), "caldav"); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(time.Minute)
		if n, _, _ := w.count(); n != 1 {
			t.Errorf("%d starts, want 1", n)
		}
	})
}

// TestFlush reaches the running plugins and starts none.
func TestFlush(t *testing.T) {
	w := &world{}
	h := New(Options{Setup: Setup{Launch: w.launch}})
	defer h.Close()
	if err := h.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Describe(t.Context(), "caldav"); err != nil {
		t.Fatal(err)
	}
	if err := h.Flush(t.Context()); err != nil || w.flushed != 1 {
		t.Errorf("flushed %d times: %v", w.flushed, err)
	}
	w.process().Kill()
	if err := h.Flush(t.Context()); err != nil || w.flushed != 1 {
		t.Errorf("flushed a dead plugin: %d, %v", w.flushed, err)
	}
	if n, _, _ := w.count(); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}
