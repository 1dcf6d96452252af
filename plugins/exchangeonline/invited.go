package exchangeonline

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// invitedFields are what a check reads of an event; its etag always comes along.
var invitedFields = query("$select", "id,changeKey,type,attendees")

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
	if c.Attendees == nil || c.version() == "" || c.Type == "" {
		return nil, badAnswer("an event without its attendees, type or version")
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
			if err != nil {
				w.notSent(err)
				return
			}
			follow := func() { w.follow(write(or(version, c.version()))) }
			switch {
			case c.invites(w.mailbox.Address):
				w.refuse(w.invited())
			case c.Type == typeMaster:
				w.next(w.checkSeries(w.seriesPath(id), maxSearchPages, follow))
			default:
				follow()
			}
		},
	}
}

// seriesDays is how far ahead the occurrences of a series are checked: Graph shows no
// more than 1825 days at once.
const seriesDays = 1800

// seriesPath asks who is invited to each occurrence of a series that is not over.
func (w *writing) seriesPath(id string) string {
	now := w.graph.now().UTC()
	return eventPath(w.mailbox.Address, id) + "/instances" + query(
		"startDateTime", now.AddDate(0, 0, -1).Format(time.RFC3339), "endDateTime", now.AddDate(0, 0, seriesDays).Format(time.RFC3339),
		"$select", "id,attendees", "$top", pageSize)
}

// checkSeries looks at the occurrences of an event that the trainer made a series of:
// people may be invited to one of them only. One that is gone by now invites nobody.
func (w *writing) checkSeries(path string, pages int, follow func()) *part {
	return &part{
		mailbox: w.mailbox.Address, method: http.MethodGet, path: path,
		done: func(answer partAnswer) {
			if answer.err != nil && answer.err.Code == sdk.CodeItemNotFound {
				follow()
				return
			}
			next, invited, err := w.readSeries(answer)
			switch {
			case err == nil && next != "" && pages <= 1:
				w.notSent(badAnswer("the occurrences of a series have no end"))
			case err != nil:
				w.notSent(err)
			case invited:
				w.refuse(w.invited())
			case next != "":
				w.next(w.checkSeries(next, pages-1, follow))
			default:
				follow()
			}
		},
	}
}

// readSeries reads a page of a series' occurrences: whether anybody is invited to one of
// them, and where the series goes on.
func (w *writing) readSeries(answer partAnswer) (next string, invited bool, err *sdk.Error) {
	if answer.err != nil {
		return "", false, answer.err
	}
	var p struct {
		Value    *[]checked `json:"value"`
		NextLink string     `json:"@odata.nextLink"`
	}
	if err := decode(answer.body, &p); err != nil {
		return "", false, err
	}
	if p.Value == nil {
		return "", false, badAnswer("a page without events")
	}
	for i := range *p.Value {
		c := &(*p.Value)[i]
		if c.Attendees == nil {
			return "", false, badAnswer("an occurrence without its attendees")
		}
		invited = invited || c.invites(w.mailbox.Address)
	}
	if p.NextLink != "" {
		next, err = w.graph.relative(p.NextLink)
	}
	return next, invited, err
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
