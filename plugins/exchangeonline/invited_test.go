package exchangeonline

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
)

func deleteOp(version string) sdk.Operation {
	return sdk.Operation{ID: "1", Kind: sdk.Delete, ItemID: "E", Version: version}
}

// asked is an event's check that finds these attendees.
func asked(addresses ...string) reply { return ok(invitation("singleInstance", addresses...)) }

// invitation is an event of that type with these attendees, as a check sees it.
func invitation(kind string, addresses ...string) map[string]any {
	list := []any{}
	for _, a := range addresses {
		list = append(list, map[string]any{"emailAddress": map[string]any{"address": a}})
	}
	return map[string]any{"@odata.etag": `W/"7"`, "id": "E", "type": kind, "attendees": list}
}

// What a check finds decides whether anything is written at all; one that fails says
// for certain that nothing was (push-11, K1).
func TestCheckDecides(t *testing.T) {
	tests := map[string]struct {
		check          reply
		update, delete sdk.Code
		written        bool
	}{
		"nobody":              {asked(), "", "", true},
		"the mailbox itself":  {asked("Ana@Northwind.example"), "", "", true},
		"somebody":            {asked(ana, ben), sdk.CodeInvalidItem, sdk.CodeInvalidItem, false},
		"without an address":  {asked(""), sdk.CodeInvalidItem, sdk.CodeInvalidItem, false},
		"attendees not said":  {ok(map[string]any{"@odata.etag": `W/"7"`, "id": "E", "type": "singleInstance"}), sdk.CodeBadAnswer, sdk.CodeBadAnswer, false},
		"version not said":    {ok(map[string]any{"id": "E", "type": "singleInstance", "attendees": []any{}}), sdk.CodeBadAnswer, sdk.CodeBadAnswer, false},
		"type not said":       {ok(map[string]any{"@odata.etag": `W/"7"`, "id": "E", "attendees": []any{}}), sdk.CodeBadAnswer, sdk.CodeBadAnswer, false},
		"not the protocol":    {reply{status: 200, body: "hello"}, sdk.CodeBadAnswer, sdk.CodeBadAnswer, false},
		"gone":                {refuse(404, "ErrorItemNotFound"), sdk.CodeItemNotFound, "", false},
		"denied":              {refuse(403, "ErrorAccessDenied"), sdk.CodeAccessDenied, sdk.CodeAccessDenied, false},
		"failing":             {refuse(500, "InternalServerError"), sdk.CodeUnavailable, sdk.CodeUnavailable, false},
		"a version by itself": {ok(map[string]any{"id": "E", "type": "singleInstance", "changeKey": "7", "attendees": []any{}}), "", "", true},
	}
	for name, test := range tests {
		for op, want := range map[*sdk.Operation]sdk.Code{ptr(updateOp("")): test.update, ptr(deleteOp("")): test.delete} {
			t.Run(name+"/"+string(op.Kind), func(t *testing.T) {
				f := newFake(t, func(c call) reply {
					if got := c.header.Get("If-Match"); got != `W/"7"` {
						t.Errorf("%s with If-Match %q, want the checked version", c.method, got)
					}
					return ok(stored("E", `W/"8"`))
				})
				f.check = func(call) reply { return test.check }
				res := writeOne(t, f.account(), *op)
				if got := codeOf(res.Err); got != want || (want == sdk.CodeInvalidItem && res.Err.Advice == "") {
					t.Errorf("err = %v, want %q, with advice for an invitation", res.Err, want)
				}
				if wrote := len(f.calls) > 0; wrote != test.written || f.checks != 1 {
					t.Errorf("calls = %v after %d checks, want written = %v after one", f.seen(), f.checks, test.written)
				}
			})
		}
	}
}

func ptr[T any](v T) *T { return &v }

// An event that changes after its check is not deleted unseen: it is checked again
// where any version will do, and a conflict where one was named.
func TestDeleteChangedAfterCheck(t *testing.T) {
	tests := map[string]struct {
		version string
		second  reply
		want    sdk.Code
		checks  int
	}{
		"nobody invited":   {"", uninvited(`W/"2"`), "", 2},
		"somebody invited": {"", asked(ben), sdk.CodeInvalidItem, 2},
		"changing again":   {"", uninvited(`W/"1"`), sdk.CodeConflict, 2},
		"version named":    {`W/"1"`, uninvited(`W/"2"`), sdk.CodeConflict, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(c call) reply {
				if c.header.Get("If-Match") == `W/"1"` {
					return refuse(http.StatusPreconditionFailed, "ErrorIrresolvableConflict")
				}
				return reply{status: 204}
			})
			checks := 0
			f.check = func(call) reply {
				if checks++; checks == 1 {
					return uninvited(`W/"1"`)
				}
				return test.second
			}
			res := writeOne(t, f.account(), deleteOp(test.version))
			if diff := cmp.Diff([]any{test.want, test.checks}, []any{codeOf(res.Err), checks}); diff != "" {
				t.Errorf("code and checks (-want +got):\n%s", diff)
			}
		})
	}
}

// Of a series, each occurrence that is not over decides, on whatever page it is.
func TestCheckOfSeries(t *testing.T) {
	page := func(next string, rows ...map[string]any) reply {
		body := map[string]any{"value": rows}
		if next != "" {
			body["@odata.nextLink"] = "https://graph.test/v1.0/users/" + ana + "/events/E/instances?$select=id,attendees&$skip=" + next
		}
		return ok(body)
	}
	none, guest := invitation("occurrence"), invitation("exception", ben)
	for name, test := range map[string]struct {
		pages   map[string]reply
		want    sdk.Code
		written bool
	}{
		"nobody":             {map[string]reply{"": page("2", none, none), "2": page("", none)}, "", true},
		"nothing ahead":      {map[string]reply{"": ok(map[string]any{"value": []any{}})}, "", true},
		"somebody":           {map[string]reply{"": page("", none, guest)}, sdk.CodeInvalidItem, false},
		"on the second page": {map[string]reply{"": page("2", none), "2": page("", guest)}, sdk.CodeInvalidItem, false},
		"gone":               {map[string]reply{"": refuse(404, "ErrorItemNotFound")}, "", true},
		"failing":            {map[string]reply{"": refuse(500, "InternalServerError")}, sdk.CodeUnavailable, false},
		"not said":           {map[string]reply{"": ok(map[string]any{"value": []any{map[string]any{"id": "O"}}})}, sdk.CodeBadAnswer, false},
		"no list":            {map[string]reply{"": ok(map[string]any{})}, sdk.CodeBadAnswer, false},
		"in circles":         {map[string]reply{"": page("2", none), "2": page("2", none)}, sdk.CodeBadAnswer, false},
		"leads elsewhere":    {map[string]reply{"": ok(map[string]any{"value": []any{}, "@odata.nextLink": "https://evil.example/x"})}, sdk.CodeBadAnswer, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(call) reply { return reply{status: 204} })
			f.check = func(c call) reply {
				if strings.HasSuffix(c.path, "/instances") {
					return test.pages[c.query.Get("$skip")]
				}
				return ok(invitation("seriesMaster"))
			}
			res := writeOne(t, f.account(), deleteOp(""))
			if got := codeOf(res.Err); got != test.want {
				t.Errorf("err = %v, want %q", res.Err, test.want)
			}
			if wrote := len(f.calls) > 0; wrote != test.written {
				t.Errorf("calls = %v, want written = %v", f.seen(), test.written)
			}
		})
	}
}
