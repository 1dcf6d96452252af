package autodiscover

import (
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Path is where Exchange serves Autodiscover; letter case does not matter.
const Path = "/autodiscover/autodiscover.xml"

// The namespaces of POX: of requests, of the frame of answers, and of their content.
const (
	nsRequest = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	nsFrame   = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	nsAnswer  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// Answer is what is answered under a host name. The zero Answer is the address of the
// simulator's own EWS, for mailboxes that exist.
type Answer struct {
	// Location redirects every request by HTTP, before anybody signs in.
	Location string
	// Status, Type and Body are answered as they are, before anybody signs in.
	Status     int
	Type, Body string
	// EWSURL is another address of EWS.
	EWSURL string
	// RedirectURL and RedirectAddress lead the client on.
	RedirectURL, RedirectAddress string
	// ErrorCode refuses: 500 is an unknown address, 603 a directory that is out of order.
	ErrorCode string
}

// Options configure a [Handler].
type Options struct {
	World *world.World
	// EWSURL is the address of EWS.
	EWSURL func() string
	// SignIn lets a request through or refuses it.
	SignIn func(http.ResponseWriter, *http.Request) bool
	// Hosts are the answers by host name in lower case; nil for the zero Answer everywhere. A
	// host that is not among them knows nothing of Autodiscover.
	Hosts map[string]Answer
}

// Handler serves Autodiscover.
type Handler struct{ opts Options }

// New returns a handler.
func New(opts Options) *Handler { return &Handler{opts} }

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, known := h.opts.Hosts[hostOf(r)]
	switch {
	case !known && h.opts.Hosts != nil:
		http.NotFound(w, r)
	case answer.Location != "":
		http.Redirect(w, r, answer.Location, http.StatusFound)
	case answer.Status != 0:
		w.Header().Set("Content-Type", answer.Type)
		w.WriteHeader(answer.Status)
		_, _ = io.WriteString(w, answer.Body)
	case h.opts.SignIn(w, r):
		h.serve(w, r, answer)
	}
}

func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return strings.ToLower(host)
}

// request is what a client asks.
type request struct {
	XMLName xml.Name `xml:"Autodiscover"`
	Address string   `xml:"Request>EMailAddress"`
	Schema  string   `xml:"Request>AcceptableResponseSchema"`
}

const maxRequest = 64 << 10

// serve answers who is signed in.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, answer Answer) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	var asked request
	switch {
	case err != nil || xml.Unmarshal(body, &asked) != nil || asked.XMLName.Space != nsRequest || asked.Schema != nsAnswer:
		write(w, refusal("600", "Invalid Request"))
	case answer.ErrorCode != "":
		write(w, refusal(answer.ErrorCode, "The simulator was told to refuse this."))
	case answer.RedirectAddress != "":
		write(w, account("redirectAddr", "<RedirectAddr>"+text(answer.RedirectAddress)+"</RedirectAddr>"))
	case answer.RedirectURL != "":
		write(w, account("redirectUrl", "<RedirectUrl>"+text(answer.RedirectURL)+"</RedirectUrl>"))
	case !h.exists(asked.Address):
		write(w, refusal("500", "The email address can't be found."))
	default:
		url := answer.EWSURL
		if url == "" {
			url = h.opts.EWSURL()
		}
		write(w, settings(url))
	}
}

func (h *Handler) exists(address string) bool {
	_, err := h.opts.World.Mailbox(address)
	return err == nil
}

func settings(url string) string {
	protocol := func(kind string) string {
		return "<Protocol><Type>" + kind + "</Type><ASUrl>" + text(url) + "</ASUrl><EwsUrl>" + text(url) + "</EwsUrl></Protocol>"
	}
	return account("settings", protocol("EXCH")+protocol("EXPR")+"<Protocol><Type>WEB</Type></Protocol>")
}

func account(action, content string) string {
	return `<Response xmlns="` + nsAnswer + `"><Account><AccountType>email</AccountType><Action>` + action + "</Action>" + content + "</Account></Response>"
}

func refusal(code, message string) string {
	return `<Response><Error Time="10:00:00.0000000" Id="1054084152"><ErrorCode>` + text(code) + "</ErrorCode><Message>" + text(message) +
		"</Message><DebugData/></Error></Response>"
}

func write(w http.ResponseWriter, response string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.WriteString(w, xml.Header+`<Autodiscover xmlns="`+nsFrame+`">`+response+"</Autodiscover>")
}

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
