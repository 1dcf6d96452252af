package control

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// mailboxJSON is a mailbox.
type mailboxJSON struct {
	SMTP    string      `json:"smtp"`
	Aliases []string    `json:"aliases,omitempty"`
	UserID  string      `json:"user_id,omitempty"`
	Name    string      `json:"name,omitempty"`
	Zone    string      `json:"zone,omitempty"`
	State   world.State `json:"state,omitempty"`
	// MaxItems is the quota; 0 is none.
	MaxItems int `json:"max_items,omitempty"`
	// Items is how many items and series are in the calendar; only answered.
	Items int `json:"items"`
}

// states are the valid values of a mailbox's state.
var states = []world.State{world.OK, world.NoPermission, world.Disabled, world.Moved, world.Moving, world.OnPremises}

func checkState(s world.State) error {
	if s != "" && !slices.Contains(states, s) {
		return fmt.Errorf("state %q: want one of %v", s, states)
	}
	return nil
}

func mailboxOf(m *world.Mailbox) (mailboxJSON, error) {
	p := m.Profile()
	calendar, err := m.Folder(world.Calendar)
	out := mailboxJSON{SMTP: p.SMTP, Aliases: p.Aliases, UserID: p.UserID, Name: p.Name, Zone: p.Zone, State: p.State, MaxItems: p.MaxItems, Items: calendar.Items}
	if out.State == "" {
		out.State = world.OK
	}
	return out, err
}

func (h *Handler) listMailboxes(*http.Request) (any, error) {
	list := []mailboxJSON{}
	for _, m := range h.opts.World.Mailboxes() {
		entry, err := mailboxOf(m)
		if err != nil {
			return nil, err
		}
		list = append(list, entry)
	}
	return map[string]any{"mailboxes": list}, nil
}

func (h *Handler) addMailbox(r *http.Request) (any, error) {
	var in mailboxJSON
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkState(in.State); err != nil {
		return nil, err
	}
	m, err := h.opts.World.AddMailbox(world.Profile{
		SMTP: in.SMTP, Aliases: in.Aliases, UserID: in.UserID, Name: in.Name, Zone: in.Zone, State: in.State, MaxItems: in.MaxItems,
	})
	if err != nil {
		return nil, err
	}
	return mailboxOf(m)
}

// mailbox finds the mailbox in the path.
func (h *Handler) mailbox(r *http.Request) (*world.Mailbox, error) {
	m, err := h.opts.World.Mailbox(r.PathValue("mailbox"))
	if err != nil {
		return nil, fmt.Errorf("mailbox %q: %w", r.PathValue("mailbox"), err)
	}
	return m, nil
}

// editMailbox changes a mailbox's state and quota.
func (h *Handler) editMailbox(r *http.Request) (any, error) {
	m, err := h.mailbox(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		State    *world.State `json:"state"`
		MaxItems *int         `json:"max_items"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.State != nil {
		if err := checkState(*in.State); err != nil {
			return nil, err
		}
		m.SetState(*in.State)
	}
	if in.MaxItems != nil {
		m.SetMaxItems(*in.MaxItems)
	}
	return mailboxOf(m)
}

func (h *Handler) removeMailbox(r *http.Request) (any, error) {
	if _, err := h.mailbox(r); err != nil {
		return nil, err
	}
	h.opts.World.RemoveMailbox(r.PathValue("mailbox"))
	return nil, nil
}

// expire makes all delta tokens and sync states of a mailbox invalid.
func (h *Handler) expire(r *http.Request) (any, error) {
	m, err := h.mailbox(r)
	if err != nil {
		return nil, err
	}
	m.ExpirePositions()
	return nil, nil
}
