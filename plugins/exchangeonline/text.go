package exchangeonline

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// plainText is a body as the contract wants it. The server is asked for text; one
// that answers HTML all the same is read as text, not shown with its tags.
func (b *eventBody) plainText() string {
	text := b.Content
	if strings.EqualFold(b.ContentType, "html") {
		text = htmlText(text)
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return calendar.Cut(strings.Trim(text, " \t\n"), calendar.MaxBodyBytes)
}

// htmlText is the text of an HTML document: no markup, scripts or styles, a new
// line where a block begins or ends. White space of the source is one space.
func htmlText(source string) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(source))
	hidden := 0
	for {
		kind := tokens.Next()
		switch kind {
		case html.ErrorToken:
			return tidyLines(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.WriteString(oneLine(string(tokens.Text())))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, _ := tokens.TagName()
			hidden = max(0, hidden+hides(atom.Lookup(name), kind))
			b.WriteString(breakOf(atom.Lookup(name)))
		}
	}
}

// hides is how a tag changes the number of open elements whose text is not shown.
func hides(tag atom.Atom, kind html.TokenType) int {
	if tag != atom.Script && tag != atom.Style && tag != atom.Head && tag != atom.Title {
		return 0
	}
	switch kind {
	case html.StartTagToken:
		return 1
	case html.EndTagToken:
		return -1
	}
	return 0
}

func breakOf(tag atom.Atom) string {
	switch tag {
	case atom.Br, atom.P, atom.Div, atom.Tr, atom.Li, atom.Ul, atom.Ol, atom.Table,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre, atom.Blockquote:
		return "\n"
	case atom.Td, atom.Th:
		return " "
	}
	return ""
}

// oneLine makes every run of white space one space, as HTML means it.
func oneLine(s string) string {
	fields := strings.Join(strings.Fields(s), " ")
	if fields == "" {
		if s == "" {
			return ""
		}
		return " "
	}
	if strings.TrimLeft(s, " \t\r\n") != s {
		fields = " " + fields
	}
	if strings.TrimRight(s, " \t\r\n") != s {
		fields += " "
	}
	return fields
}

// tidyLines trims lines and leaves out empty ones.
func tidyLines(s string) string {
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
