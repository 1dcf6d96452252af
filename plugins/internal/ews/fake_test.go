package ews

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
)

// reply is what the fake server answers.
type reply struct {
	status int
	header http.Header
	body   string
}

// server is a fake one: no network, so that time is the test's.
type server struct {
	mu sync.Mutex
	// asked are the bodies of the requests, in order.
	asked []string
	// answer decides by the request's number, from 1, and its body.
	answer func(n int, body string) reply
}

// RoundTrip answers a request.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, string(body))
	n := len(s.asked)
	s.mu.Unlock()
	out := s.answer(n, string(body))
	if out.header == nil {
		out.header = http.Header{}
	}
	return &http.Response{
		StatusCode: out.status, Header: out.header, Body: io.NopCloser(strings.NewReader(out.body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// newFake is a client of a server that answers so.
func newFake(t *testing.T, answer func(n int, body string) reply) (*Client, *server) {
	t.Helper()
	s := &server{answer: answer}
	u, err := url.Parse("https://mail.example.org/EWS/Exchange.asmx")
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{
		URL: u, Auth: Basic("svc", "secret"), Transport: transport.New(transport.Options{Base: s}), Now: time.Now,
	}), s
}

func always(r reply) func(int, string) reply { return func(int, string) reply { return r } }

// soap is a SOAP message with that body.
func soap(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + soapNS + `"><s:Header>` +
		`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562" MinorBuildNumber="17" xmlns:h="` + typesNS + `"/>` +
		`</s:Header><s:Body xmlns:m="` + messagesNS + `" xmlns:t="` + typesNS + `">` + body + `</s:Body></s:Envelope>`
}

// response is the answer to an operation, with what each message holds.
func response(operation string, messages ...string) reply {
	body := "<m:" + operation + "Response><m:ResponseMessages>"
	for _, m := range messages {
		body += m
	}
	return reply{status: 200, body: soap(body + "</m:ResponseMessages></m:" + operation + "Response>")}
}

func success(operation, inner string) string {
	return fmt.Sprintf(`<m:%[1]sResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>%[2]s</m:%[1]sResponseMessage>`, operation, inner)
}

func failure(operation, code string) string {
	return fmt.Sprintf(`<m:%[1]sResponseMessage ResponseClass="Error"><m:MessageText>No.</m:MessageText><m:ResponseCode>%[2]s</m:ResponseCode></m:%[1]sResponseMessage>`, operation, code)
}

// faulty is a request refused as a whole.
func faulty(code, backOff string) reply {
	xml := ""
	if backOff != "" {
		xml = `<t:MessageXml xmlns:t="` + typesNS + `"><t:Value Name="BackOffMilliseconds">` + backOff + `</t:Value></t:MessageXml>`
	}
	return reply{status: 500, body: soap(`<s:Fault><faultcode xmlns:a="` + typesNS + `">a:` + code + `</faultcode><faultstring>No.</faultstring><detail>` +
		`<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">` + code + `</e:ResponseCode>` + xml + `</detail></s:Fault>`)}
}

// calendarFolder is the answer to GetFolder.
func calendarFolder() reply {
	return response("GetFolder", success("GetFolder", `<m:Folders><t:CalendarFolder><t:FolderId Id="F1" ChangeKey="K"/></t:CalendarFolder></m:Folders>`))
}
