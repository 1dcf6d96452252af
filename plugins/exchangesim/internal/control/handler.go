package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 8 << 20

// Options configure a [Handler].
type Options struct {
	World  *world.World
	Faults *faults.Set
	// RevokeTokens makes all access tokens invalid, ChallengeTokens until they are asked
	// for with the claims that Graph demands.
	RevokeTokens, ChallengeTokens func()
	// EWSPath and GraphPrefix are shown on the first page.
	EWSPath, GraphPrefix string
}

// Handler serves the control interface and the pages.
type Handler struct {
	opts Options
	mux  *http.ServeMux
}

// New returns the handler.
func New(opts Options) *Handler {
	h := &Handler{opts: opts, mux: http.NewServeMux()}
	h.mux.HandleFunc("GET /{$}", h.showMailboxes)
	h.mux.HandleFunc("GET /mailboxes/{mailbox}", h.showWeek)
	for pattern, do := range map[string]action{
		"GET /control/mailboxes":                           h.listMailboxes,
		"POST /control/mailboxes":                          h.addMailbox,
		"PATCH /control/mailboxes/{mailbox}":               h.editMailbox,
		"DELETE /control/mailboxes/{mailbox}":              h.removeMailbox,
		"POST /control/mailboxes/{mailbox}/expire":         h.expire,
		"GET /control/mailboxes/{mailbox}/items":           h.listItems,
		"POST /control/mailboxes/{mailbox}/items":          h.addItem,
		"GET /control/mailboxes/{mailbox}/items/{item}":    h.getItem,
		"PATCH /control/mailboxes/{mailbox}/items/{item}":  h.editItem,
		"DELETE /control/mailboxes/{mailbox}/items/{item}": h.removeItem,
		"GET /control/faults":                              h.listFaults,
		"POST /control/faults":                             h.addFault,
		"DELETE /control/faults":                           h.clearFaults,
		"DELETE /control/faults/{id}":                      h.removeFault,
		"GET /control/counts":                              h.listCounts,
		"DELETE /control/counts":                           h.clearCounts,
		"GET /control/outbox":                              h.listOutbox,
		"DELETE /control/outbox":                           h.clearOutbox,
		"POST /control/tokens/revoke":                      h.revokeTokens,
		"POST /control/tokens/challenge":                   h.challengeTokens,
		"PUT /control/application/mailboxes":               h.limitApplication,
		"POST /control/reset":                              h.reset,
	} {
		h.mux.Handle(pattern, do)
	}
	return h
}

// ServeHTTP serves the interface and the pages.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// action answers a request with a value for JSON, or nil for an empty answer.
type action func(r *http.Request) (any, error)

// ServeHTTP writes the action's answer.
func (a action) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, err := a(r)
	status := http.StatusOK
	switch {
	case err != nil:
		status, answer = statusOf(err), map[string]string{"error": err.Error()}
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPost:
		status = http.StatusCreated
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.Encode(answer) //nolint:errcheck // the client has gone; there is nobody to tell
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, world.ErrMailboxNotFound), errors.Is(err, world.ErrItemNotFound), errors.Is(err, errNoFault),
		errors.Is(err, world.ErrOccurrenceDeleted), errors.Is(err, world.ErrOccurrenceRange):
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

// decode reads a request's body; a member that means nothing is an error.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read the request: more than one value")
	}
	return nil
}

var errNoFault = errors.New("no such fault")

func (h *Handler) listFaults(*http.Request) (any, error) { return h.opts.Faults.Rules(), nil }

func (h *Handler) addFault(r *http.Request) (any, error) {
	var rule faults.Rule
	if err := decode(r, &rule); err != nil {
		return nil, err
	}
	return h.opts.Faults.Add(rule)
}

func (h *Handler) clearFaults(*http.Request) (any, error) {
	h.opts.Faults.Clear()
	return nil, nil
}

func (h *Handler) removeFault(r *http.Request) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !h.opts.Faults.Remove(id) {
		return nil, fmt.Errorf("%w: %q", errNoFault, r.PathValue("id"))
	}
	return nil, nil
}

func (h *Handler) listCounts(*http.Request) (any, error) {
	return map[string]any{"counts": h.opts.Faults.Counts()}, nil
}

func (h *Handler) clearCounts(*http.Request) (any, error) {
	h.opts.Faults.ClearCounts()
	return nil, nil
}

// mailJSON is a mail of the outbox.
type mailJSON struct {
	Kind    world.MailKind `json:"kind"`
	From    string         `json:"from"`
	To      []string       `json:"to"`
	Subject string         `json:"subject"`
	Item    string         `json:"item"`
	Time    string         `json:"time"`
}

func (h *Handler) listOutbox(*http.Request) (any, error) {
	mails := []mailJSON{}
	for _, m := range h.opts.World.Outbox() {
		mails = append(mails, mailJSON{m.Kind, m.From, m.To, m.Subject, refText(m.Item), m.Time.UTC().Format(timeForm)})
	}
	return map[string]any{"mails": mails}, nil
}

func (h *Handler) clearOutbox(*http.Request) (any, error) {
	h.opts.World.ClearOutbox()
	return nil, nil
}

func (h *Handler) revokeTokens(*http.Request) (any, error) {
	h.opts.RevokeTokens()
	return nil, nil
}

func (h *Handler) challengeTokens(*http.Request) (any, error) {
	h.opts.ChallengeTokens()
	return nil, nil
}

// limitApplication says which mailboxes the application may use; none for all.
func (h *Handler) limitApplication(r *http.Request) (any, error) {
	var in struct {
		Mailboxes []string `json:"mailboxes"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	h.opts.World.LimitApplication(in.Mailboxes...)
	return nil, nil
}

// reset forgets faults, counts, mails and the application's limits, and with {"mailboxes": true} all mailboxes.
func (h *Handler) reset(r *http.Request) (any, error) {
	var in struct {
		Mailboxes bool `json:"mailboxes"`
	}
	if r.ContentLength != 0 {
		if err := decode(r, &in); err != nil {
			return nil, err
		}
	}
	h.opts.Faults.Clear()
	h.opts.Faults.ClearCounts()
	h.opts.World.ClearOutbox()
	h.opts.World.LimitApplication()
	if in.Mailboxes {
		for _, m := range h.opts.World.Mailboxes() {
			h.opts.World.RemoveMailbox(m.Address())
		}
	}
	return nil, nil
}
