package calendar

import (
	"strings"
	"unicode/utf8"
)

// Cut shortens s to at most limit bytes without splitting a character. Bytes
// that are not UTF-8 are replaced first.
func Cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// WithoutText returns the item as a block of time: no subject, location or body.
func (i Item) WithoutText() Item {
	i.Subject, i.Location, i.Body = "", "", ""
	return i
}
