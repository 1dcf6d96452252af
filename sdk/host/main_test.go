package host_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/sdk/host"
	"github.com/trainercal/trainercal/sdk/internal/handshake"
	"github.com/trainercal/trainercal/sdk/serve"
)

// The test program is its own plugin, and its own host where a host must be killed
// or harmed: the first argument says what to be.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, known := roles[os.Args[1]]; known {
			role(os.Args[2:])
			return
		}
	}
	goleak.VerifyTestMain(m)
}

var roles = map[string]func([]string){
	"plugin": func([]string) { serve.Main(&fake{}) },
	// mute starts and never shakes hands.
	"mute": func([]string) { time.Sleep(time.Hour) },
	// half shakes hands and takes connections, and never says a word on one.
	"half": beHalf,
	// stranger is some other program.
	"stranger":   func([]string) { fmt.Println("usage: stranger https://example.com/?token=t0p") },
	"host":       beHost,
	"plain-host": bePlainHost,
}

func beHalf(args []string) {
	listener, err := net.Listen("unix", args[0])
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d|%d|unix|%s|grpc|\n", plugin.CoreProtocolVersion, handshake.Version, listener.Addr())
	for {
		if _, err := listener.Accept(); err != nil {
			panic(err)
		}
	}
}

// beHost launches a plugin, tells that it runs and waits to be killed.
func beHost(args []string) {
	self, err := os.Executable()
	if err == nil {
		_, err = host.Launch(context.Background(), host.Options{Command: self, Args: []string{"plugin"}, RunDir: args[0]})
	}
	fmt.Println("running", err)
	time.Sleep(time.Hour)
}

// bePlainHost runs the plugin with go-plugin alone, none of our guards around it,
// and has it write a hostile line.
func bePlainHost([]string) {
	cmd := exec.Command(os.Args[0], "plugin", "hostile")
	// Without it the plugin would outlive us.
	lifeline, held, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer held.Close()
	cmd.ExtraFiles, cmd.Env = []*os.File{lifeline}, []string{handshake.EnvLifeline + "=3"}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake.Config,
		VersionedPlugins: map[int]plugin.PluginSet{handshake.Version: {}},
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	_, err = client.Start()
	fmt.Println("survived", err)
	client.Kill()
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runDir is a folder with a short path, for sockets.
func runDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// options run the test program as the plugin.
func options(t *testing.T) host.Options {
	t.Helper()
	return host.Options{Command: self(t), Args: []string{"plugin"}, RunDir: runDir(t)}
}

func launch(t *testing.T, o host.Options) *host.Process {
	t.Helper()
	p, err := host.Launch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// other runs the test program in a role and returns its first line of output.
func other(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(self(t), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, line
}
