package ews

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// A3: whatever is not the answer to the question is an error, never an empty list;
// after a write it means that nobody knows what happened.
func TestNotAnAnswer(t *testing.T) {
	whole := response("FindItem", success("FindItem", `<m:RootFolder IncludesLastItemInRange="true"><t:Items/></m:RootFolder>`)).body
	for name, body := range map[string]string{
		"nothing":               "",
		"a sign-in page":        "<!DOCTYPE html><html><body>Sign in</body></html>",
		"JSON":                  `{"value":[]}`,
		"half a message":        whole[:len(whole)/2],
		"two messages":          whole + whole,
		"no body":               `<s:Envelope xmlns:s="` + soapNS + `"><s:Header/></s:Envelope>`,
		"an empty body":         soap(""),
		"another operation":     calendarFolder().body,
		"no messages":           response("FindItem").body,
		"a message too much":    response("FindItem", success("FindItem", ""), success("FindItem", "")).body,
		"a foreign message":     response("FindItem", success("GetItem", "")).body,
		"success and no folder": response("FindItem", success("FindItem", "")).body,
		"success and no items":  response("FindItem", success("FindItem", `<m:RootFolder IncludesLastItemInRange="true"/>`)).body,
		"neither success nor error": response("FindItem",
			`<m:FindItemResponseMessage ResponseClass="Error"><m:ResponseCode>NoError</m:ResponseCode></m:FindItemResponseMessage>`).body,
		"a document type": strings.Replace(whole, "?>", `?><!DOCTYPE a [<!ENTITY b "c">]>`, 1),
		"another charset": strings.Replace(whole, "utf-8", "utf-16", 1),
		"fewer items than it counts (A5)": response("FindItem", success("FindItem",
			`<m:RootFolder TotalItemsInView="2" IncludesLastItemInRange="true"><t:Items><t:CalendarItem/></t:Items></m:RootFolder>`)).body,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newFake(t, always(reply{status: 200, body: body}))
			found, err := c.CalendarView(t.Context(), "ana@example.org", december(), 100)
			if !errors.Is(err, sdk.ErrBadAnswer) || found != nil {
				t.Errorf("read: %v, %v; want ErrBadAnswer", found, err)
			}
			c, _ = newFake(t, always(reply{status: 200, body: body}))
			if _, err := c.CreateItems(t.Context(), "ana@example.org", []NewItem{sampleItem()}); !errors.Is(err, sdk.ErrOutcomeUnknown) {
				t.Errorf("write: %v; want ErrOutcomeUnknown", err)
			}
		})
	}
}

