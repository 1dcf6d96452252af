package ews

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/ntlmserver"
)

// Path is where Exchange serves EWS; letter case does not matter.
const Path = "/EWS/Exchange.asmx"

// Options configure a [Handler].
type Options struct {
	World *world.World
	// Build is the version to report; the zero Build is [BuildSE].
	Build Build
	// Schemes are the WWW-Authenticate challenges of a 401, one header each.
	// Passwords are accepted when one of them is Basic, handshakes of NTLM when one is
	// NTLM or Negotiate, tokens when one is Bearer. Handshakes need a server with
	// [ntlmserver.ConnContext].
	Schemes []string
	// Protection says what is done with the channel bindings of handshakes, Binding is the
	// right one; see package ntlmserver.
	Protection ntlmserver.Protection
	Binding    []byte
	// Throttling is each account's budget of server time.
	Throttling Throttling
	// Token reports whether an access token is good for EWS. With one, a caller is an
	// application that may impersonate everybody.
	Token func(token string) bool
	// Streaming sets limits and pace of streaming notifications.
	Streaming Streaming
	// Faults decide what goes wrong, and count; nil for neither.
	Faults *faults.Set
	// StillFolders keeps the change properties of folders from moving: no document promises
	// that they move with every change.
	StillFolders bool
	// UnknownZones are ids of Windows time zones that the server does not know, as one
	// without the newest updates.
	UnknownZones []string
	// Latency is how long every operation takes at least.
	Latency time.Duration
	// Concurrency is how many requests of one account may run at a time
	// (EWSMaxConcurrency); more are refused with ErrorExceededConnectionCount. 0 is no limit.
	Concurrency int
}

// Handler serves EWS from a world.
type Handler struct {
	opts Options

	budgets budgets
	streams *Streams

	mu sync.Mutex
	// running counts the requests in flight by account.
	running map[string]int
}

// New makes a handler. Without schemes it offers what a default server on premises
// does, and tokens when there is a Token function.
func New(opts Options) *Handler {
	if opts.Build == (Build{}) {
		opts.Build = BuildSE
	}
	if opts.Schemes == nil {
		opts.Schemes = []string{"Negotiate", "NTLM", BasicScheme}
		if opts.Token != nil {
			opts.Schemes = append(opts.Schemes, BearerScheme)
		}
	}
	return &Handler{
		opts: opts, running: map[string]int{}, streams: newStreams(opts.World, opts.Streaming),
		budgets: budgets{policy: opts.Throttling, now: opts.World.Now},
	}
}

// ServeHTTP answers one request. Credentials come first, as with IIS: without them
// nothing else about the request matters.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stamp(w.Header(), r.Header)
	w.Header().Set("Date", h.opts.World.Now().UTC().Format(http.TimeFormat))
	who, ok := h.authenticate(w, r)
	if !ok {
		return
	}
	switch {
	case !strings.EqualFold(r.URL.Path, Path):
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		h.refuseBody(w, err)
		return
	}
	if IsStream(body) {
		h.serveStream(w, r, who, body)
		return
	}
	h.serve(r, who, body).Send(w, r)
}

// Streams are the subscriptions to the server's calendars.
func (h *Handler) Streams() *Streams { return h.streams }

// stamp sets the headers by which Exchange's administrators find a request again.
func stamp(answer, request http.Header) {
	answer.Set("request-id", uuid.NewString())
	answer.Set("X-FEServer", "EXCH01")
	if id := request.Get("client-request-id"); id != "" && strings.EqualFold(request.Get("return-client-request-id"), "true") {
		answer.Set("client-request-id", id)
	}
}

func (h *Handler) refuseBody(w http.ResponseWriter, err error) {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	http.Error(w, "Bad Request", http.StatusBadRequest)
}

