package oracle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ewsSchema is Microsoft's schema of a whole SOAP message, below the oracles' folder.
const ewsSchema = "ews-xsd/2016/envelope.xsd"

// ewsBatch is how many messages one run of xmllint validates: reading the schema
// costs far more than a message does.
const ewsBatch = 500

// EWS collects EWS messages as tests see them pass by, and has Microsoft's schema
// judge all of them at once. The zero value is ready; its methods may be called from
// several goroutines. A message that was seen before is not kept again.
type EWS struct {
	mu       sync.Mutex
	seen     map[[sha256.Size]byte]bool
	messages []ewsMessage
}

type ewsMessage struct {
	name string
	body []byte
}

// Collect keeps one message. The name, for example "FindItem request", is for the
// report of a failure.
func (e *EWS) Collect(name string, message []byte) {
	sum := sha256.Sum256(message)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = make(map[[sha256.Size]byte]bool)
	}
	if len(message) > 0 && !e.seen[sum] {
		e.seen[sum] = true
		e.messages = append(e.messages, ewsMessage{name, slices.Clone(message)})
	}
}

// Check fails the test for every collected message that the schema refuses. Without
// the oracles or xmllint it skips the test.
func (e *EWS) Check(t testing.TB) {
	t.Helper()
	if reason := EWSUnavailable(); reason != "" {
		t.Skip(reason)
	}
	// Checks run as a test cleans up, when its context has ended.
	complaints, err := e.Judge(context.WithoutCancel(t.Context()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range complaints {
		t.Error(c)
	}
}

// Judge returns what the schema refuses of the messages collected so far, each by its
// name. It writes them into a directory, which is the caller's to remove.
func (e *EWS) Judge(ctx context.Context, dir string) ([]string, error) {
	e.mu.Lock()
	messages := e.messages
	e.mu.Unlock()
	var all []string
	for batch := range slices.Chunk(messages, ewsBatch) {
		complaints, err := validateEWS(ctx, dir, batch)
		if err != nil {
			return nil, err
		}
		all = append(all, complaints...)
	}
	return all, nil
}

// EWSUnavailable says in one line why EWS messages cannot be validated here; empty
// when they can.
func EWSUnavailable() string {
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		return "TRAINERCAL_ORACLES is not set: EWS messages are not checked against Microsoft's schema"
	}
	if _, err := os.Stat(filepath.Join(root, ewsSchema)); err != nil {
		return "TRAINERCAL_ORACLES has no " + ewsSchema
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		return "xmllint is not installed (Debian: libxml2-utils): EWS messages are not checked against Microsoft's schema"
	}
	return ""
}

// validateEWS returns what xmllint says about each message that it refuses.
func validateEWS(ctx context.Context, dir string, messages []ewsMessage) ([]string, error) {
	schema := filepath.Join(os.Getenv("TRAINERCAL_ORACLES"), ewsSchema)
	args := []string{"--noout", "--nonet", "--schema", schema}
	names := make(map[string]string, len(messages))
	for i, m := range messages {
		file := filepath.Join(dir, fmt.Sprintf("%04d.xml", i))
		if err := os.WriteFile(file, m.body, 0o600); err != nil {
			return nil, fmt.Errorf("write a message for xmllint: %w", err)
		}
		names[file] = m.name
		args = append(args, file)
	}
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, "xmllint", args...)
	command.Stderr = &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("run xmllint: %w", err)
	}
	complaints, validated := readXMLLint(stderr.String(), names)
	if validated != len(messages)-len(complaints) {
		return nil, fmt.Errorf("xmllint judged %d of %d messages: %s", validated+len(complaints), len(messages), stderr.String())
	}
	return complaints, nil
}

// readXMLLint reads what xmllint reported: "FILE validates", "FILE fails to validate",
// and before the latter, or for what is no XML at all, lines "FILE:LINE: …".
func readXMLLint(report string, names map[string]string) (complaints []string, validated int) {
	reasons := make(map[string][]string)
	for line := range strings.Lines(report) {
		line = strings.TrimSpace(line)
		if file, ok := strings.CutSuffix(line, " validates"); ok && names[file] != "" {
			validated++
			continue
		}
		file, rest, _ := strings.Cut(line, ":")
		file = strings.TrimSuffix(file, " fails to validate")
		if names[file] != "" {
			reasons[file] = append(reasons[file], rest)
		}
	}
	for file, lines := range reasons {
		complaints = append(complaints, names[file]+": the schema refuses it: "+strings.Join(lines, "\n\t"))
	}
	slices.Sort(complaints)
	return complaints, validated
}
