package ews

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func subscribeRequest(folders ...string) string {
	return `<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>` + strings.Join(folders, "") + `</t:FolderIds><t:EventTypes>` +
		`<t:EventType>CreatedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>`
}

func streamRequest(ids ...string) string {
	return `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>` + strings.Join(ids, `</t:SubscriptionId><t:SubscriptionId>`) +
		`</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>`
}

// myCalendar is the calendar of whoever asks.
const myCalendar = `<t:DistinguishedFolderId Id="calendar"/>`

func (r *rig) impersonate(address string) {
	r.headers = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address + `</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
}

// asked sends a request with headers, and returns the answer's only message.
func (r *rig) asked(body string, header http.Header) (*element, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, strings.NewReader(r.envelope(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = header
	req.SetBasicAuth(r.user, "pw")
	res, answer := r.do(req)
	messages := answer.elements()[0].first("ResponseMessages").elements()
	if len(messages) != 1 {
		r.t.Fatalf("HTTP %d with %d messages", res.StatusCode, len(messages))
	}
	return messages[0], res.Header
}

// subscribed subscribes to a mailbox as its owner, and returns the id.
func (r *rig) subscribed(address string, header http.Header) string {
	r.t.Helper()
	r.impersonate(address)
	m, _ := r.asked(subscribeRequest(myCalendar), header)
	if m.value("SubscriptionId") == "" {
		r.t.Fatalf("subscribe to %s: %s", address, m.value("ResponseCode"))
	}
	return m.value("SubscriptionId")
}

// follow opens a stream and returns its messages as they come; the channel is closed at
// the stream's end.
func (r *rig) follow(header http.Header, ids ...string) (messages <-chan *element, stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, strings.NewReader(r.envelope(streamRequest(ids...))))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = header
	req.SetBasicAuth(r.user, "pw")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	out := make(chan *element, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		defer res.Body.Close()
		r.split(res.Body, out)
	}()
	return out, func() { cancel(); <-ended }
}

// split reads a stream's envelopes, and has the schema judge them.
func (r *rig) split(body io.Reader, out chan<- *element) {
	end := []byte("</s:Envelope>")
	var have []byte
	chunk := make([]byte, 4096)
	for {
		n, err := body.Read(chunk)
		have = append(have, chunk[:n]...)
		for i := bytes.Index(have, end); i >= 0; i = bytes.Index(have, end) {
			message := have[:i+len(end)]
			r.messages.Collect("an envelope of a stream", message)
			if root, err := parseXML(message); err == nil {
				out <- root.path("Body", "GetStreamingEventsResponse", "ResponseMessages").elements()[0]
			}
			have = have[i+len(end):]
		}
		if err != nil {
			return
		}
	}
}

// next is the next message of a stream but for signs of life.
func next(t *testing.T, messages <-chan *element) *element {
	t.Helper()
	for m := range messages {
		if m.value("ConnectionStatus") != "OK" && m.path("Notifications", "Notification", "StatusEvent") == nil {
			return m
		}
	}
	t.Fatal("the stream ended")
	return nil
}

// A stream tells of changes in the calendars of its group, and of nothing else.
func TestStream(t *testing.T) {
	r := newRig(t)
	first, second := r.subscribed(ana, http.Header{}), r.subscribed(bob, http.Header{})
	it := r.add(world.Appointment{Subject: "before the stream", Start: now})
	messages, stop := r.follow(http.Header{}, first, second)
	defer stop()
	events := func(m *element) string {
		var names []string
		for _, n := range m.first("Notifications").elements() {
			for _, e := range n.elements()[1:] {
				names = append(names, fmt.Sprintf("%v %s", n.value("SubscriptionId") == first, e.name))
			}
		}
		return strings.Join(names, ", ")
	}
	if got := events(next(t, messages)); got != "true CreatedEvent" {
		t.Errorf("queued before the stream: %s", got)
	}
	if err := r.ana.Delete(it.Ref, world.Gone, world.Write{}); err != nil {
		t.Fatal(err)
	}
	if got := events(next(t, messages)); got != "true DeletedEvent" {
		t.Errorf("after a deletion: %s", got)
	}
	r.handler.Streams().Miss(r.bob)
	m := next(t, messages)
	if m.value("ResponseCode") != "ErrorMissedNotificationEvents" || m.first("ErrorSubscriptionIds").value("SubscriptionId") != second {
		t.Errorf("after missed events: %s", m.value("ResponseCode"))
	}
	if _, more := <-messages; more {
		t.Error("the stream goes on after a failure")
	}
	r.messages.Check(t)
}

// Whoever reaches into a mailbox may not subscribe to it; its owner may, up to a limit.
func TestSubscribeIsTheOwners(t *testing.T) {
	r := newRig(t)
	r.handler.streams.opts.Subscriptions = 1
	for _, c := range []struct{ user, acting, folders, want string }{
		{"svc@example.org", "", calendarOf(ana), "ErrorSubscriptionDelegateAccessNotSupported"},
		{"delegate@example.org", "", calendarOf(ana), "ErrorSubscriptionDelegateAccessNotSupported"},
		{"stranger@example.org", "", calendarOf(ana), "ErrorFolderNotFound"},
		{"svc@example.org", bob, calendarOf(bob) + calendarOf(ana), "ErrorFolderNotFound"},
		{"svc@example.org", ana, myCalendar, "NoError"},
		{ana, "", myCalendar, "ErrorExceededSubscriptionCount"},
	} {
		r.user, r.headers = c.user, ""
		if c.acting != "" {
			r.impersonate(c.acting)
		}
		if m, _ := r.asked(subscribeRequest(c.folders), http.Header{}); m.value("ResponseCode") != c.want {
			t.Errorf("%s as %q: %s, want %s", c.user, c.acting, m.value("ResponseCode"), c.want)
		}
	}
}

// Subscriptions live on one server of several: without the cookie, or the anchor that it
// was made with, they are not found.
func TestStreamAffinity(t *testing.T) {
	r := newRig(t)
	r.handler.streams.opts.Servers = 50
	anchored := func(anchor, cookie string) http.Header {
		h := http.Header{"X-Anchormailbox": {anchor}, "X-Preferserveraffinity": {"true"}}
		if cookie != "" {
			h.Set("Cookie", affinityCookie+"="+cookie)
		}
		return h
	}
	r.impersonate(ana)
	m, header := r.asked(subscribeRequest(myCalendar), anchored(ana, ""))
	cookies := (&http.Response{Header: header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	id := m.value("SubscriptionId")
	if m, _ := r.asked(streamRequest(id), anchored("zoe@example.org", "")); m.value("ResponseCode") != "ErrorSubscriptionNotFound" {
		t.Errorf("by another anchor: %s", m.value("ResponseCode"))
	}
	for _, h := range []http.Header{anchored(ana, ""), anchored("zoe@example.org", cookies[0].Value)} {
		messages, stop := r.follow(h, id)
		if m := <-messages; m == nil || m.value("ConnectionStatus") != "OK" {
			t.Errorf("no stream with %v", h)
		}
		stop()
	}
}

// A stream beats while nothing happens, and ends in order when its time is over.
func TestStreamPace(t *testing.T) {
	r := newRig(t)
	id := r.subscribed(ana, http.Header{})
	r.handler.streams.opts.Heartbeat = time.Millisecond
	beating, stop := r.follow(http.Header{}, id)
	for m := range beating {
		if m.path("Notifications", "Notification", "StatusEvent") != nil {
			break
		}
	}
	stop()
	r.handler.streams.opts.Heartbeat, r.handler.streams.opts.Minute = time.Hour, time.Millisecond
	ending, stop := r.follow(http.Header{}, id)
	defer stop()
	var last *element
	for m := range ending {
		last = m
	}
	if last == nil || last.value("ConnectionStatus") != "Closed" {
		t.Error("the stream did not end in order")
	}
}

// An account keeps few streams open.
func TestStreamLimit(t *testing.T) {
	r := newRig(t)
	r.handler.streams.opts.Connections = 1
	id := r.subscribed(ana, http.Header{})
	held, release := r.follow(http.Header{}, id)
	defer release()
	<-held
	if m, _ := r.asked(streamRequest(id), http.Header{}); m.value("ResponseCode") != "ErrorExceededConnectionCount" {
		t.Errorf("a second stream: %s", m.value("ResponseCode"))
	}
}
