package wire

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// maxTextBytes is the longest text for people that crosses.
const maxTextBytes = 2 << 10

// CutText bounds a text for people.
func CutText(s string) string { return calendar.Cut(s, maxTextBytes) }

var (
	urls   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	tokens = regexp.MustCompile(`\beyJ[\w-]{8,}(\.[\w-]*)*|(?i:\b(bearer|basic|negotiate)\s+[\w+/=.-]{8,})`)
)

// Scrub bounds a text of a plugin and takes out what must not reach a log: the
// query, user and fragment of URLs, a URL's path that holds an address, and what
// looks like a token.
func Scrub(s string) string {
	s = tokens.ReplaceAllString(CutText(s), "(token)")
	return urls.ReplaceAllStringFunc(s, scrubURL)
}

func scrubURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(URL)"
	}
	shown := u.Scheme + "://" + u.Host
	if strings.ContainsAny(u.Path, "@ ") {
		return shown + "/…"
	}
	return shown + u.EscapedPath()
}
