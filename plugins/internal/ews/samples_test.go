package ews

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readers are the decoders of the answers the client reads, by operation. Each
// returns how many items it found, and the first error of a message.
var readers = map[string]func([]byte) (items int, err error){
	"GetFolder":       reader(func(m folderMessage) int { return len(m.Folders.List) }),
	"FindItem":        reader(func(m findMessage) int { return m.items() }),
	"GetItem":         reader(func(m itemsMessage) int { return m.Items.count() }),
	"CreateItem":      reader(func(m itemsMessage) int { return m.Items.count() }),
	"UpdateItem":      reader(func(m itemsMessage) int { return m.Items.count() }),
	"DeleteItem":      reader(func(deleteMessage) int { return 0 }),
	"Subscribe":       reader(func(subscribeMessage) int { return 0 }),
	"SyncFolderItems": reader(func(m syncMessage) int { c := m.changes(); return c.Created + c.Updated + c.Deleted }),
}

func (m findMessage) items() int {
	if m.Root == nil || m.Root.Items == nil {
		return 0
	}
	return m.Root.Items.count()
}

func reader[M message](count func(M) int) func([]byte) (int, error) {
	return func(body []byte) (int, error) {
		var a answer[M]
		if err := decode(body, &a); err != nil {
			return 0, err
		}
		if a.Body == nil || a.Body.Response == nil || a.Body.Response.Messages == nil {
			return 0, errors.New("no messages")
		}
		n := 0
		for _, m := range a.Body.Response.Messages.List {
			n += count(m)
			if err := m.outcome().err(); err != nil && err.Detail == "" {
				return n, err
			}
		}
		return n, nil
	}
}

// Published and recorded answers are read without loss: as many items as the raw
// document holds, each with its id.
func TestSamples(t *testing.T) {
	oracles := os.Getenv("TRAINERCAL_ORACLES")
	if oracles == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: no recorded answers to read")
	}
	files, err := filepath.Glob(filepath.Join(oracles, "samples", "ews", "*", "*Response__*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, path := range files {
		operation, _, _ := strings.Cut(filepath.Base(path), "Response__")
		decoder, ours := readers[operation]
		if !ours {
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		read++
		got, err := decoder(body)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		if want := rawCount(t, body, operation); got != want {
			t.Errorf("%s: %d items, want %d", filepath.Base(path), got, want)
		}
	}
	if read < 40 {
		t.Errorf("%d answers read; the recordings are not where they are looked for", read)
	}
}

// parents are the elements whose children are counted, by operation.
var parents = map[string]string{"GetFolder": "Folders", "SyncFolderItems": "Changes"}

// rawCount counts the things in an answer without the decoders under test.
func rawCount(t *testing.T, body []byte, operation string) int {
	parent := parents[operation]
	if parent == "" {
		parent = "Items"
	}
	var path []string
	n := 0
	for dec := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(path) > 0 && path[len(path)-1] == parent && e.Name.Local != "ReadFlagChange" {
				n++
			}
			path = append(path, e.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// Recorded faults are explained by the code they carry.
func TestRecordedFaults(t *testing.T) {
	oracles := os.Getenv("TRAINERCAL_ORACLES")
	if oracles == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: no recorded faults to read")
	}
	for file, want := range map[string]string{
		"exchangelib-tests/Fault__test_services_L111.xml": CodeServerBusy,
		"exchangelib-tests/Fault__test_services_L140.xml": "ErrorSchemaValidation",
	} {
		body, err := os.ReadFile(filepath.Join(oracles, "samples", "ews", file))
		if err != nil {
			t.Fatal(err)
		}
		var a answer[Status]
		if err := decode(body, &a); err != nil {
			t.Fatal(err)
		}
		if a.Body.Fault == nil || a.Body.Fault.err().Detail != want {
			t.Errorf("%s: %+v; want %s", file, a.Body.Fault, want)
		}
	}
}
