package ews

// code is an EWS response code, as the schema's ResponseCodeType lists them.
type code string

// failure is why an operation, or one of its items, did not succeed. It becomes a
// SOAP fault when the whole request failed, else one response message.
type failure struct {
	code code
	text string
	// values go into MessageXml as t:Value elements.
	values []attribute
	// violation is set for ErrorSchemaValidation: where the schema was broken.
	violation *violation
}

type violation struct{ line, column int }

func fail(c code, text string) *failure { return &failure{code: c, text: text} }

func (f *failure) Error() string { return string(f.code) + ": " + f.text }

// messageXML is what Exchange adds for machines, nil when there is nothing to add.
func (f *failure) messageXML(name string) *node {
	n := el(name)
	if f.violation != nil {
		n.add(intEl("t:LineNumber", f.violation.line), intEl("t:LinePosition", f.violation.column),
			textEl("t:Violation", f.text))
	}
	for _, v := range f.values {
		n.add(textEl("t:Value", v.value).with("Name", v.name))
	}
	if len(n.nodes) == 0 {
		return nil
	}
	return n
}

// stops reports whether Exchange gives up the rest of the batch after this code,
// because every further item would meet the same.
func (c code) stops() bool {
	switch c {
	case "ErrorAccessDenied", "ErrorAccountDisabled", "ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress",
		"ErrorQuotaExceeded", "ErrorPasswordExpired", "ErrorInsufficientResources", "ErrorServerBusy":
		return true
	default:
		return false
	}
}

// errSchema is a request that Exchange's own schema validation refuses.
func errSchema(e *element, text string) *failure {
	return &failure{
		code: "ErrorSchemaValidation", text: text,
		violation: &violation{line: e.line, column: e.column},
	}
}

var (
	errItemNotFound   = fail("ErrorItemNotFound", "The specified object was not found in the store.")
	errFolderNotFound = fail("ErrorFolderNotFound", "The specified folder could not be found in the store.")
	errAccessDenied   = fail("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
	errNoMailbox      = fail("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
	errIDMalformed    = fail("ErrorInvalidIdMalformed", "Id is malformed.")
	errStopped        = fail("ErrorBatchProcessingStopped", "Processing of the batch was stopped because of a fatal error.")
	errSyncState      = fail("ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid.")
)

// faultNode is a SOAP 1.1 fault as Exchange writes one; it goes out with HTTP 500.
func faultNode(f *failure) *node {
	detail := el("detail", textEl("e:ResponseCode", string(f.code)), textEl("e:Message", f.text), f.messageXML("t:MessageXml"))
	return el("s:Fault",
		textEl("faultcode", "a:"+string(f.code)).with("xmlns:a", nsTypes),
		textEl("faultstring", f.text).with("xml:lang", "en-US"),
		detail)
}

// success is the response message of an item that went well.
func success(name string, content ...*node) *node {
	return el(name, textEl("m:ResponseCode", "NoError")).with("ResponseClass", "Success").add(content...)
}

// failed is the response message of an item that did not: only those that a batch
// left untouched are a warning.
func failed(name string, f *failure, content ...*node) *node {
	class := "Error"
	if f.code == errStopped.code {
		class = "Warning"
	}
	return el(name, textEl("m:MessageText", f.text), textEl("m:ResponseCode", string(f.code)),
		intEl("m:DescriptiveLinkKey", 0), f.messageXML("m:MessageXml")).with("ResponseClass", class).add(content...)
}
