package exchangeonline

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/trainercal/trainercal/sdk"
)

// invitedFields are what a check reads of an event; its etag always comes along.
var invitedFields = query("$select", "id,changeKey,attendees")

// checked is what a check reads of an event.
type checked struct {
	event
	// Attendees is nil when the answer had none, which is no empty list.
	Attendees *[]attendee `json:"attendees"`
}

type attendee struct {
	EmailAddress struct {
		Address string `json:"address"`
	} `json:"emailAddress"`
}

// invites reports whether anybody but the mailbox itself is invited.
func (c *checked) invites(mailbox string) bool {
	for _, a := range *c.Attendees {
		if !strings.EqualFold(a.EmailAddress.Address, mailbox) {
			return true
		}
	}
	return false
}

// readChecked decodes a check's answer. One that does not tell all that makes the
// write safe is of no use.
func readChecked(answer partAnswer) (*checked, *sdk.Error) {
	if answer.err != nil {
		return nil, answer.err
	}
	var c checked
	if err := decode(answer.body, &c); err != nil {
		return nil, err
	}
	if c.Attendees == nil || c.version() == "" {
		return nil, badAnswer("an event without its attendees or version")
	}
	return &c, nil
}

// check asks who is invited to an event before it is changed or deleted: Graph mails
// attendees then, and has no way to be told not to (push-11, K1). The write follows
// if it is nobody. It names a version, so that somebody invited meanwhile makes the
// server refuse it: the operation's, or the one that the check saw.
func (w *writing) check(id, version string, write func(version string) *part) *part {
	return &part{
		mailbox: w.mailbox.Address, method: http.MethodGet, path: eventPath(w.mailbox.Address, id) + invitedFields,
		done: func(answer partAnswer) {
			c, err := readChecked(answer)
			switch {
			case err != nil:
				w.notSent(err)
			case c.invites(w.mailbox.Address):
				w.refuse(w.invited())
			case version != "":
				w.follow(write(version))
			default:
				w.follow(write(c.version()))
			}
		},
	}
}

// invited is the refusal of an operation on an event that has attendees. A create
// that finds its event so has its item, which the code must not deny.
func (w *writing) invited() *sdk.Error {
	code := sdk.CodeInvalidItem
	if w.op.Kind == sdk.Create {
		code = sdk.CodeConflict
	}
	return code.New("people were invited to the appointment in the calendar: changing or deleting it would send them mail").
		WithAdvice("remove the attendees from the appointment in the calendar, or delete the appointment there by hand")
}

// notSent ends an operation whose check failed: nothing was written for it, unless a
// create did so before.
func (w *writing) notSent(err *sdk.Error) {
	if w.op.Kind == sdk.Create {
		w.unsure = true
		w.fail(err)
		return
	}
	w.refuse(err)
}

// queue holds the writes that follow checks, so that they share requests too.
type queue struct {
	mu sync.Mutex
	// writes are by their operation's number.
	writes map[int]*part
}

// add queues the write of the operation with that number.
func (q *queue) add(number int, p *part) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writes == nil {
		q.writes = map[int]*part{}
	}
	q.writes[number] = p
}

// parts are the writes in the order of their operations, whichever check ended first.
func (q *queue) parts() []*part {
	var parts []*part
	for _, number := range slices.Sorted(maps.Keys(q.writes)) {
		parts = append(parts, q.writes[number])
	}
	return parts
}

// follow sends the write that a check allows: the operation's first with those of the
// other operations, what comes later by itself.
func (w *writing) follow(p *part) {
	if q := w.queue; q != nil {
		w.queue = nil
		q.add(w.number, p)
		return
	}
	w.next(p)
}