// B15: what HTTP itself says, before any EWS, with what an operator can do (A1, A3).
func TestHTTPRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		reply reply
		want  error
		wait  time.Duration
	}{
		"forbidden":          {reply{status: 403}, sdk.ErrAccountBlocked, 0},
		"blocked by policy":  {reply{status: 403, header: http.Header{"X-Ews-Policy-Reason": {"EWS is disabled"}}}, sdk.ErrAccountBlocked, 0},
		"wrong path":         {reply{status: 404, body: "<html/>"}, sdk.ErrBadAnswer, 0},
		"login time-out":     {reply{status: 440}, sdk.ErrBadAnswer, 0},
		"to a sign-in page":  {reply{status: 302, header: http.Header{"Location": {"/owa/auth"}}}, sdk.ErrBadAnswer, 0},
		"to an error page":   {reply{status: 302, header: http.Header{"Location": {"/ews/genericerrorpage.htm"}}}, sdk.ErrUnavailable, 0},
		"blocked account":    {reply{status: 456}, sdk.ErrAccountBlocked, 0},
		"too large":          {reply{status: 413}, sdk.ErrInvalidItem, 0},
		"a plain 500":        {reply{status: 500, body: "<html>Runtime Error</html>"}, sdk.ErrUnavailable, 0},
		"a sign-in page":     {reply{status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: "<html>Sign in</html>"}, sdk.ErrBadAnswer, 0},
		"JSON":               {reply{status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: "{}"}, sdk.ErrBadAnswer, 0},
		"a gateway's page":   {reply{status: 502, header: http.Header{"Content-Type": {"text/html"}}, body: "<html>Bad Gateway</html>"}, sdk.ErrUnavailable, 0},
		"a gateway's wait":   {reply{status: 504, header: http.Header{"Retry-After": {"120"}}}, sdk.ErrUnavailable, 2 * time.Minute},
		"overloaded":         {reply{status: 503, header: http.Header{"Retry-After": {"120"}}}, sdk.ErrUnavailable, 2 * time.Minute},
		"too many requests":  {reply{status: 429, header: http.Header{"Retry-After": {"120"}}}, sdk.ErrThrottled, 2 * time.Minute},
		"schema violation":   {faulty("ErrorSchemaValidation", ""), sdk.ErrInvalidItem, 0},
		"too old":            {faulty("ErrorInvalidServerVersion", ""), sdk.ErrMethodNotOffered, 0},
		"throttled for long": {faulty("ErrorServerBusy", "297749"), sdk.ErrThrottled, 297749 * time.Millisecond},
		"no such mailbox":    {response("GetFolder", failure("GetFolder", "ErrorNonExistentMailbox")), sdk.ErrMailboxNotFound, 0},
		"no permission":      {response("GetFolder", failure("GetFolder", "ErrorFolderNotFound")), sdk.ErrAccessDenied, 0},
		"a code from later":  {response("GetFolder", failure("GetFolder", "ErrorOfTheFuture")), sdk.ErrUnavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := newFake(t, always(c.reply))
				_, _, err := client.GetCalendar(t.Context(), "ana@example.org")
				var got *sdk.Error
				if !errors.As(err, &got) || !errors.Is(err, c.want) {
					t.Fatalf("%v; want %v", err, c.want)
				}
				if got.Advice == "" || got.Detail == "" {
					t.Errorf("%+v does not say what came and what to do", got)
				}
				if got.RetryAfter != c.wait {
					t.Errorf("RetryAfter = %s, want %s", got.RetryAfter, c.wait)
				}
				if strings.Contains(err.Error(), "ana") {
					t.Errorf("the error names the mailbox: %v", err)
				}
			})
		})
	}
}

// Wrong credentials are sent twice, whoever asks meanwhile, and then not again until
// a check asks for it or a while has passed: no account is locked out (auth-7).
func TestWrongCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := reply{status: 401, header: http.Header{"Www-Authenticate": {"Negotiate", `Basic realm="x"`}}}
		c, s := newFake(t, always(refuse))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); !errors.Is(err, sdk.ErrCredentials) {
					t.Errorf("%v; want ErrCredentials", err)
				}
			})
		}
		wg.Wait()
		if s.count() != 2 {
			t.Errorf("%d requests with wrong credentials, want 2", s.count())
		}
		c.TryAgain()
		s.answer = always(calendarFolder())
		if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); err != nil {
			t.Errorf("after TryAgain: %v", err)
		}
	})
}

// Credentials that stay wrong are tried ever more rarely, and once only (auth-7).
func TestCredentialsThatStayWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, always(reply{status: 401, header: http.Header{"Www-Authenticate": {`Basic realm="x"`}}}))
		for range 8 * 60 {
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); !errors.Is(err, sdk.ErrCredentials) {
						t.Errorf("%v; want ErrCredentials", err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Minute)
		}
		if n := s.count(); n < 8 || n > 13 {
			t.Errorf("%d requests with wrong credentials in eight hours", n)
		}
		s.answer = always(calendarFolder())
		time.Sleep(maxRefusalMemory)
		if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); err != nil {
			t.Errorf("once they are right: %v", err)
		}
	})
}

// A 401 that an overloaded server gives in passing is not held against the account
// (I3).
func TestPassing401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, func(n int, _ string) reply {
			if n == 2 {
				return reply{status: 401}
			}
			return calendarFolder()
		})
		for range 2 {
			if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); err != nil {
				t.Fatal(err)
			}
		}
		if s.count() != 3 {
			t.Errorf("%d requests, want 3", s.count())
		}
	})
}

