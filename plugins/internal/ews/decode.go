package ews

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Answers are decoded by local name: tags below have no prefixes and no order,
// because servers differ in both.

// answer is a SOAP message from the server whose messages are of type M.
type answer[M message] struct {
	XMLName xml.Name      `xml:"Envelope"`
	Version ServerVersion `xml:"Header>ServerVersionInfo"`
	Body    *struct {
		Fault    *fault `xml:"Fault"`
		Response *struct {
			XMLName  xml.Name
			Messages *struct {
				List []M `xml:",any"`
			} `xml:"ResponseMessages"`
		} `xml:",any"`
	} `xml:"Body"`
}

// ServerVersion is what the server says of itself: 15.1 is Exchange 2016, 15.2 is
// 2019 and the Subscription Edition, 15.20 is Exchange Online.
type ServerVersion struct {
	Major int `xml:"MajorVersion,attr"`
	Minor int `xml:"MinorVersion,attr"`
	Build int `xml:"MajorBuildNumber,attr"`
	// Date is the server's clock as it answered, zero where it did not say.
	Date time.Time `xml:"-"`
}

// String writes the version as in "15.2.2562".
func (v ServerVersion) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Build)
}

// fault is a request refused as a whole.
type fault struct {
	Code   string `xml:"faultcode"`
	Detail struct {
		ResponseCode string   `xml:"ResponseCode"`
		Values       []xvalue `xml:"MessageXml>Value"`
	} `xml:"detail"`
}

// xvalue is one of the values a refusal explains itself with.
type xvalue struct {
	Name string `xml:"Name,attr"`
	Text string `xml:",chardata"`
}

// Status is what each response message says of its own success.
type Status struct {
	Class  string   `xml:"ResponseClass,attr"`
	Code   string   `xml:"ResponseCode"`
	Values []xvalue `xml:"MessageXml>Value"`
}

func (s Status) outcome() Status { return s }

// message is a response message, whatever else it holds.
type message interface{ outcome() Status }

// errDTD: the answer brings a document type definition, which EWS never does.
var errDTD = errors.New("the answer holds a document type definition")

// noDTD passes on tokens, and refuses a document type definition.
type noDTD struct{ next *xml.Decoder }

// Token returns the next token.
func (r noDTD) Token() (xml.Token, error) {
	t, err := r.next.Token()
	if _, directive := t.(xml.Directive); directive {
		return nil, errDTD
	}
	return t, err
}

// maxElements bounds an answer's elements: an empty one has four bytes on the wire and
// some hundred in memory. The largest real answer, a view of a thousand items, has a third
// of it.
const maxElements = 100_000

var errElements = errors.New("the answer has too many elements")

// counted passes on tokens of an answer as long as it is not too large.
type counted struct {
	next xml.TokenReader
	left int
}

// Token returns the next token.
func (c *counted) Token() (xml.Token, error) {
	t, err := c.next.Token()
	if _, start := t.(xml.StartElement); start {
		if c.left--; c.left < 0 {
			return nil, errElements
		}
	}
	return t, err
}

// decode reads a SOAP message.
func decode(body []byte, into any) error {
	inner := xml.NewDecoder(bytes.NewReader(tolerable(body)))
	dec := xml.NewTokenDecoder(&counted{next: noDTD{inner}, left: maxElements})
	if err := dec.Decode(into); err != nil {
		return err
	}
	// The whole body must be well formed: what ends early or goes on was damaged on
	// its way.
	for {
		t, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if _, start := t.(xml.StartElement); start {
			return errors.New("the answer goes on after its end")
		}
	}
}

// tolerable drops the characters XML 1.0 does not have: Exchange passes on what
// some client once put into a subject, raw or as a reference.
func tolerable(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	body = bytes.Map(func(r rune) rune {
		if legalRune(r) {
			return r
		}
		return -1
	}, body)
	kept := body[:0] // what is kept never overtakes what is read
	for {
		at := bytes.Index(body, []byte("&#"))
		if at < 0 {
			return append(kept, body...)
		}
		size, legal := reference(body[at:])
		if !legal {
			kept = append(kept, body[:at]...)
		} else {
			kept = append(kept, body[:at+size]...)
		}
		body = body[at+size:]
	}
}

// maxReference is the length of the longest reference that is looked at.
const maxReference = len("&#1234567890;")

// reference reads the character reference that b begins with: its size, and whether XML
// has the character. What is none is left to the decoder.
func reference(b []byte) (size int, legal bool) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 0 {
		return len("&#"), true
	}
	digits, base := string(b[2:end]), 10
	if hex := strings.TrimLeft(digits, "xX"); len(hex) == len(digits)-1 {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil || strings.ContainsAny(digits, "+-_") {
		return len("&#"), true
	}
	return end + 1, n <= utf8.MaxRune && legalRune(rune(n))
}

// moment is a point in time as EWS writes it: with Z or an offset. One without
// either is taken as UTC, the zone of requests that name none.
type moment struct{ time.Time }

// UnmarshalText reads xs:dateTime.
func (m *moment) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return errors.New("not a point in time")
}
