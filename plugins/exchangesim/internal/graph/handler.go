package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// maxBody is the largest request that is read, in bytes.
const maxBody = 4 << 20

// Options configure a [Handler].
type Options struct {
	World *world.World
	// Valid tells whether an access token is good.
	Valid func(token string) bool
	// Challenge makes all access tokens good only for those whose request passed new
	// claims on; Claims are those that a token lacks, empty if that is not why it is no
	// good. Both may be nil.
	Challenge func()
	Claims    func(token string) string
	// Faults decide what goes wrong.
	Faults *faults.Set
	// Prefix is the path under which the handler is mounted, for links: "/graph/v1.0".
	Prefix string
	// Latency is how long every operation takes at least.
	Latency time.Duration
	// Concurrency is how many operations on one mailbox may run at a time; more are
	// answered with 429 (MailboxConcurrency).
	Concurrency int
	// MailboxRequests is how many requests a mailbox takes in ten minutes, Requests how
	// many all together in ten seconds; 0 are the documented limits.
	MailboxRequests, Requests int
	// TenantID goes into notifications; SubscriptionWrites is how many subscriptions may be
	// made, renewed and deleted in 20 seconds, 0 is the documented limit.
	TenantID           string
	SubscriptionWrites int
	// Generations is how many of the newest delta tokens of a mailbox are accepted; 0
	// for all. Outlook is seen to keep about three.
	Generations int
}

// Handler answers Graph requests: those below its prefix, with an access token.
type Handler struct {
	opts Options
	subs *Subscriptions

	mu sync.Mutex
	// running counts the operations in flight by mailbox, peak is the most there were,
	// issued counts the delta tokens.
	running, peak, issued map[*world.Mailbox]int
	// spent and all are what was asked for of the budgets.
	spent map[*world.Mailbox]*budget
	all   budget
}

// New returns the handler.
func New(opts Options) *Handler {
	if opts.MailboxRequests == 0 {
		opts.MailboxRequests = DefaultMailboxRequests
	}
	if opts.Requests == 0 {
		opts.Requests = DefaultRequests
	}
	return &Handler{
		opts: opts, subs: newSubscriptions(opts.World, opts.TenantID, opts.SubscriptionWrites), spent: map[*world.Mailbox]*budget{},
		running: map[*world.Mailbox]int{}, peak: map[*world.Mailbox]int{}, issued: map[*world.Mailbox]int{},
	}
}

// Subscriptions are the subscriptions to change notifications.
func (h *Handler) Subscriptions() *Subscriptions { return h.subs }

// Close ends the sender of notifications.
func (h *Handler) Close() { h.subs.Close() }

// request is a request that is being answered.
type request struct {
	*http.Request
	// root is the address of Graph as the client sees it, with the version.
	root string
	// path is the rest of the address, escaped, without the query.
	path string
	// user is the mailbox's name in the path, args are all of the path's variables.
	user string
	args map[string]string
	body []byte
	// query holds the query options; names that begin with $ are in lower case.
	query   map[string]string
	batched bool
	mailbox *world.Mailbox
	prefer  preferences
}

// result is a successful answer.
type result struct {
	status int
	body   any
	header map[string]string
	// fault is what becomes of the answer, for a batch with a faulty item.
	fault faults.Mode
	// delay is as in [faults.Answer].
	delay time.Duration
}

// ServeHTTP answers a request, or a batch of them.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		h.failure(fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")).Send(w, r)
		return
	}
	answer := h.authorize(r)
	if answer == nil {
		answer = h.answer(&request{Request: r, root: scheme(r) + "://" + r.Host + h.opts.Prefix, body: body})
	}
	answer.Header.Set("request-id", requestID(h))
	if id := r.Header.Get("client-request-id"); id != "" && r.Header.Get("return-client-request-id") == "true" {
		answer.Header.Set("client-request-id", id)
	}
	answer.Send(w, r)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// requestID makes the id that Graph asks for in support cases.
func requestID(h *Handler) string {
	return fmt.Sprintf("00000000-0000-4000-9000-%012x", h.opts.World.Now().UnixNano()&0xffffffffffff)
}

// answer finds what a request asks for and does it, with whatever is to go wrong.
func (h *Handler) answer(req *request) *faults.Answer {
	req.path = strings.TrimPrefix(req.URL.EscapedPath(), h.opts.Prefix)
	op, err := req.match(req.path)
	kind := "Unknown"
	if err == nil {
		kind = op.kind
	}
	rule := h.opts.Faults.Take(faults.Operation{Protocol: "graph", Kind: kind, Mailbox: strings.ToLower(req.user), Batched: req.batched})
	return faults.Run(req.Context(), rule, func() *faults.Answer {
		if err != nil {
			return h.failure(failureOf(err))
		}
		res, err := h.do(req, op)
		if err != nil {
			return h.failure(failureOf(err))
		}
		if rule != nil {
			req.bend(res.body, rule.Mode)
		}
		return res.answer(req.prefer)
	}, func(r faults.Rule) *faults.Answer { return h.refuse(req, r) })
}

// do carries out an operation.
func (h *Handler) do(req *request, op operation) (*result, error) {
	if err := req.parse(); err != nil {
		return nil, err
	}
	if req.user == "" {
		faults.Wait(req.Context(), h.opts.Latency)
		return op.do(h, req)
	}
	m, err := h.opts.World.Mailbox(req.user)
	if err != nil {
		return nil, err
	}
	req.mailbox = m
	if err := h.opts.World.Online(m); err != nil {
		return nil, err
	}
	if err := h.enter(m); err != nil {
		return nil, err
	}
	defer h.leave(m)
	faults.Wait(req.Context(), h.opts.Latency)
	return op.do(h, req)
}

// answer writes a result.
func (r *result) answer(p preferences) *faults.Answer {
	a := &faults.Answer{Status: r.status, Header: http.Header{}, Fault: r.fault, Delay: r.delay}
	for name, value := range r.header {
		a.Header.Set(name, value)
	}
	if len(p.applied) > 0 {
		a.Header.Set("Preference-Applied", strings.Join(p.applied, ", "))
	}
	setJSON(a, r.body)
	return a
}

// failure writes an error.
func (h *Handler) failure(f *failure) *faults.Answer {
	a := &faults.Answer{Status: f.status, Header: http.Header{}}
	if f.retryAfter > 0 {
		a.Header.Set("Retry-After", strconv.Itoa(f.retryAfter))
	}
	body := map[string]any{"code": f.code, "message": f.message, "innerError": map[string]any{
		"date": h.opts.World.Now().UTC().Format("2006-01-02T15:04:05"),
	}}
	setJSON(a, map[string]any{"error": body})
	return a
}

func setJSON(a *faults.Answer, body any) {
	if body == nil {
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("graph: an answer that is no JSON: %v", err))
	}
	a.Body = data
	a.Header.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
}
