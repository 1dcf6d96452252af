package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// refText writes a ref as "12", or as "12@2026-10-20" for an occurrence.
func refText(ref world.Ref) string {
	if ref.Occurrence.IsZero() {
		return strconv.FormatInt(int64(ref.Item), 10)
	}
	return fmt.Sprintf("%d@%v", ref.Item, ref.Occurrence)
}

func parseRef(s string) (ref world.Ref, err error) {
	number, day, occurrence := strings.Cut(s, "@")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return ref, fmt.Errorf("item %q: %w", s, world.ErrItemNotFound)
	}
	ref.Item = world.ItemID(id)
	if occurrence {
		ref.Occurrence, err = world.ParseDate(day)
	}
	return ref, err
}

// target finds the mailbox and the item in the path.
func (h *Handler) target(r *http.Request) (m *world.Mailbox, ref world.Ref, err error) {
	if m, err = h.mailbox(r); err == nil {
		ref, err = parseRef(r.PathValue("item"))
	}
	return m, ref, err
}

// listItems lists singles and series of the calendar or, with start and end, what the
// calendar shows between them; with folder=deletedItems what was deleted.
func (h *Handler) listItems(r *http.Request) (any, error) {
	m, err := h.mailbox(r)
	if err != nil {
		return nil, err
	}
	folder := world.Calendar
	if f := r.FormValue("folder"); f != "" {
		folder = world.FolderKind(f)
		if _, err := m.Folder(folder); err != nil {
			return nil, err
		}
	}
	items := m.Items(folder)
	if r.FormValue("start") != "" || r.FormValue("end") != "" {
		start, err1 := time.Parse(time.RFC3339, r.FormValue("start"))
		end, err2 := time.Parse(time.RFC3339, r.FormValue("end"))
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("start and end must be RFC 3339: %w", err)
		}
		items = m.View(start, end, false)
	}
	list := []itemJSON{}
	for _, it := range items {
		list = append(list, itemOf(it))
	}
	return map[string]any{"items": list}, nil
}

func (h *Handler) getItem(r *http.Request) (any, error) {
	m, ref, err := h.target(r)
	if err != nil {
		return nil, err
	}
	it, err := m.Get(ref)
	if err != nil {
		return nil, err
	}
	return itemOf(it), nil
}

func (h *Handler) addItem(r *http.Request) (any, error) {
	m, err := h.mailbox(r)
	if err != nil {
		return nil, err
	}
	in := itemJSON{Zone: m.Profile().Zone}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	var a world.Appointment
	if err := in.apply(&a); err != nil {
		return nil, err
	}
	it, err := m.Create(a, world.SendNone)
	if err != nil {
		return nil, err
	}
	return itemOf(it), nil
}

// editItem changes the members that are given. Editing an occurrence makes it an
// exception, as in any calendar program.
func (h *Handler) editItem(r *http.Request) (any, error) {
	m, ref, err := h.target(r)
	if err != nil {
		return nil, err
	}
	var patch json.RawMessage
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	before, err := m.Get(ref)
	if err != nil {
		return nil, err
	}
	it, err := m.Update(ref, world.Write{}, func(a *world.Appointment) error {
		now := before
		now.Appointment = *a
		edited := itemOf(now)
		d := json.NewDecoder(strings.NewReader(string(patch)))
		d.DisallowUnknownFields()
		if err := d.Decode(&edited); err != nil {
			return fmt.Errorf("read the request: %w", err)
		}
		return edited.apply(a)
	})
	if err != nil {
		return nil, err
	}
	return itemOf(it), nil
}

// removeItem moves an item to Deleted Items, or with ?gone=true removes it for good.
func (h *Handler) removeItem(r *http.Request) (any, error) {
	m, ref, err := h.target(r)
	if err != nil {
		return nil, err
	}
	where := world.ToDeletedItems
	if r.FormValue("gone") == "true" {
		where = world.Gone
	}
	return nil, m.Delete(ref, where, world.Write{})
}
