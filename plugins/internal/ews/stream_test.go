package ews

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// streamed is an envelope of a stream; the prefixes are those of documented examples,
// which differ from the schema's.
func streamed(class, code, content string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header>` +
		`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></soap:Header>` +
		`<soap:Body><m:GetStreamingEventsResponse xmlns:m="` + messagesNS + `" xmlns:t="` + typesNS + `"><m:ResponseMessages>` +
		`<m:GetStreamingEventsResponseMessage ResponseClass="` + class + `"><m:ResponseCode>` + code + `</m:ResponseCode>` + content +
		`</m:GetStreamingEventsResponseMessage></m:ResponseMessages></m:GetStreamingEventsResponse></soap:Body></soap:Envelope>`
}

func happened(id string, events ...string) string {
	text := `<m:Notification><t:SubscriptionId>` + id + `</t:SubscriptionId><t:PreviousWatermark>w</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents>`
	for _, e := range events {
		text += `<t:` + e + `><t:TimeStamp>2026-11-23T06:10:00Z</t:TimeStamp><t:ItemId Id="AAMk"/><t:ParentFolderId Id="AQMk"/></t:` + e + `>`
	}
	return text + `</m:Notification>`
}

var (
	opened  = streamed("Success", "NoError", `<m:ConnectionStatus>OK</m:ConnectionStatus>`)
	closed  = streamed("Success", "NoError", `<m:ConnectionStatus>Closed</m:ConnectionStatus>`)
	changes = streamed("Success", "NoError", `<m:Notifications>`+happened("1", "ModifiedEvent", "CreatedEvent")+happened("2", "StatusEvent")+happened("3", "DeletedEvent")+`</m:Notifications>`)
	missed  = streamed("Error", "ErrorMissedNotificationEvents", `<m:ErrorSubscriptionIds><t:SubscriptionId>2</t:SubscriptionId></m:ErrorSubscriptionIds><m:ConnectionStatus>Closed</m:ConnectionStatus>`)
	refused = streamed("Error", "ErrorExceededConnectionCount", "")
)

// Envelopes follow each other in one body, cut by the network wherever it likes.
func TestEnvelopes(t *testing.T) {
	whole := "\n" + opened + changes + "\r\n" + missed + closed
	for name, body := range map[string]io.Reader{
		"at once": strings.NewReader(whole), "byte by byte": iotest.OneByteReader(strings.NewReader(whole)),
		"half by half": iotest.HalfReader(strings.NewReader(whole)),
	} {
		var got []StreamEvent
		e := newEnvelopes(body)
		for {
			m, err := e.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			event, refused := m.event()
			if refused != nil {
				t.Fatalf("%s: %v", name, refused)
			}
			got = append(got, event)
		}
		want := []StreamEvent{{}, {Changed: []string{"1", "3"}}, {Lost: []string{"2"}}, {}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// An envelope is read as soon as it is whole: a stream that then says nothing for a
// while holds no event back.
func TestEnvelopeIsNotHeldBack(t *testing.T) {
	in, out := io.Pipe()
	defer in.Close()
	go func() { _, _ = out.Write([]byte(changes)) }() // and nothing after it
	m, err := newEnvelopes(in).next()
	if event, _ := m.event(); err != nil || len(event.Changed) != 2 {
		t.Errorf("%+v, %v", event, err)
	}
}

func TestEnvelopesThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"cut":                 changes[:len(changes)-20],
		"a page":              "<!DOCTYPE html><html><body>Sign in</body></html>",
		"an entity":           `<!DOCTYPE x [<!ENTITY a "b">]>` + opened,
		"not XML":             "{}",
		"another answer":      strings.ReplaceAll(opened, "GetStreamingEventsResponse>", "GetItemResponse>"),
		"no body":             `<Envelope/>`,
		"an endless envelope": strings.Repeat("<a>", 3*maxEnvelope/2),
		"too many elements":   strings.Replace(changes, "<m:Notifications>", "<m:Notifications>"+strings.Repeat("<a/>", maxElements), 1),
		"endless space":       strings.Repeat(" ", 2*maxEnvelope) + opened,
	} {
		if m, err := newEnvelopes(strings.NewReader(body)).next(); err == nil || name == "cut" && errors.Is(err, io.EOF) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// What a server streams decodes or is refused, whatever it is; memory is bounded by the
// size of an envelope.
func FuzzEnvelopes(f *testing.F) {
	for _, seed := range []string{opened + changes, missed, refused, closed, opened[:100], "<a/><b/>"} {
		f.Add([]byte(seed))
	}
	if oracles := os.Getenv("TRAINERCAL_ORACLES"); oracles != "" {
		examples, _ := filepath.Glob(filepath.Join(oracles, "ews-xsd", "examples", "*res*.xml"))
		for _, name := range examples {
			if data, err := os.ReadFile(name); err == nil {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := newEnvelopes(bytes.NewReader(body))
		for range len(body) + 1 {
			m, err := e.next()
			if err != nil {
				return
			}
			_, _ = m.event()
		}
		t.Fatal("a finite stream does not end")
	})
}

// scriptedServer answers each request to a stream with the next body.
type scriptedServer struct {
	answers []func(r *http.Request) *http.Response
	seen    []http.Header
}

func (s *scriptedServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = append(s.seen, r.Header.Clone())
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return answer(r), nil
}

func answering(status int, body io.Reader, header http.Header) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		h := header.Clone()
		if h == nil {
			h = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: h, Body: endingBody{body, r.Context()}, Request: r}
	}
}

// endingBody is a body that ends with its request's context, as net/http's do.
type endingBody struct {
	io.Reader
	ctx context.Context
}

func (c endingBody) Read(p []byte) (int, error) {
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	go func() { n, err := c.Reader.Read(p); done <- read{n, err} }()
	select {
	case r := <-done:
		return r.n, r.err
	case <-c.ctx.Done():
		return 0, c.ctx.Err()
	}
}

func (c endingBody) Close() error {
	if closer, ok := c.Reader.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

func streamClient(s *scriptedServer) *Client {
	return New(Options{
		URL: &url.URL{Scheme: "https", Host: "mail.example", Path: "/EWS/Exchange.asmx"}, Auth: Basic("u", "p"), Impersonate: true,
		Transport: transport.New(transport.Options{Base: s}),
	})
}

// The ways in which a stream ends.
func TestStreamEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		header http.Header
		want   error
	}{
		{"closed in order", 200, opened + changes + closed + changes, nil, nil},
		{"a subscription is lost", 200, opened + missed + changes, nil, nil},
		{"the connection ends between envelopes", 200, opened, nil, nil},
		{"too many connections", 200, refused, nil, sdk.ErrThrottled},
		{"cut", 200, opened + changes[:50], nil, sdk.ErrBadAnswer},
		{"a page", 200, "<html></html>", nil, sdk.ErrBadAnswer},
		{"a fault", 500, `<s:Envelope xmlns:s="x"><s:Body><s:Fault><faultcode>a:ErrorServerBusy</faultcode></s:Fault></s:Body></s:Envelope>`, nil, sdk.ErrThrottled},
		{"unavailable", 503, "", nil, sdk.ErrUnavailable},
		{"wrong credentials", 401, "", http.Header{"Www-Authenticate": {"Basic"}}, sdk.ErrCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scriptedServer{answers: []func(*http.Request) *http.Response{answering(c.status, strings.NewReader(c.body), c.header)}}
			err := streamClient(s).Stream(t.Context(), []string{"1"}, &Affinity{Anchor: "ana@example.org", Cookie: "b~1"}, func(StreamEvent) error { return nil })
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			h := s.seen[0]
			if h.Get("X-AnchorMailbox") != "ana@example.org" || h.Get("X-PreferServerAffinity") != "true" || h.Get("Cookie") != affinityCookie+"=b~1" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// A stream that is silent for two minutes is given up; an event is passed on when it
// comes, however long it was quiet before and whatever follows.
func TestStreamSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		s := &scriptedServer{answers: []func(*http.Request) *http.Response{answering(200, in, nil)}}
		start := time.Now()
		go func() {
			for range 10 {
				_, _ = out.Write([]byte(opened))
				time.Sleep(streamSilence - time.Second)
			}
			_, _ = out.Write([]byte(changes))
		}()
		var after time.Duration
		err := streamClient(s).Stream(t.Context(), []string{"1"}, &Affinity{Anchor: "a@example.org"}, func(e StreamEvent) error {
			if len(e.Changed) > 0 {
				after = time.Since(start)
			}
			return nil
		})
		said := 10 * (streamSilence - time.Second)
		if after != said {
			t.Errorf("the change was passed on after %s, want at once, after %s", after, said)
		}
		if !errors.Is(err, sdk.ErrUnavailable) || time.Since(start) != said+streamSilence {
			t.Errorf("%v after %s, want ErrUnavailable after %s", err, time.Since(start), said+streamSilence)
		}
		_ = out.Close()
	})
}