// serve answers a request whose sender is known.
func (h *Handler) serve(r *http.Request, who caller, body []byte) *faults.Answer {
	env, f := openEnvelope(body, h.opts.Build)
	if f != nil {
		return h.soapFault(f)
	}
	run := operations[env.operation.name]
	if run == nil {
		return h.soapFault(errSchema(env.operation, "The operation is not known: "+env.operation.name))
	}
	c := h.call(r, env, who)
	if !h.enter(who) {
		return h.soapFault(errTooMany)
	}
	defer h.leave(who)
	if wait := h.budgets.charge(who.name()); wait > 0 {
		return h.soapFault(errBusy(wait))
	}
	faults.Wait(r.Context(), h.opts.Latency)
	return faults.Run(r.Context(), h.rule(c), func() *faults.Answer {
		if f := c.prepare(); f != nil {
			return h.soapFault(f)
		}
		answer := h.soap(http.StatusOK, run(c, env.operation))
		if strings.EqualFold(r.Header.Get("X-PreferServerAffinity"), "true") {
			answer.Header.Set("Set-Cookie", c.affinity())
		}
		return answer
	}, func(r faults.Rule) *faults.Answer { return h.refuse(c, r) })
}

var errTooMany = fail("ErrorExceededConnectionCount", "You have exceeded the available concurrent connections for your account. Try again once your other requests have completed.")

// call is a request of a known sender on its way.
func (h *Handler) call(r *http.Request, env *envelope, who caller) *call {
	return &call{
		world: h.opts.World, env: env, who: who, opts: &h.opts,
		streams: h.streams, server: h.streams.server(r.Header),
	}
}

// rule counts the call and finds the fault it meets. A request about several
// mailboxes is one request, and counted under none of them.
func (h *Handler) rule(c *call) *faults.Rule {
	if h.opts.Faults == nil {
		return nil
	}
	op := faults.Operation{Protocol: "ews", Kind: c.env.operation.name}
	boxes := c.named()
	if len(boxes) == 1 {
		op.Mailbox = boxes[0]
	}
	return h.opts.Faults.Take(op, boxes...)
}

// refuse is a fault's answer: with a code and status 200 every item of the request
// fails by that code, with a code and another status the whole request is a SOAP
// fault, and without a code it is a plain HTTP answer. The code of a 403 is the text
// by which Exchange Online says that EWS is blocked.
func (h *Handler) refuse(c *call, r faults.Rule) *faults.Answer {
	if r.Code == "" || r.Status == http.StatusForbidden {
		plain := &faults.Answer{Status: r.Status, Header: http.Header{}}
		if r.Code != "" {
			plain.Header.Set("X-EWS-Policy-Reason", r.Code)
		}
		return plain
	}
	f := fail(code(r.Code), "The simulator was told to refuse this: "+r.Code)
	if seconds, err := strconv.Atoi(r.RetryAfter); err == nil {
		f.values = []attribute{{"BackOffMilliseconds", strconv.Itoa(seconds * 1000)}}
	}
	if r.Status != http.StatusOK {
		answer := h.soapFault(f)
		answer.Status = r.Status
		return answer
	}
	if f := c.prepare(); f != nil {
		return h.soapFault(f)
	}
	c.refusal = f
	return h.soap(http.StatusOK, operations[c.env.operation.name](c, c.env.operation))
}

func (h *Handler) soapFault(f *failure) *faults.Answer {
	return h.soap(http.StatusInternalServerError, faultNode(f))
}

func (h *Handler) soap(status int, content *node) *faults.Answer {
	header := http.Header{"Content-Type": {"text/xml; charset=utf-8"}}
	return &faults.Answer{Status: status, Header: header, Body: encodeEnvelope(h.opts.Build, content)}
}

// enter takes a place among the account's requests in flight, if there is one.
func (h *Handler) enter(who caller) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opts.Concurrency > 0 && h.running[who.name()] >= h.opts.Concurrency {
		return false
	}
	h.running[who.name()]++
	return true
}

func (h *Handler) leave(who caller) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[who.name()]--
}
