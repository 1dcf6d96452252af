package ews

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// node is one element of an answer. Its name carries the prefix: "m:" for
// messages, "t:" for types, "e:" for errors, none for the parts of a SOAP fault.
type node struct {
	name  string
	attrs []attribute
	text  string
	nodes []*node
}

type attribute struct{ name, value string }

// el makes an element with children; nil children are left out.
func el(name string, nodes ...*node) *node {
	n := &node{name: name}
	return n.add(nodes...)
}

// textEl makes an element with text.
func textEl(name, text string) *node { return &node{name: name, text: text} }

// boolEl makes an element with "true" or "false"; clients may send 1 and 0, Exchange never does.
func boolEl(name string, v bool) *node { return textEl(name, strconv.FormatBool(v)) }

func intEl(name string, v int) *node { return textEl(name, strconv.Itoa(v)) }

func (n *node) add(nodes ...*node) *node {
	for _, c := range nodes {
		if c != nil {
			n.nodes = append(n.nodes, c)
		}
	}
	return n
}

// with adds an attribute.
func (n *node) with(name, value string) *node {
	n.attrs = append(n.attrs, attribute{name, value})
	return n
}

// inOrder sorts the children by the schema's sequence, which is given by local
// names. Children of the same name keep their order.
func (n *node) inOrder(sequence map[string]int) *node {
	slices.SortStableFunc(n.nodes, func(a, b *node) int {
		return sequence[localName(a.name)] - sequence[localName(b.name)]
	})
	return n
}

func localName(name string) string {
	for i := range len(name) {
		if name[i] == ':' {
			return name[i+1:]
		}
	}
	return name
}

func (n *node) write(w *bytes.Buffer) {
	w.WriteByte('<')
	w.WriteString(n.name)
	for _, a := range n.attrs {
		w.WriteByte(' ')
		w.WriteString(a.name)
		w.WriteString(`="`)
		escape(w, a.value)
		w.WriteByte('"')
	}
	if n.text == "" && len(n.nodes) == 0 {
		w.WriteString("/>")
		return
	}
	w.WriteByte('>')
	escape(w, n.text)
	for _, c := range n.nodes {
		c.write(w)
	}
	w.WriteString("</")
	w.WriteString(n.name)
	w.WriteByte('>')
}

// escape writes text for content and attributes. Characters that XML 1.0 cannot
// hold go out as references, which is not well-formed: Exchange does exactly that
// with control characters that came in by another protocol, and clients must cope.
func escape(w *bytes.Buffer, s string) {
	for _, r := range s {
		switch {
		case r == '<':
			w.WriteString("&lt;")
		case r == '>':
			w.WriteString("&gt;")
		case r == '&':
			w.WriteString("&amp;")
		case r == '"':
			w.WriteString("&quot;")
		case r == '\r' || r == '\n' || r == '\t' || !inXML(r):
			fmt.Fprintf(w, "&#x%X;", r)
		default:
			w.WriteRune(r)
		}
	}
}

// inXML reports whether XML 1.0 allows the character (XML 1.0, production 2).
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
