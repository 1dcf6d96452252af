package ews

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ntlm"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const notEWSAdvice = "check url: it should end in /EWS/Exchange.asmx, and no proxy with a sign-in page of its own may stand in front"

// policyHeader says why Exchange refuses EWS as such.
const policyHeader = "X-EWS-Policy-Reason"

// refusal turns an answer that is not a SOAP message into an error.
func refusal(resp *transport.Response, now time.Time) *sdk.Error {
	detail := "HTTP " + strconv.Itoa(resp.Status)
	wait, _ := transport.RetryAfter(resp.Header, now)
	switch s := resp.Status; {
	case s == http.StatusOK:
		return sdk.CodeBadAnswer.New("the server answered %s instead of Exchange Web Services", contentOf(resp)).
			WithAdvice("%s", notEWSAdvice).WithDetail(detail)
	case s == http.StatusForbidden:
		return forbidden(resp.Header).WithDetail(detail)
	case s >= 300 && s < 400:
		return redirected(resp.Header).WithDetail(detail)
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed, s == 440:
		return sdk.CodeBadAnswer.New("the address does not lead to Exchange Web Services").
			WithAdvice("%s", notEWSAdvice).WithDetail(detail)
	case s == 456:
		return sdk.CodeAccountBlocked.New("the master account is blocked or must set a new password").
			WithAdvice("unblock it, or give it a new password").WithDetail(detail)
	case s == http.StatusRequestEntityTooLarge, s == http.StatusRequestURITooLong:
		return sdk.CodeInvalidItem.New("the request is larger than the server allows").
			WithAdvice("raise maxAllowedContentLength of the EWS site").WithDetail(detail)
	case s == http.StatusTooManyRequests:
		return sdk.CodeThrottled.New("the server asks to wait").WithRetryAfter(wait).WithDetail(detail).
			WithAdvice("%s", policyAdvice)
	case s == http.StatusBadGateway, s == http.StatusGatewayTimeout:
		return sdk.CodeUnavailable.New("a proxy in front of the server does not reach it").WithRetryAfter(wait).WithDetail(detail).
			WithAdvice("nothing at first: it is tried again by itself; if it stays so, check the reverse proxy or load balancer, and the Exchange servers behind it")
	case s >= 500:
		return sdk.CodeUnavailable.New("the server is failing or overloaded, and answered %s", contentOf(resp)).
			WithRetryAfter(wait).WithDetail(detail).WithAdvice("%s", waitAdvice)
	}
	return sdk.CodeBadAnswer.New("the server refused the request, and answered %s", contentOf(resp)).
		WithAdvice("%s", notEWSAdvice).WithDetail(detail)
}

// contentOf names what an answer is, without a word of it.
func contentOf(resp *transport.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	start := bytes.ToLower(bytes.TrimSpace(resp.Body[:min(len(resp.Body), 512)]))
	switch {
	case len(resp.Body) == 0:
		return "nothing"
	case kind == "text/html", bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return "a web page, such as a sign-in or an error page,"
	case strings.HasSuffix(kind, "/json"):
		return "JSON"
	case bytes.HasPrefix(start, []byte("<")):
		return "XML that is no whole SOAP message"
	}
	return "something else"
}

func forbidden(h http.Header) *sdk.Error {
	if h.Get(policyHeader) != "" {
		return sdk.CodeAccountBlocked.New("a policy of the organisation blocks Exchange Web Services").
			WithAdvice("check EwsEnabled, EwsApplicationAccessPolicy and the allow and block lists with Get-OrganizationConfig and Get-CASMailbox; the gateway's user agent must be allowed")
	}
	return sdk.CodeAccountBlocked.New("the server refuses the gateway").
		WithAdvice("check the IP restrictions, the client certificate setting and the SSL setting of the EWS site")
}

// redirected explains a redirect, which is never followed: it would carry the
// credentials elsewhere.
func redirected(h http.Header) *sdk.Error {
	if strings.Contains(strings.ToLower(h.Get("Location")), "genericerrorpage") {
		return sdk.CodeUnavailable.New("the server shows its error page").WithAdvice("%s", waitAdvice)
	}
	return sdk.CodeBadAnswer.New("the server leads elsewhere instead of answering").WithAdvice("%s", notEWSAdvice)
}

var schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

