package graph

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/crc32"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// defaultDeltaPage is how many rows a page of a delta has where nothing is asked for.
const defaultDeltaPage = 10

// token is what is in a $skiptoken or a $deltatoken: the round's frozen window and a
// place in the mailbox's change log.
type token struct {
	Mailbox    []byte
	Start, End time.Time
	At         world.Position
	// Whole: the round is a full one, in which nothing is reported as removed.
	Whole bool
	// Generation counts the tokens handed out for the mailbox.
	Generation int
}

var errToken = errors.New("the token is malformed")

func (t token) encode() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic("graph: a token that is no JSON: " + err.Error())
	}
	sum := crc32.ChecksumIEEE(data)
	return base64.RawURLEncoding.EncodeToString(append(data, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)))
}

func decodeToken(s string) (t token, err error) {
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(data) < 4 {
		return t, errToken
	}
	n := len(data) - 4
	sum := crc32.ChecksumIEEE(data[:n])
	if string(data[n:]) != string([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}) {
		return t, errToken
	}
	if err := json.Unmarshal(data[:n], &t); err != nil {
		return t, errToken
	}
	return t, nil
}

// delta answers a page of what changed in a window.
func (h *Handler) delta(r *request) (*result, error) {
	// $select is ignored: Graph does not promise it here, and clients send it.
	if err := r.allow("startdatetime", "enddatetime", "$skiptoken", "$deltatoken", "$select"); err != nil {
		return nil, err
	}
	if _, err := r.checkCalendar(); err != nil {
		return nil, err
	}
	t, fresh, err := h.deltaToken(r)
	if err != nil {
		return nil, err
	}
	if fresh {
		// A round begins with a page that has only a link.
		return r.deltaPage([]any{}, "$skiptoken", t), nil
	}
	changes, end, err := r.mailbox.Changes(t.At)
	if err != nil {
		return nil, err
	}
	t.At.Epoch = end.Epoch
	rows, rest := r.deltaRows(&t, changes)
	if rest {
		return r.deltaPage(rows, "$skiptoken", t), nil
	}
	t.At, t.Whole, t.Generation = end, false, h.issue(r.mailbox)
	return r.deltaPage(rows, "$deltatoken", t), nil
}

// deltaToken reads where a request stands; fresh if it begins a round.
func (h *Handler) deltaToken(r *request) (t token, fresh bool, err error) {
	raw, skips := r.query["$skiptoken"]
	if !skips {
		raw = r.query["$deltatoken"]
	}
	if raw == "" {
		start, end, err := r.window()
		return token{Mailbox: mailboxKey(r.mailbox), Start: start, End: end, Whole: true}, true, err
	}
	t, err = decodeToken(raw)
	if err != nil || string(t.Mailbox) != string(mailboxKey(r.mailbox)) {
		return t, false, fail(400, "SyncStateInvalid", "Badly formed token.")
	}
	if !skips && h.outlived(r.mailbox, t.Generation) {
		return t, false, world.ErrStaleToken
	}
	return t, false, nil
}

// issue counts a new delta token of a mailbox.
func (h *Handler) issue(m *world.Mailbox) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.issued[m]++
	return h.issued[m]
}

// outlived reports whether too many newer tokens have been handed out since.
func (h *Handler) outlived(m *world.Mailbox, generation int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opts.Generations > 0 && h.issued[m]-generation >= h.opts.Generations
}

// deltaRows makes the rows of a page and moves the token past them. Everything of one
// item is in one page, however long. rest: there are more.
func (r *request) deltaRows(t *token, changes []world.Change) (rows []any, rest bool) {
	size := defaultDeltaPage
	if r.prefer.pageSize > 0 {
		size = r.prefer.pageSize
	}
	rows = []any{}
	for _, c := range changes {
		if len(rows) >= size {
			return rows, true
		}
		rows = append(rows, r.itemRows(*t, c)...)
		t.At.Sequence = c.Sequence
	}
	return rows, false
}

// itemRows are the rows of one changed item: what of it is in the window now, or that
// it is not there, whether it ever was or not.
func (r *request) itemRows(t token, c world.Change) []any {
	id := world.Ref{Item: c.Item}
	shape := shape{mailbox: r.mailbox, prefer: r.prefer}
	items, err := r.mailbox.Instances(c.Item, t.Start, t.End, false)
	if err != nil || len(items) == 0 {
		if t.Whole {
			return nil
		}
		removed := map[string]any{"reason": "deleted"}
		return []any{map[string]any{"@removed": removed, "id": r.prefer.ids.encode(r.mailbox, id)}}
	}
	var rows []any
	if master, err := r.mailbox.Get(id); err == nil && master.Type == world.Master {
		rows = append(rows, typed(shape.full(master)))
	}
	for _, it := range items {
		if it.Type == world.Occurrence {
			rows = append(rows, shape.stub(it))
		} else {
			rows = append(rows, typed(shape.full(it)))
		}
	}
	return rows
}

func typed(e map[string]any) map[string]any {
	e["@odata.type"] = "#microsoft.graph.event"
	return e
}

// deltaPage answers rows and the link to go on with.
func (r *request) deltaPage(rows []any, option string, t token) *result {
	link := "@odata.nextLink"
	if option == "$deltatoken" {
		link = "@odata.deltaLink"
	}
	return &result{status: 200, body: map[string]any{
		"@odata.context": r.root + "/$metadata#Collection(event)",
		"value":          rows,
		link:             r.root + r.path + "?" + option + "=" + t.encode(),
	}}
}
