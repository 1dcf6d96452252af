// Program gateway-plugin-hello is a whole calendar backend as small as one can be: a
// folder with a folder for each mailbox, which holds an .ics file for each
// appointment. It is an example of package sdk; README.md says what it cannot do.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/schema"
	"github.com/trainercal/trainercal/sdk/serve"
)

func main() { serve.Main(backend{}) }

type backend struct{}

// Describe implements [sdk.Backend].
func (backend) Describe() sdk.Description {
	return sdk.Description{Service: "hello", Version: "0.1.0", Summary: "A folder of .ics files.", Settings: schema.Schema{
		Attributes: []schema.Attribute{{Name: "folder", Type: schema.String, Required: true, Help: "Where the mailboxes' folders are."}},
	}}
}

// Open implements [sdk.Backend].
func (backend) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	var settings struct{ Folder string }
	err := json.Unmarshal(req.Settings, &settings)
	if err == nil {
		var root *os.Root // no name leads out of it, whatever it holds
		if root, err = os.OpenRoot(settings.Folder); err == nil {
			return &account{root: root}, nil
		}
	}
	return nil, &sdk.SettingsError{Diagnostics: []schema.Diagnostic{{
		Severity: schema.Error, Summary: "The folder cannot be opened", Detail: err.Error(), Path: []string{"folder"},
	}}}
}

type account struct {
	root *os.Root
	mu   sync.Mutex // of writes
}

// Close implements [sdk.Account].
func (a *account) Close() error { return a.root.Close() }

// items reads a mailbox's files. One that cannot be read fails the mailbox: a trainer
// must not look free for it.
func (a *account) items(m sdk.Mailbox) ([]calendar.Item, *sdk.Error) {
	files, err := fs.Glob(a.root.FS(), m.Address+"/*.ics")
	if _, missing := a.root.Stat(m.Address); missing != nil || err != nil {
		return nil, sdk.CodeMailboxNotFound.New("there is no such folder").WithAdvice("make it, or correct the trainer's email")
	}
	var items []calendar.Item
	for _, file := range files {
		item, err := a.read(file, m)
		if err != nil {
			return nil, sdk.CodeBadAnswer.Wrap(err, "a file is not an appointment that this plugin can read")
		}
		items = append(items, item)
	}
	return items, nil
}

// each answers the requests one after another.
func each[R, P any](reqs []R, emit func(P) error, answer func(R) P) error {
	for _, r := range reqs {
		if err := emit(answer(r)); err != nil {
			return err
		}
	}
	return nil
}

// Verify implements [sdk.Account].
func (a *account) Verify(_ context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	return each(mailboxes, emit, func(m sdk.Mailbox) sdk.Check {
		if _, err := a.items(m); err != nil {
			return sdk.Check{Mailbox: m.Address, Step: "read", Outcome: sdk.Failed, Observed: err.Message, Advice: err.Advice}
		}
		return sdk.Check{Mailbox: m.Address, Step: "read", Outcome: sdk.Passed, Observed: "All files can be read."}
	})
}

// Read implements [sdk.Account]. There is no cursor: every read is full.
func (a *account) Read(_ context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	return each(reqs, emit, func(r sdk.ReadRequest) sdk.ReadPage {
		items, err := a.items(r.Mailbox)
		if err != nil {
			return sdk.ReadPage{Mailbox: r.Mailbox.Address, Err: err}
		}
		page := sdk.ReadPage{Mailbox: r.Mailbox.Address, Complete: &sdk.Complete{Full: true, Covered: r.Window}}
		for _, item := range items {
			if r.Window.Overlaps(item.When.Span(zone(r.Mailbox))) && (r.Scope == sdk.ScopeAll || item.Marker != nil) {
				page.Changes = append(page.Changes, calendar.Change{Upsert: visible(item, r.Detail)})
			}
		}
		return page
	})
}

// Get implements [sdk.Account].
func (a *account) Get(_ context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return each(reqs, emit, func(r sdk.GetRequest) sdk.GetPage {
		items, err := a.items(r.Mailbox)
		page := sdk.GetPage{Mailbox: r.Mailbox.Address, Err: err, Done: err == nil}
		for _, id := range r.IDs {
			if at := slices.IndexFunc(items, func(i calendar.Item) bool { return i.ID == id }); at >= 0 {
				page.Items = append(page.Items, *visible(items[at], r.Detail))
			} else if err == nil {
				page.Missing = append(page.Missing, id)
			}
		}
		return page
	})
}

// Find implements [sdk.Account].
func (a *account) Find(_ context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	return each(reqs, emit, func(r sdk.FindRequest) sdk.FindPage {
		items, err := a.items(r.Mailbox)
		items = slices.DeleteFunc(items, func(i calendar.Item) bool { return i.Marker == nil })
		return sdk.FindPage{Mailbox: r.Mailbox.Address, Items: items, Err: err, Done: err == nil}
	})
}

// Write implements [sdk.Account].
func (a *account) Write(_ context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	for _, r := range reqs {
		err := each(r.Operations, emit, func(op sdk.Operation) sdk.WriteResult {
			result := sdk.WriteResult{Mailbox: r.Mailbox.Address, Operation: op.ID, ItemID: op.ItemID}
			if op.Kind == sdk.Create { // the name comes from the marker: a repetition writes the same file
				result.ItemID = calendar.ItemID(fmt.Sprintf("%x.ics", sha256.Sum256([]byte(op.Marker.String()))))
			}
			result.Version, result.Err = a.carryOut(r.Mailbox, op, string(result.ItemID))
			return result
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// carryOut writes or removes a file and returns the version that it has then.
func (a *account) carryOut(m sdk.Mailbox, op sdk.Operation, name string) (string, *sdk.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	file := m.Address + "/" + name
	old, err := a.root.ReadFile(file)
	switch {
	case op.Kind == sdk.Delete:
		err = a.root.Remove(file)
	case op.Kind == sdk.Update && err != nil:
	case op.Version != "" && op.Version != version(old):
		return "", sdk.ErrConflict
	default:
		content := format(op)
		if err = a.root.WriteFile(file+".new", content, 0o600); err == nil {
			err = a.root.Rename(file+".new", file) // a reader sees the old file or the new one
		}
		old = content
	}
	switch {
	case err == nil || (op.Kind == sdk.Delete && errors.Is(err, fs.ErrNotExist)):
		return version(old), nil
	case errors.Is(err, fs.ErrNotExist) && op.Kind == sdk.Update:
		return "", sdk.ErrItemNotFound
	}
	return "", sdk.CodeMailboxUnavailable.Wrap(err, "the file cannot be written").WithAdvice("check the folder's permissions and the disk")
}
