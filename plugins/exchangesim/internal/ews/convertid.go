package ews

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// idFormats write the bytes of an id in each of ConvertId's formats; EwsId is the
// form that all other operations use.
var idFormats = map[string]struct {
	encode func([]byte) string
	decode func(string) ([]byte, error)
}{
	"EwsId":       {base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString},
	"EwsLegacyId": {base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString},
	"OwaId": {
		func(b []byte) string { return url.QueryEscape(base64.StdEncoding.EncodeToString(b)) },
		func(s string) ([]byte, error) {
			plain, err := url.QueryUnescape(s)
			if err != nil {
				return nil, err
			}
			return base64.StdEncoding.DecodeString(plain)
		},
	},
	"EntryId": {entryID(base64.StdEncoding.EncodeToString), entryBytes(base64.StdEncoding.DecodeString)},
	"StoreId": {entryID(base64.StdEncoding.EncodeToString), entryBytes(base64.StdEncoding.DecodeString)},
	"HexEntryId": {
		entryID(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }),
		entryBytes(hex.DecodeString),
	},
}

// entryID writes the store's own form of an id: without the head that EWS puts before it.
func entryID(encode func([]byte) string) func([]byte) string {
	return func(b []byte) string { return encode(b[len(idHead):]) }
}

func entryBytes(decode func(string) ([]byte, error)) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) {
		b, err := decode(s)
		return append(append([]byte{}, idHead...), b...), err
	}
}

func convertID(c *call, e *element) *node {
	to := e.attr("DestinationFormat")
	return c.batch("ConvertId", e.first("SourceIds"), "", func(source *element) ([]*node, *failure) {
		if source.name != "AlternateId" {
			return nil, fail("ErrorUnsupportedTypeForConversion", "This server has no public folders.")
		}
		content, err := idFormats[source.attr("Format")].decode(source.attr("Id"))
		if err != nil || !genuine(base64.StdEncoding.EncodeToString(content)) {
			return nil, errIDMalformed
		}
		if _, err := c.world.Mailbox(source.attr("Mailbox")); err != nil {
			return nil, errNoMailbox
		}
		id := el("m:AlternateId").with("xsi:type", "t:AlternateIdType").with("Format", to).
			with("Id", idFormats[to].encode(content)).with("Mailbox", source.attr("Mailbox"))
		return []*node{id}, nil
	})
}

// genuine reports whether an id in EWS's own form came from this server.
func genuine(id string) bool {
	_, item := parseItemID(id)
	_, folder := parseFolderID(id)
	return item == nil || folder == nil
}
