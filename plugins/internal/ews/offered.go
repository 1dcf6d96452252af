package ews

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Offered asks the server which schemes it signs callers in by, over connections of
// plain's, which must not sign in by themselves. It sends no credentials, so it is no
// attempt to sign in. No schemes mean that the server asks for none.
func (c *Client) Offered(ctx context.Context, plain *transport.Client) ([]string, error) {
	shape := folderShape{BaseShape: "IdOnly", AdditionalProperties: properties{Fields: []fieldURI{{"folder:EffectiveRights"}}}}
	body, err := encode(getFolder{Shape: shape, IDs: []distinguishedFolder{calendarOf("")}}, "")
	if err != nil {
		return nil, sdk.CodeInternal.Wrap(err, "the request could not be written")
	}
	at, located := c.endpoint(ctx, "")
	if located != nil {
		return nil, located
	}
	resp, err := plain.Do(ctx, transport.Request{
		Method: http.MethodPost, URL: at.String(), Body: body,
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Accept": {"text/xml"}},
	}, transport.Meta{Operation: "ews GetFolder", Idempotent: true})
	if err != nil {
		return nil, unreachable(err, false)
	}
	if resp.Status == http.StatusUnauthorized {
		return Schemes(resp.Header), nil
	}
	var soap answer[Status]
	if decode(resp.Body, &soap) == nil && soap.Body != nil {
		return nil, nil
	}
	return nil, refusal(resp, c.opts.Now())
}

// Takes reports whether one of the schemes is one for these credentials; otherwise err
// says what is offered, and how to come by another.
func (a Authorization) Takes(schemes []string) *sdk.Error {
	mine := append([]string{a.Scheme}, a.Also...)
	known := slices.ContainsFunc(schemes, func(s string) bool {
		return slices.ContainsFunc(mine, func(m string) bool { return strings.EqualFold(s, m) })
	})
	if len(schemes) == 0 || known {
		return nil
	}
	return sdk.CodeMethodNotOffered.New("the server offers %s, but not %s", strings.Join(schemes, ", "), a.Scheme).
		WithAdvice("%s", turnOn(a.Scheme, schemes)).WithDetail("HTTP 401")
}
