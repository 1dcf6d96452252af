package ews

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of one request: a hostile message costs a refusal, not memory.
const (
	// maxRequestBytes is far below Exchange's 64 MB and far above any calendar batch.
	maxRequestBytes = 16 << 20
	maxDepth        = 64
	maxElements     = 500_000
)

// element is one element of a request. Elements are found by local name, never by
// position or prefix: foreign clients bind the namespaces to prefixes of their own.
type element struct {
	space, name string
	attrs       map[string]string
	text        []byte
	children    []*element
	// line and column are where the element began, for schema violations.
	line, column int
}

// first returns the first child of that name, or nil.
func (e *element) first(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// path follows first through several names.
func (e *element) path(names ...string) *element {
	for _, n := range names {
		e = e.first(n)
	}
	return e
}

// value returns the trimmed text of the first child of that name, empty if absent.
func (e *element) value(name string) string {
	return strings.TrimSpace(e.first(name).content())
}

func (e *element) content() string {
	if e == nil {
		return ""
	}
	return string(e.text)
}

// attr returns an attribute's value, empty if absent.
func (e *element) attr(name string) string {
	if e == nil {
		return ""
	}
	return e.attrs[name]
}

// elements returns the children, none for a missing element.
func (e *element) elements() []*element {
	if e == nil {
		return nil
	}
	return e.children
}

// parseXML reads one document into memory within the bounds above. Document type
// declarations are refused, so no entity can be defined.
func parseXML(body []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	r := &reader{decoder: d}
	for {
		line, column := d.InputPos()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return r.finish()
		}
		if err != nil {
			return nil, fmt.Errorf("the request is not well-formed XML: %w", err)
		}
		if err := r.take(token, line, column); err != nil {
			return nil, err
		}
	}
}

type reader struct {
	decoder *xml.Decoder
	root    *element
	open    []*element
	count   int
}

func (r *reader) take(token xml.Token, line, column int) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("document type declarations are not allowed in a request")
	case xml.StartElement:
		return r.start(t, line, column)
	case xml.EndElement:
		r.open = r.open[:len(r.open)-1]
	case xml.CharData:
		if n := len(r.open); n > 0 {
			r.open[n-1].text = append(r.open[n-1].text, t...)
		}
	}
	return nil
}

func (r *reader) start(t xml.StartElement, line, column int) error {
	if r.count++; r.count > maxElements || len(r.open) >= maxDepth {
		return errors.New("the request has too many or too deeply nested elements")
	}
	e := &element{space: t.Name.Space, name: t.Name.Local, line: line, column: column}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		if e.attrs == nil {
			e.attrs = make(map[string]string, len(t.Attr))
		}
		e.attrs[a.Name.Local] = a.Value
	}
	switch n := len(r.open); {
	case n > 0:
		r.open[n-1].children = append(r.open[n-1].children, e)
	case r.root != nil:
		return errors.New("the request has more than one root element")
	default:
		r.root = e
	}
	r.open = append(r.open, e)
	return nil
}

func (r *reader) finish() (*element, error) {
	if r.root == nil {
		return nil, errors.New("the request is empty")
	}
	return r.root, nil
}
