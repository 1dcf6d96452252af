package ews

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
		return sdk.CodeBadAnswer.New("the server answered something that is not Exchange Web Services").
			WithAdvice("%s", notEWSAdvice)
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
		return sdk.CodeThrottled.New("the server asks to wait").WithRetryAfter(wait).WithDetail(detail)
	case s >= 500:
		return sdk.CodeUnavailable.New("the server is failing or overloaded").WithRetryAfter(wait).WithDetail(detail)
	}
	return sdk.CodeBadAnswer.New("the server refused the request").WithAdvice("%s", notEWSAdvice).WithDetail(detail)
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
		return sdk.CodeUnavailable.New("the server shows its error page")
	}
	return sdk.CodeBadAnswer.New("the server leads elsewhere instead of answering").WithAdvice("%s", notEWSAdvice)
}

var schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

// offered are the authentication schemes that a 401 lists.
func offered(h http.Header) []string {
	var schemes []string
	for _, v := range h.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(v), " ")
		if schemeForm.MatchString(scheme) && !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	return schemes
}

// unauthorized explains a 401: either the server does not offer the scheme at all
// (auth-7), or it refuses the credentials.
func unauthorized(h http.Header, scheme string) *sdk.Error {
	schemes := offered(h)
	known := slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
	if len(schemes) > 0 && !known {
		return sdk.CodeMethodNotOffered.New("the server offers %s, but not %s", strings.Join(schemes, ", "), scheme).
			WithAdvice("turn %s authentication on for the EWS site (Set-WebServicesVirtualDirectory -BasicAuthentication $true), or set auth to one of those offered", scheme).
			WithDetail("HTTP 401")
	}
	return sdk.CodeCredentials.New("the server refused the user name and password").
		WithAdvice(`check username (DOMAIN\user or user@domain) and password, and that the account is neither locked nor expired`).
		WithDetail("HTTP 401")
}

// unreachable turns a request without an answer into an error. A write whose answer
// was lost may have happened.
func unreachable(err error, write bool) *sdk.Error {
	var sent *transport.Error
	if !errors.As(err, &sent) {
		return sdk.CodeInternal.Wrap(err, "the request could not be sent")
	}
	if write && sent.MaybeDone() {
		return sdk.CodeOutcomeUnknown.Wrap(err, "the answer of %s was lost", sent.Host).WithDetail(string(sent.Kind))
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
		return sdk.CodeBadAnswer.Wrap(err, "the answer of %s is too large", sent.Host).WithDetail(string(sent.Kind))
	case transport.Invalid:
		return sdk.CodeInternal.Wrap(err, "the request could not be built")
	}
	return sdk.CodeUnavailable.Wrap(err, "no answer from %s", sent.Host).WithDetail(string(sent.Kind))
}
