package graph

import (
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// getUser answers the directory's entry of the mailbox's owner.
func (h *Handler) getUser(r *request) (*result, error) {
	if err := r.allow("$select"); err != nil {
		return nil, err
	}
	p := r.mailbox.Profile()
	return &result{status: 200, body: map[string]any{
		"@odata.context": r.root + "/$metadata#users/$entity",
		"id":             p.UserID, "displayName": p.Name, "mail": p.SMTP, "userPrincipalName": p.SMTP,
	}}, nil
}

// checkCalendar refuses a calendar that is not the mailbox's only one.
func (r *request) checkCalendar() (world.Folder, error) {
	folder, err := r.mailbox.Folder(world.Calendar)
	if err != nil {
		return folder, err
	}
	if id, named := r.args["calendar"]; named && id != folderID(r.mailbox, folder) {
		return folder, world.ErrItemNotFound
	}
	return folder, nil
}

func (h *Handler) getCalendar(r *request) (*result, error) {
	if err := r.allow("$select"); err != nil {
		return nil, err
	}
	folder, err := r.checkCalendar()
	if err != nil {
		return nil, err
	}
	c := calendarBody(r.mailbox, folder)
	c["@odata.context"] = r.root + "/$metadata#users('" + r.mailbox.UserID() + "')/calendar/$entity"
	return &result{status: 200, body: c}, nil
}

func calendarBody(m *world.Mailbox, f world.Folder) map[string]any {
	p := m.Profile()
	return map[string]any{
		"id": folderID(m, f), "name": f.Name, "changeKey": changeKey(m, f.Version),
		"color": "auto", "hexColor": "", "isDefaultCalendar": true, "isRemovable": false,
		"canShare": true, "canViewPrivateItems": true, "canEdit": true, "isTallyingResponses": true,
		"allowedOnlineMeetingProviders": []string{"teamsForBusiness"}, "defaultOnlineMeetingProvider": "teamsForBusiness",
		"owner": map[string]any{"name": p.Name, "address": p.SMTP},
	}
}

// listEvents lists singles and masters.
func (h *Handler) listEvents(r *request) (*result, error) {
	if err := r.allow("$select", "$expand", "$filter", "$orderby", "$top", "$skip"); err != nil {
		return nil, err
	}
	if _, err := r.checkCalendar(); err != nil {
		return nil, err
	}
	items, err := r.filter(r.mailbox.Items(world.Calendar))
	if err != nil {
		return nil, err
	}
	return r.list(items)
}

// ref reads the event's id in the path.
func (r *request) ref() (world.Ref, error) {
	if _, err := r.checkCalendar(); err != nil {
		return world.Ref{}, err
	}
	return r.prefer.ids.decode(r.mailbox, r.args["event"])
}

// item finds the event in the path, in whichever calendar of the mailbox it is; what is
// in Deleted Items is no event any more.
func (r *request) item() (world.Item, error) {
	ref, err := r.ref()
	if err != nil {
		return world.Item{}, err
	}
	it, err := r.mailbox.Get(ref)
	if err == nil && it.Folder == world.DeletedItems {
		err = world.ErrItemNotFound
	}
	return it, err
}

func (h *Handler) getEvent(r *request) (*result, error) {
	if err := r.allow("$select", "$expand"); err != nil {
		return nil, err
	}
	it, err := r.item()
	if err != nil {
		return nil, err
	}
	return r.event(200, it)
}

// event answers one item.
func (r *request) event(status int, it world.Item) (*result, error) {
	shape, err := r.shape()
	if err != nil {
		return nil, err
	}
	body := shape.event(it)
	body["@odata.context"] = r.root + "/$metadata#users('" + r.mailbox.UserID() + "')/events/$entity"
	return &result{status: status, body: body, header: map[string]string{"ETag": etag(r.mailbox, it.Version)}}, nil
}

// createEvent stores an event and, as Graph always does, invites its attendees.
func (h *Handler) createEvent(r *request) (*result, error) {
	if _, err := r.checkCalendar(); err != nil {
		return nil, err
	}
	d := draft{Appointment: world.Appointment{
		Reminder:          world.Reminder{On: true, MinutesBefore: 15},
		ResponseRequested: true, AllowNewTimeProposals: true,
	}}
	if err := d.read(r.body); err != nil {
		return nil, err
	}
	it, err := store(r.mailbox, d)
	if err != nil {
		return nil, err
	}
	res, err := r.event(201, it)
	if err == nil {
		res.header["Location"] = r.root + "/users/" + r.mailbox.UserID() + "/events/" + r.prefer.ids.encode(r.mailbox, it.Ref)
	}
	return res, err
}

// store creates the item; the second use of a transaction id answers the first's item.
func store(m *world.Mailbox, d draft) (world.Item, error) {
	if d.transactionID == "" {
		return m.Create(d.Appointment, world.SendAll)
	}
	it, _, err := m.CreateOnce(d.transactionID, d.Appointment, world.SendAll)
	return it, err
}

func (h *Handler) updateEvent(r *request) (*result, error) {
	before, how, err := r.writable()
	if err != nil {
		return nil, err
	}
	it, err := r.mailbox.Update(before.Ref, how, func(a *world.Appointment) error {
		d := draft{Appointment: *a, transactionID: before.TransactionID}
		if err := d.read(r.body); err != nil {
			return err
		}
		if d.transactionID != before.TransactionID {
			return fail(400, "ErrorPropertyValidationFailure", "transactionId can only be set when an event is created.")
		}
		*a = d.Appointment
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r.event(200, it)
}

// writable finds the event in the path and the conditions under which it may be
// changed. Graph always tells attendees.
func (r *request) writable() (it world.Item, how world.Write, err error) {
	if it, err = r.item(); err != nil {
		return it, how, err
	}
	how.Send = world.SendAll
	switch want := r.Header.Get("If-Match"); want {
	case "", "*":
	case etag(r.mailbox, it.Version):
		how.IfVersion = it.Version
	default:
		return it, how, world.ErrConflict
	}
	return it, how, nil
}

// deleteEvent moves an event to Deleted Items.
func (h *Handler) deleteEvent(r *request) (*result, error) {
	it, how, err := r.writable()
	if err != nil {
		return nil, err
	}
	if err := r.mailbox.Delete(it.Ref, world.ToDeletedItems, how); err != nil {
		return nil, err
	}
	return &result{status: 204}, nil
}

// listInstances lists the occurrences and exceptions of a series in a window.
func (h *Handler) listInstances(r *request) (*result, error) {
	if err := r.allow("startdatetime", "enddatetime", "$select", "$expand", "$top", "$skip", "$orderby"); err != nil {
		return nil, err
	}
	start, end, err := r.window()
	if err != nil {
		return nil, err
	}
	it, err := r.item()
	if err != nil {
		return nil, err
	}
	if it.Type != world.Master {
		return nil, badRequest("The event is not a series.")
	}
	items, err := r.mailbox.Instances(it.Item, start, end, false)
	if err != nil {
		return nil, err
	}
	return r.list(items)
}

// listCalendarView lists what the calendar shows in a window.
func (h *Handler) listCalendarView(r *request) (*result, error) {
	if err := r.allow("startdatetime", "enddatetime", "$select", "$expand", "$top", "$skip", "$orderby"); err != nil {
		return nil, err
	}
	if _, err := r.checkCalendar(); err != nil {
		return nil, err
	}
	start, end, err := r.window()
	if err != nil {
		return nil, err
	}
	return r.list(r.mailbox.View(start, end, false))
}
