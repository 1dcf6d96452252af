package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// served is a gateway serve, of the real program, that is ready.
type served struct {
	pid int
	// stop has it end, if it has not, and returns what it logged.
	stop func() string
}

// startServe starts a gateway serve in a folder. It ends with the test at the latest.
func startServe(t testing.TB, dir string, env []string, args ...string) served {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "gateway"), append([]string{"serve", "--json"}, args...)...)
	var log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, env, &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(func() string {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait tells
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("gateway serve: %v\n%s", err, log.String())
		}
		return log.String()
	})
	t.Cleanup(func() { stop() })
	var ready struct{ PID int }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&ready); err != nil {
		t.Fatalf("gateway serve does not say that it is ready: %v", err)
	}
	return served{ready.PID, stop}
}

// freeAddress is an address on this machine that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// askAPI makes a request with a token, and returns the answer and as much of its body as
// comes until ctx ends.
func askAPI(ctx context.Context, t testing.TB, token, method, address, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// mustAsk is askAPI of what must succeed.
func mustAsk(t testing.TB, token, method, address, body string) string {
	t.Helper()
	answer, text := askAPI(t.Context(), t, token, method, address, body)
	if answer.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s %s", method, address, answer.Status, text)
	}
	return text
}
