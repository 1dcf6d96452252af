package exchangesim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/ews"
	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
)

// maxBody bounds what is read of a request, in bytes.
const maxBody = 64 << 20

func isEWS(path string) bool { return strings.EqualFold(path, ews.Path) }

// observed serves a front and shows each request and its answer to the observer before
// anything of it is sent.
func (s *Server) observed(protocol string, front http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		url := r.URL.RequestURI()
		if protocol == "ews" && ews.IsStream(body) {
			front.ServeHTTP(&envelopes{ResponseWriter: w, status: http.StatusOK, observe: func(a *faults.Answer) {
				s.observe(protocol, url, r, body, a)
			}}, r)
			return
		}
		recorder := faults.Record(front, r)
		s.observe(protocol, url, r, body, recorder.Answer())
		recorder.Replay(w)
	})
}

// envelopes passes a stream of SOAP envelopes on as it is made; each is written at once,
// and observed as an answer of its own.
type envelopes struct {
	http.ResponseWriter
	status  int
	observe func(*faults.Answer)
}

// WriteHeader notes the status.
func (e *envelopes) WriteHeader(status int) {
	e.status = status
	e.ResponseWriter.WriteHeader(status)
}

// Write passes an envelope on.
func (e *envelopes) Write(p []byte) (int, error) {
	e.observe(&faults.Answer{Status: e.status, Header: e.Header().Clone(), Body: bytes.Clone(p)})
	return e.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (e *envelopes) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (s *Server) observe(protocol, url string, r *http.Request, body []byte, a *faults.Answer) {
	if s.opts.Observe == nil {
		return
	}
	header := r.Header.Clone()
	header.Del("Authorization")
	answer := a.Body
	if protocol == "login" {
		body, answer = nil, nil // the client's secret and the token
	}
	s.opts.Observe(Exchange{
		Protocol: protocol, Method: r.Method, URL: url, RequestHeader: header, RequestBody: body,
		Authorized: r.Header.Get("Authorization") != "",
		Status:     a.Status, ResponseHeader: a.Header, ResponseBody: answer, Fault: a.Fault,
	})
}

// serveLogin answers the token endpoint.
func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) {
	rule := s.faults.Take(faults.Operation{Protocol: "login", Kind: "Token"})
	faults.Run(r.Context(), rule, func() *faults.Answer {
		return faults.Record(http.StripPrefix(loginPrefix, s.login), r).Answer()
	}, refuseToken).Send(w, r)
}

// refuseToken makes the answer of a fault of the token endpoint.
func refuseToken(f faults.Rule) *faults.Answer {
	code := f.Code
	if code == "" {
		code = "temporarily_unavailable"
	}
	text, err := json.Marshal(map[string]any{
		"error": code, "error_description": "AADSTS90055: The service is too busy.", "error_codes": []int{90055},
	})
	if err != nil {
		panic("exchangesim: " + err.Error()) // strings and numbers are always JSON
	}
	return &faults.Answer{Status: f.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: text}
}
