package exchangeonline

import (
	"net/http"

	"github.com/trainercal/trainercal/sdk"
)

// delete removes an event to which nobody is invited. One that changed after its check
// is checked once more, if the operation takes any version.
func (w *writing) delete(again bool) *part {
	id := string(w.op.ItemID)
	p := w.check(id, w.op.Version, func(version string) *part {
		return &part{
			mailbox: w.mailbox.Address, method: http.MethodDelete, path: eventPath(w.mailbox.Address, id),
			headers: map[string]string{"If-Match": version},
			done: func(answer partAnswer) {
				switch {
				case answer.err == nil, answer.err.Code == sdk.CodeItemNotFound:
					w.deleted()
				case answer.status == http.StatusPreconditionFailed && w.op.Version == "" && !again:
					w.next(w.delete(true))
				default:
					w.fail(answer.err)
				}
			},
		}
	})
	done := p.done
	p.done = func(answer partAnswer) {
		if answer.err != nil && answer.err.Code == sdk.CodeItemNotFound {
			w.deleted()
			return
		}
		done(answer)
	}
	return p
}

func (w *writing) deleted() {
	w.emit(sdk.WriteResult{Mailbox: w.mailbox.Address, Operation: w.op.ID})
}
