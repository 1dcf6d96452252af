package ews

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// serverVersion selects the schema. Exchange2013_SP1 is understood by every server
// from 2013 on; without a version a server acts as in 2007, which knows no
// StartTimeZone.
const serverVersion = "Exchange2013_SP1"

// Namespaces of EWS and SOAP 1.1. The one of SOAP is http: a server refuses the
// https form that some of Microsoft's pages print.
const (
	soapNS     = "http://schemas.xmlsoap.org/soap/envelope/"
	messagesNS = "http://schemas.microsoft.com/exchange/services/2006/messages"
	typesNS    = "http://schemas.microsoft.com/exchange/services/2006/types"
)

// request is the body of one operation.
type request interface {
	// operation is the operation's name, as in "FindItem".
	operation() string
}

// envelope is a SOAP message to the server.
type envelope struct {
	XMLName  xml.Name `xml:"s:Envelope"`
	SOAP     string   `xml:"xmlns:s,attr"`
	Messages string   `xml:"xmlns:m,attr"`
	Types    string   `xml:"xmlns:t,attr"`
	Header   header   `xml:"s:Header"`
	Body     wrapped  `xml:"s:Body"`
}

type header struct {
	Version       version        `xml:"t:RequestServerVersion"`
	Impersonation *impersonation `xml:"t:ExchangeImpersonation"`
}

// impersonation names the one user whom the account acts as, by the primary address.
type impersonation struct {
	Address string `xml:"t:ConnectingSID>t:PrimarySmtpAddress"`
}

type version struct {
	Version string `xml:"Version,attr"`
}

// wrapped puts a request inside the body; the request names its own element.
type wrapped struct {
	Request request
}

// encode writes a request; with user set, it is made in that user's place.
func encode(req request, user string) ([]byte, error) {
	var out bytes.Buffer
	head := header{Version: version{Version: serverVersion}}
	if user != "" {
		head.Impersonation = &impersonation{Address: legal(user)}
	}
	out.WriteString(xml.Header)
	err := xml.NewEncoder(&out).Encode(envelope{
		SOAP: soapNS, Messages: messagesNS, Types: typesNS,
		Header: head,
		Body:   wrapped{Request: req},
	})
	if err != nil {
		return nil, fmt.Errorf("write the %s request: %w", req.operation(), err)
	}
	return out.Bytes(), nil
}

// legal drops what XML 1.0 cannot carry: Exchange answers such a character with a
// schema violation of the whole request.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		if legalRune(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// legalRune reports whether XML 1.0 has the character (production Char).
func legalRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
