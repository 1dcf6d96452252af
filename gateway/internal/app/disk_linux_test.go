package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

// smallDisk is a disk of its own, where the user may make one.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillDisk takes all room there is, until release is called.
func fillDisk(t *testing.T, dir string) (release func()) {
	t.Helper()
	name := filepath.Join(dir, "other")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// While the disk is full, the API refuses what it cannot keep and says so, a run says why
// it is not made, and what is stored can be read; the status says what to do. Once there is
// room, the same serve goes on, and what was accepted is all there, no more and no less.
func TestServeOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, 6<<20)
	a := newApp(t, dir, "v1")
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	_ = probe.Close() // it was for a free address alone
	a.Config().Sync.Engine = false
	a.Config().API = config.API{Listen: address, MaxBodyBytes: 1 << 20, RateLimit: config.RateLimit{PerSecond: 1e4, Burst: 1e4}, Tokens: []config.Token{{
		Name: "platform", Hash: sha256.Sum256([]byte("secret")), Scopes: []config.Scope{config.ScopeRead, config.ScopeSchedule},
	}}}
	drain, ready, over := make(chan struct{}), make(chan Serving, 1), make(chan error, 1)
	go func() { over <- a.Serve(context.Background(), drain, func(s Serving) { ready <- s }) }()
	select {
	case <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		req.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	accepted := 0
	put := func() (int, string) {
		t.Helper()
		id := fmt.Sprint("c", accepted)
		status, text := ask(http.MethodPut, "/v1/providers/northwind/courses/"+id, fmt.Sprintf(
			`{"id":%q,"name":%q,"kind":"class","status":"confirmed","start":"2030-05-06T09:00:00Z","end":"2030-05-06T17:00:00Z","trainers":[]}`,
			id, strings.Repeat("long ", 40)))
		if status < http.StatusMultipleChoices {
			accepted++
		}
		return status, text
	}
	if status, text := put(); status >= http.StatusMultipleChoices {
		t.Fatalf("with room: %d %s", status, text)
	}
	release := fillDisk(t, dir)
	status, text := put()
	for n := 0; status < http.StatusMultipleChoices && n < 2000; n++ {
		status, text = put()
	}
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "its operator has to mend that") {
		t.Errorf("on a full disk: %d %s", status, text)
	}
	other := newApp(t, dir, "v1")
	if run, err := other.Sync(t.Context(), Filter{}, Watcher{}); err == nil || !strings.Contains(err.Error(), "the disk of the state is full") {
		t.Errorf("a run on a full disk: %s, %v", run.State, err)
	}
	o, err := newApp(t, dir, "v1").Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if needs := o.Needs(); len(needs) == 0 || needs[0].Kind != NeedDisk || needs[0].Advice == "" {
		t.Errorf("the status says %+v", needs)
	}
	if status, _ := ask(http.MethodGet, "/v1/providers/northwind/courses/c0", ""); status != http.StatusOK {
		t.Errorf("what is stored cannot be read: %d", status)
	}
	release()
	if status, text := put(); status >= http.StatusMultipleChoices {
		t.Errorf("with room again: %d %s", status, text)
	}
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	courses, err := state.Courses(t.Context(), "northwind")
	if err != nil || len(courses) != accepted {
		t.Errorf("%d courses are stored, %d were accepted, %v", len(courses), accepted, err)
	}
	close(drain)
	if err := <-over; err != nil {
		t.Error(err)
	}
}
