package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// node is a value of an import file with its place. value is nil, bool, string,
// json.Number, []node or map[string]node.
type node struct {
	at    pos
	path  string
	value any
	// cell: it comes from a table, where everything is text.
	cell bool
}

// maxDepth is deeper than any object of the platform goes.
const maxDepth = 16

// json reads an object with the lists "courses" and "unavailability", and
// optionally the "provider" of all that name none themselves.
func (d *decoder) json() {
	var whole json.RawMessage
	if err := json.Unmarshal(d.current.Data, &whole); err != nil {
		d.syntax(err)
		return
	}
	lists, err := d.jsonLists()
	if err != nil {
		d.report(pos{}, "", "%v", err)
		return
	}
	if at, ok := lists["courses"]; ok {
		d.jsonList("courses", at, d.coursesOf, d.course)
	}
	if at, ok := lists["unavailability"]; ok {
		d.jsonList("unavailability", at, d.unavailabilityOf, d.unavailable)
	}
}

// syntax reports what is not JSON.
func (d *decoder) syntax(err error) {
	at := pos{}
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		at.offset = max(int(bad.Offset)-1, 0)
	}
	d.report(at, "", "not JSON: %v", err)
}

// jsonLists finds where in the file each list starts, and reads the provider.
func (d *decoder) jsonLists() (map[string]int, error) {
	dec := json.NewDecoder(bytes.NewReader(d.current.Data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New(`want an object with the lists "courses" and "unavailability"`)
	}
	lists := map[string]int{}
	for dec.More() {
		start := d.skip(int(dec.InputOffset()))
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		at := d.skip(int(dec.InputOffset()))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		d.jsonMember(lists, fmt.Sprint(name), pos{offset: start}, at, value)
	}
	return lists, nil
}

func (d *decoder) jsonMember(lists map[string]int, name string, start pos, at int, value json.RawMessage) {
	switch _, again := lists[name]; {
	case again:
		d.report(start, name, "the name came before in the same object")
	case name == "courses" || name == "unavailability":
		lists[name] = at
	case name == "provider":
		if json.Unmarshal(value, &d.provider) != nil || d.provider == "" {
			d.report(pos{offset: at}, name, "want the name of a provider")
			return
		}
		d.knownProvider(d.provider, pos{offset: at}, name)
	default:
		d.report(start, name, "unknown name.%s Want courses, unavailability or provider.",
			suggest(name, []string{"courses", "unavailability", "provider"}))
	}
}

// jsonList reads the list that starts at an offset, an element at a time.
func (d *decoder) jsonList(name string, start int, spokenFor map[string]bool, each func(node)) {
	dec := json.NewDecoder(bytes.NewReader(d.current.Data[start:]))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		d.report(pos{offset: start}, name, "want a list")
		return
	}
	if d.provider != "" {
		spokenFor[d.provider] = true
	}
	tree := jsonTree{decoder: d, dec: dec, start: start}
	for i := 0; dec.More(); i++ {
		n, err := tree.read(name+"["+strconv.Itoa(i)+"]", 0)
		if err != nil {
			d.report(n.at, n.path, "%v", err)
			return
		}
		each(n)
	}
}

// skip returns the offset of the next value at or after offset.
func (d *decoder) skip(offset int) int {
	data := d.current.Data
	for offset < len(data) && bytes.IndexByte([]byte(" \t\r\n,:"), data[offset]) >= 0 {
		offset++
	}
	return offset
}

// jsonTree reads values with their places.
type jsonTree struct {
	*decoder
	dec *json.Decoder
	// start is where in the file the decoder began.
	start int
}

func (t jsonTree) read(path string, depth int) (node, error) {
	n := node{at: pos{offset: t.skip(t.start + int(t.dec.InputOffset()))}, path: path}
	if depth > maxDepth {
		return n, errors.New("nested too deeply")
	}
	token, err := t.dec.Token()
	if err != nil {
		return n, err
	}
	switch token {
	case json.Delim('['):
		n.value, err = t.list(path, depth)
	case json.Delim('{'):
		n.value, err = t.object(path, depth)
	default:
		n.value = token
	}
	return n, err
}

func (t jsonTree) list(path string, depth int) ([]node, error) {
	all := []node{}
	for t.dec.More() {
		n, err := t.read(path+"["+strconv.Itoa(len(all))+"]", depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	_, err := t.dec.Token()
	return all, err
}

func (t jsonTree) object(path string, depth int) (map[string]node, error) {
	all := map[string]node{}
	for t.dec.More() {
		at := pos{offset: t.skip(t.start + int(t.dec.InputOffset()))}
		name, err := t.dec.Token()
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(name)
		n, err := t.read(path+"."+key, depth+1)
		if err != nil {
			return nil, err
		}
		if _, again := all[key]; again {
			t.report(at, path+"."+key, "the name came before in the same object")
		}
		all[key] = n
	}
	_, err := t.dec.Token()
	return all, err
}
