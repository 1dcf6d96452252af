package ews

import (
	"bytes"
	"fmt"
	"slices"
)

// The namespaces of the wire. The SOAP one starts with http, whatever some of
// Microsoft's pages print.
const (
	nsSOAP     = "http://schemas.xmlsoap.org/soap/envelope/"
	nsMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
	nsTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
	nsErrors   = "http://schemas.microsoft.com/exchange/services/2006/errors"
	nsInstance = "http://www.w3.org/2001/XMLSchema-instance"
)

// envelope is a request's SOAP message, taken apart.
type envelope struct {
	version     version
	impersonate *element // ConnectingSID's only child, nil without impersonation
	zone        string   // Windows id of TimeZoneContext, empty without
	operation   *element
}

// openEnvelope reads a SOAP message to a server of that build. Its failures are SOAP
// faults.
func openEnvelope(body []byte, b Build) (*envelope, *failure) {
	root, err := parseXML(body)
	if err != nil {
		return nil, fail("ErrorSchemaValidation", err.Error())
	}
	if root.space != nsSOAP || root.name != "Envelope" {
		return nil, errSchema(root, "the root element is not a SOAP 1.1 envelope in namespace "+nsSOAP)
	}
	content := root.first("Body").elements()
	if len(content) != 1 {
		return nil, errSchema(root, "the SOAP body holds no operation")
	}
	if content[0].space != nsMessages {
		return nil, errSchema(content[0], fmt.Sprintf("the operation %q is not in namespace %s", content[0].name, nsMessages))
	}
	e := &envelope{operation: content[0]}
	return e, e.readHeader(root.first("Header"), b)
}

func (e *envelope) readHeader(header *element, b Build) *failure {
	e.version = oldestVersion
	if v := header.first("RequestServerVersion"); v != nil {
		known := slices.Index(versions, v.attr("Version"))
		if known < 0 || !b.takes(version(known)) {
			return fail("ErrorInvalidServerVersion", "The specified server version is invalid.")
		}
		e.version = version(known)
	}
	if zone := header.path("TimeZoneContext", "TimeZoneDefinition"); zone != nil {
		e.zone = zone.attr("Id")
	}
	if imp := header.first("ExchangeImpersonation"); imp != nil {
		sid := imp.first("ConnectingSID").elements()
		if len(sid) != 1 {
			return fail("ErrorInvalidExchangeImpersonationHeaderData", "The ExchangeImpersonation header names no single user.")
		}
		e.impersonate = sid[0]
	}
	return nil
}

// encodeEnvelope writes a SOAP message around an answer or a fault.
func encodeEnvelope(b Build, content *node) []byte {
	var w bytes.Buffer
	w.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	el("s:Envelope", el("s:Header", b.node()), el("s:Body", content)).
		with("xmlns:s", nsSOAP).with("xmlns:m", nsMessages).with("xmlns:t", nsTypes).with("xmlns:e", nsErrors).with("xmlns:xsi", nsInstance).
		write(&w)
	return w.Bytes()
}