// auth-7: a server without Basic is named at once, with what it offers.
func TestMethodNotOffered(t *testing.T) {
	c, s := newFake(t, always(reply{status: 401, header: http.Header{"Www-Authenticate": {"Negotiate", "NTLM"}}}))
	_, _, err := c.GetCalendar(t.Context(), "ana@example.org")
	if !errors.Is(err, sdk.ErrMethodNotOffered) || !strings.Contains(err.Error(), "Negotiate, NTLM") {
		t.Errorf("%v; want ErrMethodNotOffered that names both", err)
	}
	if s.count() != 1 {
		t.Errorf("%d requests, want 1", s.count())
	}
}

// G3: a short wait is slept through, a write included, because nothing was done.
func TestBusyForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, func(n int, _ string) reply {
			if n == 1 {
				return faulty(CodeServerBusy, "4000")
			}
			return response("CreateItem", success("CreateItem", `<m:Items><t:CalendarItem><t:ItemId Id="a" ChangeKey="k"/></t:CalendarItem></m:Items>`))
		})
		start := time.Now()
		results, err := c.CreateItems(t.Context(), "ana@example.org", []NewItem{sampleItem()})
		if err != nil || results[0].Err != nil || results[0].Value.ID != "a" {
			t.Fatalf("%v, %v", results, err)
		}
		if waited := time.Since(start); waited != 4*time.Second || s.count() != 2 {
			t.Errorf("%d requests in %s, want 2 in 4s", s.count(), waited)
		}
	})
}

// G3: a server that stays busy is not asked for ever, however short the waits it names.
func TestBusyAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, always(faulty(CodeServerBusy, "4000")))
		start := time.Now()
		_, _, err := c.GetCalendar(t.Context(), "ana@example.org")
		if took := time.Since(start); !errors.Is(err, sdk.ErrThrottled) || took > maxBusy+maxPause || s.count() > 10 {
			t.Errorf("%v after %d requests in %s", err, s.count(), took)
		}
	})
}

// G3: a long wait is the whole account's: nothing is sent before it is over.
func TestBusyForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, always(faulty(CodeServerBusy, "60000")))
		_, _, err := c.GetCalendar(t.Context(), "ana@example.org")
		if !errors.Is(err, sdk.ErrThrottled) {
			t.Fatalf("%v; want ErrThrottled", err)
		}
		time.Sleep(20 * time.Second)
		_, _, err = c.GetCalendar(t.Context(), "bob@example.org")
		var got *sdk.Error
		if !errors.As(err, &got) || got.RetryAfter != 40*time.Second || s.count() != 1 {
			t.Errorf("%v after %d requests; want 40s left after 1", err, s.count())
		}
		s.answer = always(calendarFolder())
		time.Sleep(40 * time.Second)
		if _, _, err := c.GetCalendar(t.Context(), "bob@example.org"); err != nil {
			t.Error(err)
		}
	})
}

// A batch that the server throttles in the middle pauses the account too.
func TestBusyInsideABatch(t *testing.T) {
	busy := `<m:GetFolderResponseMessage ResponseClass="Error"><m:ResponseCode>ErrorServerBusy</m:ResponseCode>` +
		`<m:MessageXml><t:Value Name="BackOffMilliseconds">30000</t:Value></m:MessageXml></m:GetFolderResponseMessage>`
	synctest.Test(t, func(t *testing.T) {
		c, s := newFake(t, always(response("GetFolder", busy)))
		for range 2 {
			if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); !errors.Is(err, sdk.ErrThrottled) {
				t.Errorf("%v; want ErrThrottled", err)
			}
		}
		if s.count() != 1 {
			t.Errorf("%d requests, want 1", s.count())
		}
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, always(reply{status: 401}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.GetCalendar(ctx, "ana@example.org"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want the end of the context", err)
		}
	})
}

// Text of the server's own never gets into an error.
func TestUnreadableCode(t *testing.T) {
	c, _ := newFake(t, always(response("GetFolder", failure("GetFolder", "Salary talk with Bob"))))
	_, _, err := c.GetCalendar(t.Context(), "ana@example.org")
	if err == nil || strings.Contains(err.Error(), "Salary") {
		t.Errorf("%v", err)
	}
}
