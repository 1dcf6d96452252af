package graph

import (
	"net/http"
	"net/url"
	"strings"
)

// operation is a kind of request.
type operation struct {
	// kind names it in counts and faults.
	kind, method string
	// path is its form, with variables in braces; letter case is ignored elsewhere.
	path string
	do   func(*Handler, *request) (*result, error)
}

// operations is what the front can do; filled by init, because the items of a $batch
// come back here.
var operations []operation

func init() {
	calendars := []string{"/users/{user}", "/users/{user}/calendar", "/users/{user}/calendars/{calendar}"}
	add := func(kind, method, path string, do func(*Handler, *request) (*result, error), roots ...string) {
		for _, root := range roots {
			operations = append(operations, operation{kind, method, root + path, do})
		}
	}
	add("Batch", "POST", "/$batch", (*Handler).batch, "")
	add("CreateSubscription", "POST", "/subscriptions", (*Handler).createSubscription, "")
	add("ListSubscriptions", "GET", "/subscriptions", (*Handler).listSubscriptions, "")
	add("GetSubscription", "GET", "/subscriptions/{subscription}", (*Handler).getSubscription, "")
	add("RenewSubscription", "PATCH", "/subscriptions/{subscription}", (*Handler).renewSubscription, "")
	add("DeleteSubscription", "DELETE", "/subscriptions/{subscription}", (*Handler).deleteSubscription, "")
	add("ReauthorizeSubscription", "POST", "/subscriptions/{subscription}/reauthorize", (*Handler).reauthorizeSubscription, "")
	add("GetUser", "GET", "", (*Handler).getUser, calendars[0])
	add("GetCalendar", "GET", "", (*Handler).getCalendar, calendars[1:]...)
	add("ListEvents", "GET", "/events", (*Handler).listEvents, calendars...)
	add("CreateEvent", "POST", "/events", (*Handler).createEvent, calendars...)
	add("GetEvent", "GET", "/events/{event}", (*Handler).getEvent, calendars...)
	add("UpdateEvent", "PATCH", "/events/{event}", (*Handler).updateEvent, calendars...)
	add("DeleteEvent", "DELETE", "/events/{event}", (*Handler).deleteEvent, calendars...)
	add("ListInstances", "GET", "/events/{event}/instances", (*Handler).listInstances, calendars...)
	add("ListCalendarView", "GET", "/calendarView", (*Handler).listCalendarView, calendars...)
	add("Delta", "GET", "/calendarView/delta", (*Handler).delta, calendars...)
}

// match finds the operation of a request, and its variables.
func (r *request) match(path string) (operation, error) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	known := false
	for _, op := range operations {
		args, ok := matchPath(op.path, segments)
		if !ok {
			continue
		}
		known = true
		if op.method == r.Method {
			r.args, r.user = args, args["user"]
			return op, nil
		}
	}
	switch {
	case strings.EqualFold(segments[0], "me"):
		return operation{}, badRequest("/me request is only valid with delegated authentication flow.")
	case known:
		return operation{}, fail(http.StatusMethodNotAllowed, "ErrorMethodNotAllowed", "The method %s is not allowed here.", r.Method)
	}
	return operation{}, fail(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '%s'.", segments[len(segments)-1])
}

// matchPath compares a path with an operation's and takes the variables out.
func matchPath(form string, segments []string) (map[string]string, bool) {
	want := strings.Split(strings.Trim(form, "/"), "/")
	if len(want) != len(segments) {
		return nil, false
	}
	args := map[string]string{}
	for i, name := range want {
		got, err := url.PathUnescape(segments[i])
		switch {
		case err != nil || got == "":
			return nil, false
		case strings.HasPrefix(name, "{"):
			args[strings.Trim(name, "{}")] = got
		case !strings.EqualFold(name, got):
			return nil, false
		}
	}
	return args, true
}
