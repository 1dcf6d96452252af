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

// openEnvelope reads a SOAP message. Its failures are SOAP faults.
func openEnvelope(body []byte) (*envelope, *failure) {
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
	return e, e.readHeader(root.first("Header"))
}

func (e *envelope) readHeader(header *element) *failure {
	e.version = oldestVersion
	if v := header.first("RequestServerVersion"); v != nil {
		known := slices.Index(versions, v.attr("Version"))
		if known < 0 {
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

// version is the schema version a client asks for, as an index into versions.
type version int

// versions are the values this server understands, oldest first. A client that
// asks for anything else is told ErrorInvalidServerVersion and steps down.
var versions = []string{
	"Exchange2007", "Exchange2007_SP1", "Exchange2009", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
	"Exchange2012", "Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016",
	"V2015_10_05", "V2016_01_06", "V2016_04_13", "V2016_07_13", "V2016_10_10", "V2017_01_07", "V2017_04_14", "V2017_07_11",
}

// oldestVersion holds for requests without RequestServerVersion.
const oldestVersion version = 0

// versionOf is a version by its name, which must be in versions.
func versionOf(name string) version { return version(slices.Index(versions, name)) }

// Build is the version a server reports about itself.
type Build struct {
	Major, Minor, Build, Revision int
	// Version is the newest schema the server speaks, for example V2017_07_11.
	Version string
}

// BuildOnPremises is an Exchange Server 2019 or Subscription Edition, BuildOnline an Exchange Online.
var (
	BuildOnPremises = Build{Major: 15, Minor: 2, Build: 2562, Revision: 17, Version: "V2017_07_11"}
	BuildOnline     = Build{Major: 15, Minor: 20, Build: 9253, Revision: 18, Version: "V2018_01_08"}
)

func (b Build) node() *node {
	return el("t:ServerVersionInfo").
		with("MajorVersion", fmt.Sprint(b.Major)).with("MinorVersion", fmt.Sprint(b.Minor)).
		with("MajorBuildNumber", fmt.Sprint(b.Build)).with("MinorBuildNumber", fmt.Sprint(b.Revision)).
		with("Version", b.Version)
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