// Schemes are the authentication schemes that a 401 lists.
func Schemes(h http.Header) []string {
	var schemes []string
	for _, v := range h.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(v), " ")
		if schemeForm.MatchString(scheme) && !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	return schemes
}

// explain explains a 401 to a request with those headers: either the server does not
// offer the scheme at all (auth-7), or it refuses the credentials.
func (a Authorization) explain(sent, answer http.Header) *sdk.Error {
	if a.Refused != nil {
		a.Refused(sent, answer)
	}
	if err := a.Takes(Schemes(answer)); err != nil {
		return err
	}
	refused := sdk.CodeCredentials.New("the server refused the user name and password").WithDetail("HTTP 401")
	if a.Scheme == "NTLM" {
		return refused.WithAdvice(`check username (DOMAIN\user or user@domain) and password, and that the account is neither locked nor expired; if they are right, the server may demand Extended Protection while something in front of it ends TLS with another certificate: pass TLS through to Exchange or use Exchange's own certificate there, or set Extended Protection of the EWS site to Allow and channel_binding = false, or auth = "basic"`)
	}
	return refused.WithAdvice(`check username (DOMAIN\user or user@domain) and password, and that the account is neither locked nor expired`)
}

// switches are the settings of the EWS site that turn a scheme on, and ours are the
// settings of the plugin that use it.
var (
	switches = map[string]string{"basic": "BasicAuthentication", "ntlm": "WindowsAuthentication", "bearer": "OAuthAuthentication"}
	ours     = map[string]string{"basic": "basic", "ntlm": "ntlm", "negotiate": "ntlm"}
)

// turnOn says how to come by a scheme that a server does not offer, or by another.
func turnOn(scheme string, offered []string) string {
	advice := "turn " + scheme + " authentication on for the EWS site"
	if s := switches[strings.ToLower(scheme)]; s != "" {
		advice += " (Set-WebServicesVirtualDirectory -" + s + " $true)"
	}
	for _, o := range offered {
		if ours[strings.ToLower(o)] != "" {
			return advice + ", or set auth = \"" + ours[strings.ToLower(o)] + "\""
		}
	}
	return advice
}

// unreachable turns a request without an answer into an error. A write whose answer
// was lost may have happened.
func unreachable(err error, write bool) *sdk.Error {
	var sent *transport.Error
	var handshake *ntlm.Error
	switch {
	case !errors.As(err, &sent):
		return sdk.CodeInternal.Wrap(err, "the request could not be sent")
	case errors.As(err, &handshake):
		return sdk.CodeMethodNotOffered.Wrap(err, "the sign-in with NTLM to %s broke off: %s", sent.Host, handshake.Reason).
			WithAdvice("let proxies and load balancers pass the connection through whole (TCP, or with connection affinity for NTLM); or set auth = \"basic\"").
			WithDetail("NTLM")
	}
	if write && sent.MaybeDone() {
		return sdk.CodeOutcomeUnknown.Wrap(err, "the answer of %s was lost", sent.Host).
			WithAdvice("nothing: the gateway finds out by itself whether it happened").WithDetail(string(sent.Kind))
	}
	switch sent.Kind {
	case transport.Resolve:
		return sdk.CodeUnavailable.Wrap(err, "the name of %s is not known", sent.Host).
			WithAdvice("check url, and the name servers of the gateway's machine").WithDetail(string(sent.Kind))
	case transport.Connect:
		return sdk.CodeUnavailable.Wrap(err, "%s accepts no connection", sent.Host).
			WithAdvice("check url, the firewall and the proxy").WithDetail(string(sent.Kind))
	case transport.TLS:
		return sdk.CodeUnavailable.Wrap(err, "the certificate of %s is not trusted", sent.Host).
			WithAdvice("set ca_file to the authority that signed it, and url to a name it was made for").WithDetail(string(sent.Kind))
	case transport.TooLarge:
		return sdk.CodeBadAnswer.Wrap(err, "the answer of %s is too large", sent.Host).
			WithAdvice("%s", notEWSAdvice).WithDetail(string(sent.Kind))
	case transport.Invalid:
		return sdk.CodeInternal.Wrap(err, "the request could not be built")
	}
	return sdk.CodeUnavailable.Wrap(err, "no answer from %s", sent.Host).
		WithAdvice("nothing at first: it is tried again by itself; if it stays so, check the server, and the proxy or firewall on the way to it").
		WithDetail(string(sent.Kind))
}
