package exchangeonline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// prefer is sent with every request, the parts of a $batch and every page of a
// round included: ids that survive moves, times in UTC, bodies as text. Leaving it
// out once would give the same event a second identity.
const prefer = `IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text"`

// pageSize is the size of a page asked for. A page smaller than the occurrences of
// one series is known to send a delta round in circles.
const pageSize = "500"

// preferPages is prefer for the pages of a delta round.
const preferPages = prefer + ", odata.maxpagesize=" + pageSize

// errNoToken marks the errors of signing in: they concern the whole account.
var errNoToken = errors.New("no access token")

// session sends an account's requests to Graph: it adds the token, renews it once
// when it is refused, and understands the answer's outside.
type session struct {
	client *transport.Client
	tokens *tokens
	base   *url.URL
	// perMailbox is how many parts of a batch may work on one mailbox side by side.
	perMailbox int
	pauses     pauses
	now        func() time.Time
}

// request is one request to Graph.
type request struct {
	// operation names it in traces; it holds no address.
	operation string
	// mailboxes are as in transport.Meta.
	mailboxes []string
	method    string
	// url is absolute and points at the configured server.
	url    string
	prefer string
	body   any
}

// answer is an answer in JSON with a status below 300.
type answer struct {
	status int
	body   []byte
	// token is the one that the request was sent with.
	token string
	// repeated: the request was sent more than once, so an earlier attempt may have
	// had its effect.
	repeated bool
}

// get fetches what a URL below the base names, and decodes it into out.
func (s *session) get(ctx context.Context, operation, mailbox, link, preferences string, out any) (refusedWith, *sdk.Error) {
	if err := s.pauses.wait(ctx, mailbox, s.now); err != nil {
		return refusedWith{}, err
	}
	got, refused, err := s.send(ctx, request{
		operation: operation, mailboxes: []string{mailbox}, method: http.MethodGet, url: link, prefer: preferences,
	})
	if err != nil {
		return refused, err
	}
	return refused, decode(got.body, out)
}

// send sends a request and answers what it brought. A refusal comes with the error
// it means, for callers that know better.
func (s *session) send(ctx context.Context, r request) (answer, refusedWith, *sdk.Error) {
	if err := s.pauses.wait(ctx, everybody, s.now); err != nil {
		return answer{}, refusedWith{}, err
	}
	resp, token, err := s.once(ctx, r)
	got := answer{token: token, repeated: err == nil && resp.Attempts > 1}
	if err == nil && resp.Status == http.StatusUnauthorized {
		// Tokens can be revoked before their end: one new one, made with what the server
		// wants of it, then it is the account.
		s.tokens.drop(token, challenge(resp.Header))
		resp, got.token, err = s.once(ctx, r)
		got.repeated = got.repeated || err == nil && resp.Attempts > 1
	}
	if err != nil {
		return got, refusedWith{}, err
	}
	if resp.Status >= 300 || resp.Status < 200 {
		return got, readRefusal(resp.Status, resp.Body), s.refuse(r.mailboxes, resp)
	}
	if !isJSON(resp.Header.Get("Content-Type")) {
		return got, refusedWith{}, refusedWith{status: resp.Status}.err()
	}
	got.status, got.body = resp.Status, resp.Body
	return got, refusedWith{}, nil
}

// refuse is the error of a refused request. A refusal that asks to wait holds up
// whatever else goes to the mailbox, or to all of them where it is a batch that is
// refused as a whole: requests made meanwhile would count as well.
func (s *session) refuse(mailboxes []string, resp *transport.Response) *sdk.Error {
	err := readRefusal(resp.Status, resp.Body).err()
	wait, said := transport.RetryAfter(resp.Header, s.now())
	if !said {
		return err
	}
	if len(mailboxes) == 1 {
		s.pauses.set(mailboxes[0], s.now().Add(wait))
	} else {
		s.pauses.set(everybody, s.now().Add(wait))
	}
	return err.WithRetryAfter(wait)
}

func (s *session) once(ctx context.Context, r request) (*transport.Response, string, *sdk.Error) {
	token, err := s.tokens.get(ctx)
	if err != nil {
		return nil, "", noToken(err)
	}
	header := http.Header{
		"Authorization": {"Bearer " + token},
		"Accept":        {"application/json"},
		"Prefer":        {or(r.prefer, prefer)},
	}
	var body []byte
	if r.body != nil {
		header.Set("Content-Type", "application/json")
		var failed error
		if body, failed = json.Marshal(r.body); failed != nil {
			return nil, "", sdk.CodeInternal.Wrap(failed, "could not write the request")
		}
	}
	// Every request may be repeated: reads by nature, creates by their transactionId,
	// updates because they say what should be, deletes because gone is gone.
	meta := transport.Meta{Operation: "graph " + r.operation, Mailboxes: r.mailboxes, Idempotent: true}
	resp, failed := s.client.Do(ctx, transport.Request{Method: r.method, URL: r.url, Header: header, Body: body}, meta)
	if failed != nil {
		return nil, token, unreachable(failed)
	}
	return resp, token, nil
}

// noToken marks an error of signing in as one of the account.
func noToken(e *sdk.Error) *sdk.Error {
	marked := e.Code.Wrap(errors.Join(errNoToken, e), "%s", e.Message)
	marked.Advice, marked.Detail, marked.RetryAfter = e.Advice, e.Detail, e.RetryAfter
	return marked
}

// link is the absolute form of a path below the base, "/users/…?…".
func (s *session) link(path string) string { return strings.TrimRight(s.base.String(), "/") + path }

// relative takes a link of an answer apart: its path and query below the base. A
// link that leaves the configured server is refused, because the token would go
// with it.
func (s *session) relative(link string) (string, *sdk.Error) {
	u, err := url.Parse(link)
	base := "/" + strings.Trim(s.base.EscapedPath(), "/")
	if err != nil || u.Scheme != s.base.Scheme || !strings.EqualFold(u.Host, s.base.Host) || u.User != nil ||
		!strings.HasPrefix(u.EscapedPath(), base+"/") {
		return "", badAnswer("a link leads away from the configured server").WithAdvice("check graph_url and the proxy")
	}
	path := strings.TrimPrefix(u.EscapedPath(), base)
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return path, nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}

// decode reads one JSON document and nothing after it.
func decode(body []byte, out any) *sdk.Error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(out); err != nil {
		return sdk.CodeBadAnswer.Wrap(err, "the server's answer is not the JSON it should be")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badAnswer("there is something after its end")
	}
	return nil
}

// userPath is the path of something of a mailbox, "/users/ana@example.org" and
// what follows it.
func userPath(mailbox, rest string) string { return "/users/" + url.PathEscape(mailbox) + rest }

func eventPath(mailbox, id string) string {
	return userPath(mailbox, "/events/"+url.PathEscape(id))
}

// query writes parameters with the $ that OData wants unescaped, and %20 for spaces:
// not every layer of Graph reads a plus sign as one.
func query(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(pairs[i])
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
	}
	return b.String()
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
