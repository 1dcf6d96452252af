package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// RoundTripper adapts the client for libraries that take an *http.Client, such as
// oauth2: their requests get the same limits, repetition and spans. Every request
// is sent with meta.
func (c *Client) RoundTripper(meta Meta) http.RoundTripper { return adapter{c, meta} }

type adapter struct {
	client *Client
	meta   Meta
}

// maxRequestBody bounds what the adapter keeps for repetition.
const maxRequestBody = 1 << 20

// RoundTrip sends r through the client.
func (a adapter) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1)); err != nil {
			return nil, &Error{Kind: Invalid, Host: r.URL.Host, cause: err}
		}
		if len(body) > maxRequestBody {
			return nil, &Error{Kind: Invalid, Host: r.URL.Host, cause: errors.New("the body is too large to be sent twice")}
		}
	}
	resp, err := a.client.Do(r.Context(), Request{
		Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: body,
	}, a.meta)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:     strconv.Itoa(resp.Status) + " " + http.StatusText(resp.Status),
		StatusCode: resp.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        resp.Header,
		Body:          io.NopCloser(bytes.NewReader(resp.Body)),
		ContentLength: int64(len(resp.Body)),
		Request:       r,
	}, nil
}
