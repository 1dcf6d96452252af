package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// The whole proof in small, without and with a kill in the middle: nothing is lost, and the
// program says so. It takes longer than its five seconds because what people did to the
// gateway's items is put right at the interval, whose least is ten.
func TestLoad(t *testing.T) {
	programs := build(t)
	for _, form := range []string{"--kill=false", "--kill"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			proves(t, "--programs", programs, form)
		})
	}
}

// build builds the gateway and its plugin.
func build(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	args := append(append([]string{"build"}, raceFlags...), "-o", folder+string(filepath.Separator),
		"../../gateway", "../../plugins/exchangeonline/cmd/gateway-plugin-exchange-online")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build the gateway: %v\n%s", err, out)
	}
	return folder
}

func proves(t *testing.T, args ...string) {
	t.Helper()
	o, err := parse(append(strings.Fields("--trainers 50 --for 5s --latency 5ms --interval 10s --steady 1s --patience 3m"), args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = prove(t.Context(), o, &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{fmt.Sprintf("seed %d:", o.seed), "p99", "feed ", "syncs ", "VERDICT     proven"} {
		if !strings.Contains(out.String(), figure) {
			t.Errorf("the program does not print %q", figure)
		}
	}
}

// What is wrong in the calendars fails the whole proof: here an item of the gateway's that
// nobody scheduled.
func TestLoadFindsWhatIsLeftOver(t *testing.T) {
	o, err := parse(strings.Fields("--trainers 3 --latency 0s --patience 1ms"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSite(o, ten)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.close()
		_ = os.RemoveAll(s.dir) // it is the system's temporary folder
	})
	p := newProof(o, io.Discard, s, ten)
	server := against(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"unavailability":[]}`) })
	server.figures = p.figures
	p.client = server
	for _, box := range s.boxes {
		for _, own := range box.Items(world.Calendar) {
			if err := box.Delete(own.Ref, world.Gone, world.Write{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if wrong, err := p.differences(ctx); err != nil || len(wrong) != 0 {
		t.Fatalf("found %q, %v in empty calendars", wrong, err)
	}
	left := item("Training: Load C-1-1 state 1", ten, true)
	if _, err := s.boxes[1].Create(left.Appointment, world.SendNone); err != nil {
		t.Fatal(err)
	}
	if err := p.settle(ctx); err != nil {
		t.Fatal(err)
	}
	found(t, p.figures.failures, "the calendar of t1 has 1")
}
