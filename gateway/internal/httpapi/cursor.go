package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// cursor continues a list where a page ended. It is opaque to clients: what is in it may
// change with every release.
type cursor []string

// String is the form in answers; empty for the end of a list.
func (c cursor) String() string {
	if len(c) == 0 {
		return ""
	}
	text, _ := json.Marshal([]string(c)) // strings can always be written
	return base64.RawURLEncoding.EncodeToString(text)
}

// maxCursor bounds a cursor in a request.
const maxCursor = 2048

// readCursor reads a cursor of so many parts; nil for the start of a list.
func readCursor(text string, parts int) (cursor, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var c cursor
	if err != nil || len(text) > maxCursor || json.Unmarshal(raw, (*[]string)(&c)) != nil || len(c) != parts {
		return nil, problem(http.StatusUnprocessableEntity, "Take the cursor from \"next\" of the page before, as it is.").add("query.after", "is no cursor of this list")
	}
	return c, nil
}

// Page is how lists are asked for.
type Page struct {
	After string `query:"after" doc:"Where to go on: the next of the page before." maxLength:"2048"`
	Limit int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"500" default:"100"`
}

// pageOf is the first page of a list, never nil, and the cursor that goes on after it;
// empty on the last one.
func pageOf[T any](all []T, limit int, place func(T) cursor) (page []T, next string) {
	if len(all) > limit {
		next = place(all[limit-1]).String()
	}
	return append([]T{}, all[:min(limit, len(all))]...), next
}
