package wire

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// maxTextBytes is the longest text for people that crosses.
const maxTextBytes = 2 << 10

// CutText bounds a text for people.
func CutText(s string) string { return calendar.Cut(s, maxTextBytes) }

var (
	urls   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	tokens = regexp.MustCompile(`\beyJ[\w-]{8,}(\.[\w-]*)*|(?i:\b(bearer|basic|negotiate)\s+[\w+/=.-]{8,})`)
	// schemes are the words of a sentence about authentication, not its secrets.
	schemes = regexp.MustCompile(`(?i)^\S+\s+(authentication|authorization|credentials|challenges?)[.]?$`)
)

// Scrub bounds a text of a plugin and takes out what must not reach a log: the
// query, user and fragment of URLs, a URL's path that holds an address, and what
// looks like a token. Control characters, with which it could steer a terminal, become
// spaces; lines stay lines.
func Scrub(s string) string {
	s = strings.Map(printable, CutText(s))
	s = tokens.ReplaceAllStringFunc(s, scrubToken)
	return urls.ReplaceAllStringFunc(s, scrubURL)
}

func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' {
		return ' '
	}
	return r
}

func scrubToken(found string) string {
	if schemes.MatchString(found) {
		return found
	}
	return "(token)"
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
