package ews

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Path is where Exchange serves EWS; letter case does not matter.
const Path = "/EWS/Exchange.asmx"

// Options configure a [Handler].
type Options struct {
	World *world.World
	// Build is the version to report; the zero Build is [BuildOnPremises].
	Build Build
	// Schemes are the WWW-Authenticate challenges of a 401, one header each.
	// Passwords are accepted when one of them is Basic, tokens when one is Bearer.
	Schemes []string
	// Token reports whether an access token is good for EWS. With one, a caller is an
	// application that may impersonate everybody.
	Token func(token string) bool
	// Before may refuse a call before it is carried out; nil refuses none.
	Before func(Call) *Fault
	// Observe sees every call after its answer was made, before it is sent; nil for nobody.
	Observe func(Observation)
}

// Call is a request that was understood.
type Call struct {
	// Operation is the request's element, for example "FindItem".
	Operation string
	// Mailboxes are the primary addresses of the mailboxes that the request names, in
	// order, each once.
	Mailboxes []string
}

// Observation is a call with its messages.
type Observation struct {
	Call
	Request, Answer []byte
	Status          int
}

// Fault is an answer instead of the operation's.
type Fault struct {
	// Code is an EWS response code: the answer is a SOAP fault. Empty is a plain
	// HTTP answer.
	Code, Text string
	// BackOffMilliseconds accompanies ErrorServerBusy; 0 for none.
	BackOffMilliseconds int
	// Status is the HTTP status; 0 is 500.
	Status int
	// Header is added to the answer, for example Retry-After or X-EWS-Policy-Reason.
	Header http.Header
}

// Handler serves EWS from a world.
type Handler struct{ opts Options }

// BasicScheme and BearerScheme are challenges of a server that allows passwords, and
// of one that allows tokens.
const (
	BasicScheme  = `Basic realm="exchange.example"`
	BearerScheme = `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*"`
)

// New makes a handler. Without schemes it offers what a default server on premises
// does, and tokens when there is a Token function.
func New(opts Options) *Handler {
	if opts.Build == (Build{}) {
		opts.Build = BuildOnPremises
	}
	if opts.Schemes == nil {
		opts.Schemes = []string{"Negotiate", "NTLM", BasicScheme}
		if opts.Token != nil {
			opts.Schemes = append(opts.Schemes, BearerScheme)
		}
	}
	return &Handler{opts: opts}
}

// ServeHTTP answers one request. Credentials come first, as with IIS: without them
// nothing else about the request matters.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stamp(w.Header(), r.Header)
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
	h.serve(w, who, body)
}

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

func (h *Handler) serve(w http.ResponseWriter, who caller, body []byte) {
	seen := Observation{Request: body}
	content, status := h.answer(w.Header(), who, &seen)
	if content != nil {
		seen.Answer = encodeEnvelope(h.opts.Build, content)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	}
	seen.Status = status
	if h.opts.Observe != nil {
		h.opts.Observe(seen)
	}
	w.WriteHeader(status)
	// A client that is gone does not read its answer; there is nobody to tell.
	_, _ = w.Write(seen.Answer)
}

// answer carries a request out. The content is nil for a plain HTTP answer.
func (h *Handler) answer(header http.Header, who caller, seen *Observation) (content *node, status int) {
	env, f := openEnvelope(seen.Request)
	if f != nil {
		return faultNode(f), http.StatusInternalServerError
	}
	seen.Operation = env.operation.name
	run := operations[env.operation.name]
	if run == nil {
		return faultNode(errSchema(env.operation, "The operation is not known: "+env.operation.name)), http.StatusInternalServerError
	}
	c := &call{world: h.opts.World, env: env, who: who}
	seen.Mailboxes = c.named()
	if h.opts.Before != nil {
		if fault := h.opts.Before(seen.Call); fault != nil {
			return fault.answer(header)
		}
	}
	if f := c.prepare(); f != nil {
		return faultNode(f), http.StatusInternalServerError
	}
	return run(c, env.operation), http.StatusOK
}

func (f *Fault) answer(header http.Header) (*node, int) {
	for name, values := range f.Header {
		header[name] = values
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if f.Code == "" {
		return nil, status
	}
	refusal := fail(code(f.Code), f.Text)
	if f.BackOffMilliseconds > 0 {
		refusal.values = []attribute{{"BackOffMilliseconds", itoa(f.BackOffMilliseconds)}}
	}
	return faultNode(refusal), status
}

// authenticate finds out who calls, or refuses with 401 and the schemes on offer.
func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request) (caller, bool) {
	if user, password, ok := r.BasicAuth(); ok && h.offers("Basic") {
		if account, known := h.opts.World.Authenticate(user, password); known {
			return caller{account: &account}, true
		}
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if bearer && h.offers("Bearer") {
		if h.opts.Token != nil && h.opts.Token(token) {
			return caller{}, true
		}
		w.Header().Set("x-ms-diagnostics", `2000001;reason="There was an error processing the request token.";error_category="invalid_token"`)
	}
	for _, scheme := range h.opts.Schemes {
		w.Header().Add("WWW-Authenticate", scheme)
	}
	w.WriteHeader(http.StatusUnauthorized)
	return caller{}, false
}

func (h *Handler) offers(scheme string) bool {
	for _, s := range h.opts.Schemes {
		if name, _, _ := strings.Cut(s, " "); strings.EqualFold(name, scheme) {
			return true
		}
	}
	return false
}
